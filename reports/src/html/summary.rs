//! The page's top: how the run went, and its scenarios as a table.

use std::fmt::{self, Write as _};

use super::badge::Badge;
use super::escape::Esc;
use crate::outcome::Outcome;
use crate::run::Run;
use crate::{placebo, text, wording};

/// The run in one line.
pub(super) fn headline(run: &Run) -> String {
    if run.placebo {
        return placebo::conclusion(run);
    }
    let passed = run.count(Outcome::Passed);
    format!(
        "{} of {} passed",
        wording::thousands(passed),
        wording::counted(run.total(), "scenario")
    )
}

/// Writes it.
pub(super) fn write(page: &mut String, run: &Run) -> fmt::Result {
    write_header(page, run)?;
    write_table(page, run)
}

fn write_header(page: &mut String, run: &Run) -> fmt::Result {
    writeln!(page, "<header>\n<h1>{}</h1>", Esc(&headline(run)))?;
    writeln!(
        page,
        "<p class=\"meta\">Faultless {} on {} · run {} · {}{}</p>",
        Esc(&run.version),
        Esc(&run.target),
        Esc(&run.id),
        Esc(&run.started_at),
        run.finished
            .as_ref()
            .map_or(String::new(), |end| format!(" · {}", wording::duration(end.took_ms))),
    )?;
    match &run.finished {
        Some(end) => {
            let (code, means) = (end.exit_code, run.meaning().unwrap_or_default());
            writeln!(page, "<p>Exit code {code}: {means}.</p>")?;
            if let Some(problem) = &end.problem {
                writeln!(page, "<pre class=\"why\">{}</pre>", Esc(problem))?;
            }
        }
        None => page.push_str("<p class=\"why\">The record stops before the run's end.</p>\n"),
    }
    if let Some(signal) = &run.interrupted {
        writeln!(page, "<p class=\"why\">Stopped by {}.</p>", Esc(signal))?;
    }
    for what in &run.left_behind {
        writeln!(page, "<pre class=\"why\">Left behind: {}</pre>", Esc(what))?;
    }
    page.push_str("</header>\n");
    Ok(())
}

fn write_table(page: &mut String, run: &Run) -> fmt::Result {
    if run.scenarios.is_empty() {
        page.push_str("<p>No scenario began.</p>\n");
        return Ok(());
    }
    page.push_str(
        "<table>\n<thead><tr><th>Scenario</th><th>Verdict</th><th class=\"n\">Time</th></tr>\
         </thead>\n<tbody>\n",
    );
    for (index, scenario) in run.scenarios.iter().enumerate() {
        writeln!(
            page,
            "<tr><td><a href=\"#s{index}\">{}</a><span class=\"in\">{}</span></td><td>{}</td>\
             <td class=\"n\">{}</td></tr>",
            Esc(&text::line(&scenario.name)),
            Esc(&text::line(&scenario.feature)),
            Badge(scenario.outcome()),
            wording::duration(scenario.took_ms()),
        )?;
    }
    page.push_str("</tbody>\n</table>\n");
    Ok(())
}
