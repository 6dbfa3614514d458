//! What is said on the terminal outside of a run's own reports: errors, with their hint apart.

use std::io::{IsTerminal as _, Write as _};

/// Says an error on stderr. A closed stderr is nobody's error.
pub(crate) fn error(error: &faultless::error::Error) {
    let (red, plain) = if colours() { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    let text = reports::text::block(&error.to_string());
    let _ = writeln!(std::io::stderr(), "{red}error{plain}: {text}");
}

/// Says a line on stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", reports::text::block(text));
}

/// Says a line on stdout.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", reports::text::block(text));
}

/// Whether colours are wanted: on a terminal, unless the variable `NO_COLOR` is set.
pub(crate) fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}
