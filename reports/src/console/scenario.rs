//! A scenario that has ended: a line, and what a reader needs to know of it below.

use super::look::{Colour, Look};
use crate::outcome::Outcome;
use crate::run::{Claim, Run, Scenario, Step};
use crate::{placebo, text, wording};

/// Up to so many scenarios the numbers of those that passed are shown too: with the claims of a
/// feature they fill a screen, and whoever runs so few wants to see what was measured.
pub(super) const FEW: u64 = 5;

/// A scenario on a line, and what a reader needs to know of it below.
pub(super) fn block(scenario: &Scenario, run: &Run, look: Look) -> Vec<String> {
    let head = std::iter::once(head(scenario, run, look));
    head.chain(below(scenario, run, look, true)).collect()
}

/// What is said below a scenario; only what went wrong unless it is to be `whole`.
pub(super) fn below(scenario: &Scenario, run: &Run, look: Look, whole: bool) -> Vec<String> {
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
    lines.extend(scenario.unproven.iter().map(|what| format!("  {}", look.unproven(what))));
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
        look.paint(if good { Colour::Green } else { Colour::Red }, wording::outcome(outcome))
    } else {
        look.outcome(outcome)
    };
    let (title, place) = (text::line(&scenario.title()), text::line(&scenario.place()));
    format!("{word}: {title}  ({place}, {})", wording::duration(scenario.took_ms()))
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
