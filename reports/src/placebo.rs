//! What a placebo run showed: its changes were withheld, so a scenario that passes shows nothing,
//! and a suite none of whose scenarios passes is one that can fail.

use crate::outcome::Outcome;
use crate::run::Run;
use crate::{text, wording};

/// What it showed, as a sentence.
pub(crate) fn conclusion(run: &Run) -> String {
    let passing: Vec<String> = run
        .scenarios
        .iter()
        .filter(|scenario| scenario.outcome() == Outcome::Passed)
        .map(|scenario| text::line(&scenario.title()))
        .collect();
    let unsure = run.count(Outcome::Inconclusive) + run.count(Outcome::Vacuous);
    let failing = run.count(Outcome::Failed) + unsure;
    // In a run that came to its end, skipped is what had no change that could be withheld.
    let whole = run.finished.is_some() && run.interrupted.is_none();
    let idle = if whole { run.count(Outcome::Skipped) } else { 0 };
    let of = run.total().saturating_sub(idle);
    let all = wording::counted(of, "scenario");
    let note = match idle {
        0 => String::new(),
        1 => " (1 changes no configuration and does not count)".to_owned(),
        some => format!(" ({some} change no configuration and do not count)"),
    };
    if !passing.is_empty() {
        let count = passing.len() as u64;
        let pass = match count {
            1 => "passes without its fault and shows nothing",
            _ => "pass without their fault and show nothing",
        };
        let names = passing.join("; ");
        return format!("{} of {all} {pass}{note}: {names}", wording::thousands(count));
    }
    if of == 0 {
        return "no scenario changes the configuration: there was nothing to withhold".to_owned();
    }
    let fail = match (of, unsure) {
        (1, 0) => "fails without its fault".to_owned(),
        (_, 0) => "fail without their fault".to_owned(),
        (1, _) => "does not pass without its fault (it is not decided)".to_owned(),
        (_, 1) => "do not pass without their fault (1 of them is not decided)".to_owned(),
        (_, some) => format!("do not pass without their fault ({some} of them are not decided)"),
    };
    let shown = if failing == of && whole { ": the suite can fail" } else { "" };
    format!("{} of {all} {fail}{shown}{note}", wording::thousands(failing))
}

/// Whether a scenario ended as it should: in a placebo run one that passes did not.
pub(crate) const fn good(outcome: Outcome, placebo: bool) -> bool {
    match outcome {
        Outcome::Passed => !placebo,
        Outcome::Failed | Outcome::Inconclusive | Outcome::Vacuous => placebo,
        Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind | Outcome::Unproven => false,
        Outcome::Skipped => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Record, ScenarioId};
    use crate::run::Finished;

    fn concluded(outcomes: &[Outcome], planned: u32, interrupted: bool) -> String {
        let mut run = Run { planned, placebo: true, ..Run::default() };
        for (number, outcome) in (0..).zip(outcomes) {
            let scenario = ScenarioId(number);
            let started = Event::ScenarioStarted {
                scenario,
                feature: "Delays".to_owned(),
                file: String::new(),
                line: 1,
                name: format!("number {number}"),
                tags: Vec::new(),
            };
            let ended = Event::ScenarioFinished { scenario, outcome: *outcome, took_ms: 1 };
            for event in [started, ended] {
                run.on(&Record { seq: 0, at: String::new(), elapsed_ms: 0, event });
            }
        }
        run.interrupted = interrupted.then(|| "SIGINT".to_owned());
        run.finished = Some(Finished { exit_code: 0, problem: None, took_ms: 1 });
        conclusion(&run)
    }

    #[test]
    fn it_says_what_was_shown_and_no_more() {
        use Outcome::{Broken, Failed, Inconclusive, Passed, Skipped};
        for (outcomes, planned, interrupted, said) in [
            (
                &[Failed, Failed][..],
                2,
                false,
                "2 of 2 scenarios fail without their fault: the suite can fail",
            ),
            (&[Failed], 1, false, "1 of 1 scenario fails without its fault: the suite can fail"),
            (
                &[Failed, Inconclusive, Skipped],
                3,
                false,
                "2 of 2 scenarios do not pass without their fault (1 of them is not decided): the \
                 suite can fail (1 changes no configuration and does not count)",
            ),
            (
                &[Passed, Failed, Passed],
                3,
                false,
                "2 of 3 scenarios pass without their fault and show nothing: Delays: number 0; \
                 Delays: number 2",
            ),
            (&[Failed, Broken], 2, false, "1 of 2 scenarios fail without their fault"),
            (&[Failed, Skipped], 5, true, "1 of 5 scenarios fail without their fault"),
            (
                &[Skipped],
                1,
                false,
                "no scenario changes the configuration: there was nothing to withhold",
            ),
        ] {
            assert_eq!(concluded(outcomes, planned, interrupted), said);
        }
    }
}
