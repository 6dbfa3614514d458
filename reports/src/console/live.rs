//! What is going on at this moment: a line for each running scenario, and the words for its state,
//! which signs of life use too.

use std::fmt::Write as _;

use crate::run::{Load, Run, Scenario};
use crate::{text, wording};

/// Live lines at the bottom: as many scenarios as lanes on any sensible machine.
const LIVE_LINES: usize = 8;

/// Per running scenario: phase, elapsed time, requests.
pub(super) fn lines(run: &Run, preparing: bool, elapsed_ms: u64) -> Vec<String> {
    if run.finished.is_some() {
        return Vec::new();
    }
    if preparing {
        return vec![format!("… getting ready ({})", wording::duration(elapsed_ms))];
    }
    let running: Vec<_> = run.scenarios.iter().filter(|s| s.finished.is_none()).collect();
    let hidden = running.len().saturating_sub(LIVE_LINES);
    let mut lines: Vec<_> =
        running.iter().take(LIVE_LINES).map(|s| live_line(s, elapsed_ms)).collect();
    if hidden > 0 {
        lines.push(format!("… and {hidden} more"));
    }
    lines
}

/// `observe 20.3 s | 297 of 600 done`: what a running scenario does.
pub(super) fn state(scenario: &Scenario, elapsed_ms: u64) -> String {
    let took = wording::duration(elapsed_ms.saturating_sub(scenario.started_ms));
    let phase = scenario.phases.last().map_or("start", |(phase, _, _)| wording::phase(*phase));
    let load = scenario.load.map_or(String::new(), |load| format!(" | {}", load_words(load)));
    format!("{phase} {took}{load}")
}

fn live_line(scenario: &Scenario, elapsed_ms: u64) -> String {
    let id = u64::from(scenario.id.0) + 1;
    format!("#{id} {} | {}", state(scenario, elapsed_ms), text::line(&scenario.name))
}

/// `297 of 600 done, 3 in flight`: how the piece of load goes that is being sent.
pub(super) fn load_words(load: Load) -> String {
    let mut words =
        format!("{} of {} done", wording::thousands(load.done), wording::thousands(load.due));
    for (count, what) in [
        (load.in_flight, "in flight"),
        (load.late, "late"),
        (load.unsent, "unsent"),
        (load.errors, if load.errors == 1 { "error" } else { "errors" }),
    ] {
        if count > 0 {
            let _ = write!(words, ", {} {what}", wording::thousands(count));
        }
    }
    words
}
