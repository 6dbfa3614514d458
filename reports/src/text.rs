//! The rule for foreign text: what comes from features, clusters and proxies is shown, and does
//! nothing else.

use crate::wording::thousands;

/// Longest foreign text that is shown, in characters: a screenful. Proxies may return whole pages.
const MAX_CHARS: usize = 4_000;

/// Foreign text on one line: control characters (escape sequences begin with one) and those that
/// turn the writing direction are replaced, lines are joined, and it is cut at `MAX_CHARS`.
#[must_use]
pub fn line(text: &str) -> String {
    let parts = text.split(['\n', '\r', '\t']).map(str::trim).filter(|part| !part.is_empty());
    block(&parts.collect::<Vec<_>>().join(" "))
}

/// The same with its lines kept.
#[must_use]
pub fn block(text: &str) -> String {
    bounded(text, MAX_CHARS)
}

/// The same, cut at so many characters.
#[must_use]
pub fn bounded(text: &str, max: usize) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(max).map(harmless).collect();
    let more = chars.count();
    if more > 0 {
        out.push_str("… (");
        out.push_str(&thousands(more as u64));
        out.push_str(" more characters)");
    }
    out
}

/// The replacement is visible, so that a reader sees that something was there.
fn harmless(c: char) -> char {
    match c {
        '\n' => c,
        '\t' => ' ',
        // Marks that reorder text could make a failure read like a pass; the last two are no
        // characters, and not allowed in XML.
        '\u{200e}'
        | '\u{200f}'
        | '\u{061c}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        control if control.is_control() => '\u{fffd}',
        other => other,
    }
}

/// At most `width` characters, cut with `…`.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_does_nothing() {
        assert_eq!(line("a\x1b[31mred\x07\u{9b}2J"), "a\u{fffd}[31mred\u{fffd}\u{fffd}2J");
        assert_eq!(line(" two\r\n\tlines \n"), "two lines");
        assert_eq!(block("two\nlines\r"), "two\nlines\u{fffd}");
        assert_eq!(line("pas\u{202e}deliaf"), "pas\u{fffd}deliaf");
        let long = line(&"x".repeat(5_000));
        assert!(long.ends_with("x… (1,000 more characters)"), "{long}");
        assert!(line(&"two lines\n".repeat(5_000)).chars().count() < 4_100, "of all its lines");
    }

    #[test]
    fn what_is_too_wide_is_cut() {
        assert_eq!(cut("scenario", 8), "scenario");
        assert_eq!(cut("scenario", 5), "scen…");
    }
}
