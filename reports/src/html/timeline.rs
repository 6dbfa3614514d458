//! A scenario's phases as a bar: each as wide as it took long, with a key in words.

use std::fmt::{self, Write as _};

use super::escape::Esc;
use crate::event::Phase;
use crate::run::Scenario;
use crate::wording;

/// Width of the drawing's own coordinates; it is stretched to the page.
const WIDTH: f64 = 1000.0;

/// A phase below this width would not be seen.
const VISIBLE: f64 = 3.0;

/// Writes the bar, if the scenario entered any phase. `last_ms` ends a scenario that did not end.
pub(super) fn write(page: &mut String, scenario: &Scenario, last_ms: u64) -> fmt::Result {
    let Some(from) = scenario.phases.first().map(|(_, _, at)| *at) else { return Ok(()) };
    let end = match scenario.finished {
        Some((_, took)) => scenario.started_ms.saturating_add(took),
        None => last_ms,
    };
    let last = scenario.phases.last().map_or(from, |(_, _, at)| *at);
    let end = end.max(last);
    let scale = WIDTH / (end.saturating_sub(from).max(1)) as f64;
    writeln!(
        page,
        "<svg class=\"time\" viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Phases over time\">"
    )?;
    let ends = scenario.phases.iter().skip(1).map(|(_, _, at)| *at).chain([end]);
    let mut spent: Vec<(Phase, u64)> = Vec::new();
    for ((phase, detail, begin), end) in scenario.phases.iter().zip(ends) {
        let took = end.saturating_sub(*begin);
        match spent.iter_mut().find(|(known, _)| known == phase) {
            Some((_, sum)) => *sum += took,
            None => spent.push((*phase, took)),
        }
        let name = wording::phase(*phase);
        let x = (begin.saturating_sub(from) as f64 * scale).min(WIDTH - VISIBLE);
        let width = (took as f64 * scale).max(VISIBLE);
        writeln!(
            page,
            "<rect class=\"{name}\" x=\"{x:.1}\" width=\"{width:.1}\" height=\"20\">\
             <title>{name}, {}{}{}</title></rect>",
            wording::duration(took),
            if detail.is_empty() { "" } else { ": " },
            Esc(detail),
        )?;
    }
    page.push_str("</svg>\n<ul class=\"key\">\n");
    for (phase, took) in spent {
        let (name, took) = (wording::phase(phase), wording::duration(took));
        writeln!(page, "<li><i class=\"{name}\"></i>{name} {took}</li>")?;
    }
    page.push_str("</ul>\n");
    Ok(())
}
