//! Our own words in every report: numbers, counts and durations as readers expect them, and what
//! outcomes, phases and exit codes are called.

use crate::event::Phase;
use crate::outcome::Outcome;

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
        Outcome::Unproven => "put back, not yet proven",
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
    }
}
