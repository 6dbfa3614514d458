//! The run: what stays on the screen when it is over.

use super::look::{Colour, Look};
use super::scenario::{FEW, below, block, head};
use crate::outcome::Outcome;
use crate::run::{Run, Scenario};
use crate::{placebo, story, text, wording};

/// In the order in which totals name them.
const OUTCOMES: [Outcome; 9] = [
    Outcome::Passed,
    Outcome::Failed,
    Outcome::Inconclusive,
    Outcome::Vacuous,
    Outcome::Wrong,
    Outcome::Broken,
    Outcome::LeftBehind,
    Outcome::Unproven,
    Outcome::Skipped,
];

/// A run that was recorded: its scenarios in the order in which they began, then the run. What
/// ended it before its scenarios could say so is an error, which the program says apart.
#[must_use]
pub fn summary(run: &Run, look: Look) -> String {
    let mut lines = Vec::new();
    for scenario in &run.scenarios {
        if look.verbose {
            lines.push(head(scenario, run, look));
            let story = story::lines(scenario).into_iter();
            lines.extend(story.map(|line| format!("  {}", kept(&line))));
        } else {
            lines.extend(block(scenario, run, look));
        }
    }
    lines.extend(run.left_behind.iter().map(|what| look.left_behind(what)));
    lines.extend(end(run, look));
    lines.join("\n") + "\n"
}

/// The last lines of a run whose scenarios were shown as they ended: those that need a look, once
/// more if there were many since, and the run.
pub(super) fn closing(run: &Run, look: Look) -> Vec<String> {
    let few = run.total() <= FEW;
    let again = |scenario: &&Scenario| {
        let outcome = scenario.outcome();
        // The conclusion of a placebo run names what passed.
        let good = outcome == Outcome::Passed || placebo::good(outcome, run.placebo);
        scenario.finished.is_none() || !(good || few)
    };
    let mut lines = if few { Vec::new() } else { vec![String::new()] };
    for scenario in run.scenarios.iter().filter(again) {
        lines.push(head(scenario, run, look));
        lines.extend(below(scenario, run, look, few));
    }
    lines.extend(end(run, look));
    lines
}

/// The totals and the exit code.
fn end(run: &Run, look: Look) -> Vec<String> {
    let mut lines = vec![look.paint(Colour::Bold, &totals(run))];
    if run.placebo {
        lines.push(look.paint(Colour::Bold, &placebo::conclusion(run)));
    }
    match (&run.finished, run.meaning()) {
        (Some(end), Some(meaning)) => lines.push(format!("exit code {}: {meaning}", end.exit_code)),
        _ => lines.push(look.paint(Colour::Red, "the record stops before the run's end")),
    }
    lines
}

fn totals(run: &Run) -> String {
    let said = |outcome: &Outcome| {
        // Of these a placebo run's conclusion speaks, and they mean something else there.
        let decided = placebo::good(*outcome, true) || *outcome == Outcome::Passed;
        !(run.placebo && decided) && run.count(*outcome) > 0
    };
    let words = |outcome: Outcome| {
        format!("{} {}", wording::thousands(run.count(outcome)), wording::outcome(outcome))
    };
    let mut parts: Vec<String> = OUTCOMES.into_iter().filter(said).map(words).collect();
    let unseen = u64::from(run.planned).saturating_sub(run.scenarios.len() as u64);
    if unseen > 0 {
        parts.push(format!("{} not run", wording::thousands(unseen)));
    }
    let took = run.finished.as_ref().map_or(run.elapsed_ms, |end| end.took_ms);
    let of = wording::counted(run.total(), "scenario");
    let how = if run.placebo { " with every change withheld" } else { "" };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{of} in {}{how}{parts}", wording::duration(took))
}

/// Foreign text on its line with the indentation that is ours.
fn kept(line: &str) -> String {
    let indented = line.len() - line.trim_start_matches(' ').len();
    format!("{}{}", " ".repeat(indented), text::line(line))
}
