//! Words, numbers and durations as readers expect them, and the rule for foreign text: what comes
//! from features, clusters and proxies is shown, and does nothing else.

use crate::{Outcome, Phase};

/// Longest foreign text that is shown, in characters: a screenful. Proxies may return whole pages.
const MAX_CHARS: usize = 4_000;

/// Foreign text on one line: control characters (escape sequences begin with one) and those that
/// turn the writing direction are replaced, lines are joined, and it is cut at `MAX_CHARS`.
#[must_use]
pub fn line(text: &str) -> String {
    let joined = text.split(['\n', '\r', '\t']).map(str::trim).filter(|part| !part.is_empty());
    let mut out = String::new();
    for part in joined {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&block(part));
    }
    out
}

/// The same with its lines kept.
#[must_use]
pub fn block(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(MAX_CHARS).map(harmless).collect();
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

/// A whole number with `,` between thousands.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 scenario`, `2 scenarios`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// `340 ms`, `5.3 s`, `2 min 03 s`.
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {:02} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// An outcome in words.
#[must_use]
pub const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Vacuous => "vacuous",
        Outcome::Wrong => "wrong",
        Outcome::Broken => "broken",
        Outcome::LeftBehind => "left behind",
        Outcome::Skipped => "skipped",
    }
}

/// A phase in words.
#[must_use]
pub const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "prepare",
        Phase::Disturb => "disturb",
        Phase::Converge => "converge",
        Phase::Observe => "observe",
        Phase::Judge => "judge",
        Phase::Restore => "restore",
    }
}

/// What an exit code means; that of a placebo run is good when nothing passed.
#[must_use]
pub const fn exit_code(code: u8, placebo: bool) -> &'static str {
    match code {
        0 if placebo => "no scenario passes without its fault",
        1 if placebo => "a scenario passes without its fault",
        0 => "every expectation was met",
        1 => "an expectation was not met, or a verdict was inconclusive or vacuous",
        2 => "the features or arguments are wrong",
        3 => "the runner or its target failed",
        4 => "something was left behind in the mesh",
        129 | 130 | 143 => "stopped by a signal",
        _ => "unknown",
    }
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
    }

    #[test]
    fn numbers_and_durations() {
        assert_eq!(counted(1, "scenario"), "1 scenario");
        assert_eq!(counted(1_312, "scenario"), "1,312 scenarios");
        for (ms, shown) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (5_349, "5.3 s"),
            (59_999, "59.9 s"),
            (123_456, "2 min 03 s"),
        ] {
            assert_eq!(duration(ms), shown);
        }
        assert_eq!(cut("scenario", 8), "scenario");
        assert_eq!(cut("scenario", 5), "scen…");
    }
}
