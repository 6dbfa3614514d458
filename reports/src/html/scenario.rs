//! A scenario: its phases as a bar, its steps, and what was left behind.

use std::fmt::{self, Write as _};

use super::badge::{Badge, class};
use super::escape::Esc;
use super::{claim, timeline};
use crate::outcome::Outcome;
use crate::run::{Run, Scenario, Step};
use crate::{text, wording};

/// Writes it; `index` is its place in the run, to which the table above links.
pub(super) fn write(
    page: &mut String,
    index: usize,
    scenario: &Scenario,
    run: &Run,
) -> fmt::Result {
    writeln!(
        page,
        "<section id=\"s{index}\">\n<h2>{} {}</h2>\n<p class=\"meta\">{} · {} · {}{}</p>",
        Badge(scenario.outcome()),
        Esc(&text::line(&scenario.name)),
        Esc(&text::line(&scenario.feature)),
        Esc(&text::line(&scenario.place())),
        wording::duration(scenario.took_ms()),
        Esc(&scenario.tags.iter().fold(String::new(), |all, tag| all + " · @" + tag)),
    )?;
    timeline::write(page, scenario, run.elapsed_ms)?;
    page.push_str("<ol class=\"steps\">\n");
    for step in &scenario.steps {
        write_step(page, step, scenario)?;
    }
    page.push_str("</ol>\n");
    if let Some(load) = scenario.all_load() {
        writeln!(page, "<p class=\"meta\">Requests: {load}</p>")?;
    }
    for what in &scenario.left_behind {
        writeln!(page, "<pre class=\"why\">Left behind: {}</pre>", Esc(what))?;
    }
    page.push_str("</section>\n");
    Ok(())
}

fn write_step(page: &mut String, step: &Step, scenario: &Scenario) -> fmt::Result {
    let took = step.finished.as_ref().map(|(_, _, took)| wording::duration(*took));
    let took = took.unwrap_or_default();
    // A claim says how it went; a step without one says so itself, and passing goes without saying.
    let outcome = step.outcome();
    let badge = match outcome {
        Outcome::Passed => String::new(),
        other => format!("{} ", Badge(other)),
    };
    writeln!(
        page,
        "<li class=\"{}\"><p>{badge}<b>{}</b> {} <span class=\"took\">{took}</span></p>",
        class(outcome),
        Esc(&step.keyword),
        Esc(&step.text),
    )?;
    for change in &step.changes {
        writeln!(page, "<p class=\"meta\">Changed: {}</p>", Esc(change))?;
    }
    for warning in &step.warnings {
        writeln!(page, "<p class=\"meta\">Warning: {}</p>", Esc(warning))?;
    }
    for claim in &step.claims {
        claim::write(page, claim)?;
    }
    let (cause, more) = scenario.why(step);
    if cause.is_some() || more.is_some() {
        let why: Vec<&str> = cause.into_iter().chain(more).collect();
        writeln!(page, "<pre class=\"why\">{}</pre>", Esc(&why.join("\n")))?;
    }
    page.push_str("</li>\n");
    Ok(())
}
