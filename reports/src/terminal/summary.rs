//! Scenarios that have ended, and the run: what stays on the screen when it is over.

use super::look::{Colour, Look};
use crate::run::{Claim, Run, Scenario, Step};
use crate::{Outcome, placebo, story, text};

/// Up to so many scenarios the numbers of those that passed are shown too: with the claims of a
/// feature they fill a screen, and whoever runs so few wants to see what was measured.
const FEW: u64 = 5;

/// In the order in which totals name them.
const OUTCOMES: [Outcome; 8] = [
    Outcome::Passed,
    Outcome::Failed,
    Outcome::Inconclusive,
    Outcome::Vacuous,
    Outcome::Wrong,
    Outcome::Broken,
    Outcome::LeftBehind,
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

/// A scenario on a line, and what a reader needs to know of it below.
pub(super) fn block(scenario: &Scenario, run: &Run, look: Look) -> Vec<String> {
    let head = std::iter::once(head(scenario, run, look));
    head.chain(below(scenario, run, look, true)).collect()
}

/// What is said below a scenario; only what went wrong unless it is to be `whole`.
fn below(scenario: &Scenario, run: &Run, look: Look, whole: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let outcome = scenario.outcome();
    if run.placebo && outcome == Outcome::Passed {
        lines.push("  - it passes without its fault, so it shows nothing".to_owned());
    }
    if run.placebo && placebo::good(outcome, true) {
        return lines;
    }
    let all = run.total() <= FEW;
    for step in &scenario.steps {
        lines.extend(reasons(scenario, step, all, whole));
    }
    lines.extend(scenario.left_behind.iter().map(|what| format!("  {}", look.left_behind(what))));
    if scenario.finished.is_none() {
        lines.push("  - did not end".to_owned());
    }
    lines
}

/// `passed: Fault injection: A delay …  (features/fault_injection.feature:27, 11.8 s)`.
pub(super) fn head(scenario: &Scenario, run: &Run, look: Look) -> String {
    let outcome = scenario.outcome();
    let word = if run.placebo {
        let good = placebo::good(outcome, true);
        look.paint(if good { Colour::Green } else { Colour::Red }, text::outcome(outcome))
    } else {
        look.outcome(outcome)
    };
    let (title, place) = (text::line(&scenario.title()), text::line(&scenario.place()));
    format!("{word}: {title}  ({place}, {})", text::duration(scenario.took_ms()))
}

/// What a step's error says; the claims of it that did not pass, or all of them, each once; and,
/// if it is to be `whole`, what to do next and where it was.
fn reasons(scenario: &Scenario, step: &Step, all: bool, whole: bool) -> Vec<String> {
    let shown = |claim: &&Claim| all || claim.outcome != Outcome::Passed;
    let claim = |claim: &Claim| {
        let mark = if claim.outcome == Outcome::Passed { "+" } else { "-" };
        format!("  {mark} {}", text::line(&claim.stated()))
    };
    let claims = step.claims.iter().filter(shown).map(claim);
    let (cause, more) = scenario.why(step);
    let mut lines: Vec<String> = Vec::new();
    lines.extend(cause.map(|cause| format!("  - {}", text::line(cause))));
    if cause.is_none() {
        lines.extend(claims.clone());
    }
    if whole {
        let more = more.map(text::block).unwrap_or_default();
        lines.extend(more.lines().map(|line| format!("    {}", text::line(line))));
        if cause.is_some() && !step.keyword.is_empty() {
            let sentence = text::line(&format!("{} {}", step.keyword, step.text));
            lines.push(format!("    at: {sentence}  (line {})", step.line));
        }
    }
    if cause.is_some() {
        lines.extend(claims);
    }
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
        format!("{} {}", text::thousands(run.count(outcome)), text::outcome(outcome))
    };
    let mut parts: Vec<String> = OUTCOMES.into_iter().filter(said).map(words).collect();
    let unseen = u64::from(run.planned).saturating_sub(run.scenarios.len() as u64);
    if unseen > 0 {
        parts.push(format!("{} not run", text::thousands(unseen)));
    }
    let took = run.finished.as_ref().map_or(run.elapsed_ms, |end| end.took_ms);
    let of = text::counted(run.total(), "scenario");
    let how = if run.placebo { " with every change withheld" } else { "" };
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{of} in {}{how}{parts}", text::duration(took))
}

/// Foreign text on its line with the indentation that is ours.
fn kept(line: &str) -> String {
    let indented = line.len() - line.trim_start_matches(' ').len();
    format!("{}{}", " ".repeat(indented), text::line(line))
}
