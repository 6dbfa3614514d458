//! A scenario told from its first step to its last, a line each: what the short reports leave out.

use crate::run::{Claim, Scenario, Step};
use crate::wording;

/// The steps with their outcomes and numbers, then the load and what was left behind. Foreign text
/// is in them as it came.
pub(crate) fn lines(scenario: &Scenario) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &scenario.steps {
        lines.push(step_line(step));
        lines.extend(step.changes.iter().map(|change| format!("    changed: {change}")));
        lines.extend(step.warnings.iter().map(|warning| format!("    warning: {warning}")));
        lines.extend(step.claims.iter().flat_map(claim_lines));
        let (cause, more) = scenario.why(step);
        lines.extend(cause.map(|cause| format!("    {cause}")));
        let more = more.into_iter().flat_map(str::lines);
        lines.extend(more.map(|line| format!("    {}", line.trim_start())));
    }
    lines.extend(scenario.all_load().map(|load| format!("load: {load}")));
    lines.extend(scenario.left_behind.iter().map(|what| format!("left behind: {what}")));
    let doubts = scenario.unproven.iter();
    lines.extend(doubts.map(|what| format!("put back, not yet proven: {what}")));
    lines
}

fn step_line(step: &Step) -> String {
    let outcome = wording::outcome(step.outcome());
    let took = step.finished.as_ref().map_or(0, |(_, _, took)| *took);
    let sentence = format!("{} {}", step.keyword, step.text);
    format!("{} ... {outcome}, {}", sentence.trim(), wording::duration(took))
}

fn claim_lines(claim: &Claim) -> Vec<String> {
    let mut lines = vec![format!("    {}: {}", wording::outcome(claim.outcome), claim.stated())];
    lines.extend(claim.proof.iter().map(|proof| format!("    proof: {proof}")));
    lines
}
