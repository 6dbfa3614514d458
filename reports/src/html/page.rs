//! The page as a whole: its head, the summary, then each scenario.

use std::fmt::{self, Write as _};

use super::escape::Esc;
use super::{scenario, style, summary};
use crate::run::Run;

/// The page.
#[must_use]
pub fn render(run: &Run) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut page, run);
    page
}

fn write_page(page: &mut String, run: &Run) -> fmt::Result {
    let title = format!("Faultless: {}", summary::headline(run));
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
    summary::write(page, run)?;
    for (index, scenario) in run.scenarios.iter().enumerate() {
        scenario::write(page, index, scenario, run)?;
    }
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::outcome::Outcome;

    fn sample() -> Run {
        Run::of(&json::read(include_str!("../../samples/run.jsonl")).unwrap().records)
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
