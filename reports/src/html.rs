//! A run as one HTML page: no script, no reference to anything outside, light or dark as the reader
//! has it, readable on a phone. Everything foreign is escaped.

mod style;
mod timeline;

use std::fmt::{self, Display, Write as _};

use crate::run::{Claim, Run, Scenario, Step};
use crate::{Outcome, placebo, text};

/// The page.
#[must_use]
pub fn render(run: &Run) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut page, run);
    page
}

/// Foreign text, made harmless for HTML, in elements as in attributes.
struct Esc<'a>(&'a str);

/// An outcome as a badge: coloured, and in words for those who do not see the colour.
struct Badge(Outcome);

fn write_page(page: &mut String, run: &Run) -> fmt::Result {
    let title = format!("Faultless: {}", headline(run));
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
        Esc(&title),
        style::CSS,
    )?;
    write_summary(page, run)?;
    write_table(page, run)?;
    for (index, scenario) in run.scenarios.iter().enumerate() {
        write_scenario(page, index, scenario, run)?;
    }
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(())
}

fn headline(run: &Run) -> String {
    if run.placebo {
        return placebo::conclusion(run);
    }
    let passed = run.count(Outcome::Passed);
    format!("{} of {} passed", text::thousands(passed), text::counted(run.total(), "scenario"))
}

fn write_summary(page: &mut String, run: &Run) -> fmt::Result {
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
            .map_or(String::new(), |end| format!(" · {}", text::duration(end.took_ms))),
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
            text::duration(scenario.took_ms()),
        )?;
    }
    page.push_str("</tbody>\n</table>\n");
    Ok(())
}

fn write_scenario(page: &mut String, index: usize, scenario: &Scenario, run: &Run) -> fmt::Result {
    writeln!(
        page,
        "<section id=\"s{index}\">\n<h2>{} {}</h2>\n<p class=\"meta\">{} · {} · {}{}</p>",
        Badge(scenario.outcome()),
        Esc(&text::line(&scenario.name)),
        Esc(&text::line(&scenario.feature)),
        Esc(&text::line(&scenario.place())),
        text::duration(scenario.took_ms()),
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
    let took = step.finished.as_ref().map(|(_, _, took)| text::duration(*took));
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
        write_claim(page, claim)?;
    }
    let (cause, more) = scenario.why(step);
    if cause.is_some() || more.is_some() {
        let why: Vec<&str> = cause.into_iter().chain(more).collect();
        writeln!(page, "<pre class=\"why\">{}</pre>", Esc(&why.join("\n")))?;
    }
    page.push_str("</li>\n");
    Ok(())
}

fn write_claim(page: &mut String, claim: &Claim) -> fmt::Result {
    let (outcome, stated) = (Badge(claim.outcome), claim.stated());
    write!(page, "<div class=\"claim\">{outcome} <b>{}</b>", Esc(&stated))?;
    if let Some(proof) = &claim.proof {
        writeln!(page, "<br><span class=\"meta\">Proof: {}</span>", Esc(proof))?;
    }
    page.push_str("</div>\n");
    Ok(())
}

const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Inconclusive | Outcome::Vacuous => "unsure",
        Outcome::Failed | Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind => "bad",
        Outcome::Skipped => "skipped",
    }
}

// === impl Esc ===

impl Display for Esc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in text::block(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

// === impl Badge ===

impl Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<span class=\"badge {}\">{}</span>", class(self.0), text::outcome(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn sample() -> Run {
        Run::of(&json::read(include_str!("../samples/run.jsonl")).unwrap().records)
    }

    #[test]
    fn the_page_needs_nothing_but_itself() {
        let page = render(&sample());
        for outside in ["http://", "https://", "//", "src=", "@import", "url(", "<script", "<link"]
        {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn foreign_text_stays_text() {
        let nasty = "</title><img src=x onerror=\"alert(1)\">'&\u{1b}[31m";
        let mut run = sample();
        (run.id, run.target, run.version) = (nasty.into(), nasty.into(), nasty.into());
        run.interrupted = Some(nasty.into());
        for scenario in &mut run.scenarios {
            scenario.name = nasty.into();
            scenario.feature = nasty.into();
            scenario.file = nasty.into();
            scenario.tags = vec![nasty.into()];
            scenario.left_behind = vec![nasty.into()];
            for phase in &mut scenario.phases {
                phase.1 = nasty.into();
            }
            for step in &mut scenario.steps {
                (step.keyword, step.text) = (nasty.into(), nasty.into());
                step.changes = vec![nasty.into()];
                step.warnings = vec![nasty.into()];
                step.finished = Some((Outcome::Broken, Some(nasty.into()), 1));
                for claim in &mut step.claims {
                    (claim.text, claim.numbers) = (nasty.into(), nasty.into());
                    claim.proof = Some(nasty.into());
                }
            }
        }
        let page = render(&run);
        assert!(!page.contains("<img") && !page.contains("onerror=\"") && !page.contains('\x1b'));
        assert!(page.contains("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;"));
    }

    #[test]
    fn an_empty_record_makes_a_page() {
        let page = render(&Run::default());
        assert!(page.contains("No scenario began") && page.contains("record stops before"));
    }
}
