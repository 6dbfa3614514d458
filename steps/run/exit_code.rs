//! The exit code of a run that came to its end.

use reports::Outcome;

/// The worst of all outcomes decides. A placebo run is good when nothing passed.
pub(super) fn exit_code(outcomes: &[Outcome], placebo: bool) -> u8 {
    let code = |outcome: &Outcome| match outcome {
        Outcome::Passed => u8::from(placebo),
        Outcome::Skipped => 0,
        Outcome::Failed | Outcome::Inconclusive | Outcome::Vacuous => u8::from(!placebo),
        Outcome::Wrong => 2,
        // What is left at the run's end is known by then; a scenario whose remains were undone
        // later has troubled the next ones.
        Outcome::Broken | Outcome::LeftBehind | Outcome::Unproven => 3,
    };
    outcomes.iter().map(code).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_outcome_decides() {
        use Outcome::{
            Broken, Failed, Inconclusive, LeftBehind, Passed, Skipped, Unproven, Vacuous, Wrong,
        };
        assert_eq!(exit_code(&[Passed, Passed], false), 0);
        assert_eq!(exit_code(&[Passed, Inconclusive], false), 1);
        assert_eq!(exit_code(&[Vacuous, Skipped], false), 1);
        assert_eq!(exit_code(&[Failed, Wrong], false), 2);
        assert_eq!(exit_code(&[Failed, Broken, Passed], false), 3);
        assert_eq!(exit_code(&[LeftBehind, Failed], false), 3);
        assert_eq!(exit_code(&[Unproven, Passed], false), 3);
        assert_eq!(exit_code(&[Failed, Inconclusive], true), 0);
        assert_eq!(exit_code(&[Failed, Passed], true), 1);
        assert_eq!(exit_code(&[Failed, Broken], true), 3);
    }
}
