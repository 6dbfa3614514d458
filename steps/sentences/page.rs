//! The sentences printed: as people read them, on the terminal and as the page in `docs/`, and as
//! editors do.

use std::fmt::Write as _;

use faultless::error::{ExitCode, Result};

use super::export;
use super::registry::{Sentence, sentences};
use super::words::WORDS;
use crate::cli::StepsArgs;
use crate::console;

/// Prints all sentences and words.
#[expect(clippy::unnecessary_wraps, reason = "every command answers alike")]
pub(crate) fn print(args: &StepsArgs) -> Result<ExitCode> {
    let page = match args {
        StepsArgs { markdown: true, .. } => markdown(),
        StepsArgs { json: true, .. } => export::json(),
        StepsArgs { glue: true, .. } => export::glue(),
        _ => plain(),
    };
    console::line(page.trim_end());
    Ok(ExitCode::Passed)
}

fn plain() -> String {
    let mut page = String::new();
    for Sentence { keyword, text } in sentences() {
        let _ = writeln!(page, "{keyword:5} {text}");
    }
    page += "\nThe words in braces:\n";
    for (name, _, example) in WORDS {
        let _ = writeln!(page, "  {:11} {}", format!("{{{name}}}"), example.replace('`', ""));
    }
    page
}

/// The page in `docs/`.
fn markdown() -> String {
    let mut page =
        "# The sentences\n\nMade by `faultless steps --markdown`; a test keeps it so.\n".to_owned();
    let mut last = "";
    for Sentence { keyword, text } in sentences() {
        if keyword != last {
            let _ = writeln!(page, "\n## {keyword}\n");
            last = keyword;
        }
        let _ = writeln!(page, "- {keyword} {text}");
    }
    page += "\n## The words in braces\n\n| word | examples |\n|---|---|\n";
    for (name, _, example) in WORDS {
        let _ = writeln!(page, "| `{{{name}}}` | {example} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sentences.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        let command = "faultless steps --markdown > docs/sentences.md";
        assert_eq!(page, markdown(), "make it again: {command}");
    }
}
