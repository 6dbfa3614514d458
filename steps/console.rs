//! What is said on the terminal outside of a run's own reports: errors, with their hint apart.

use std::io::{IsTerminal as _, Write as _};

/// The most lines of one text: more problems than this are no longer read one by one.
const LINES_MAX: usize = 1_000;

/// Says an error on stderr. A closed stderr is nobody's error.
pub(crate) fn error(error: &impl std::fmt::Display) {
    let (red, plain) = if colours() { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    let text = harmless(&error.to_string());
    let _ = writeln!(std::io::stderr(), "{red}error{plain}: {text}");
}

/// Says a line on stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// Says a line on stdout.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", harmless(text));
}

/// The text with its lines, each bounded and without anything that does more than be read.
fn harmless(text: &str) -> String {
    let mut lines = text.lines();
    let shown: Vec<_> = lines.by_ref().take(LINES_MAX).map(reports::text::block).collect();
    match lines.count() {
        0 => shown.join("\n"),
        more => format!("{}\n… ({more} more lines)", shown.join("\n")),
    }
}

/// Whether colours are wanted: on a terminal, unless the variable `NO_COLOR` is set.
pub(crate) fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_shown_to_its_end_and_an_endless_one_is_not() {
        let list = |lines: usize| vec!["x".repeat(100); lines].join("\n");
        assert_eq!(harmless(&list(200)), list(200));
        assert!(harmless(&list(1_002)).ends_with("\n… (2 more lines)"));
        assert!(harmless(&"x".repeat(5_000)).ends_with("… (1,000 more characters)"));
        assert!(!harmless("a\u{1b}[31mb\nc").contains('\u{1b}'));
    }
}
