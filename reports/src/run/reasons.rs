//! Why a scenario did not pass: what its steps' errors and its claims say, each once.

use super::scenario::Scenario;
use super::step::{Claim, Step};
use crate::outcome::Outcome;

// === impl Scenario ===

impl Scenario {
    /// Why a step of it did not pass, as far as its claims do not say it already, and what else is
    /// told with that: a hint, a difference. All its claims are looked at, because a quick step may
    /// tell its own before it is told that it began.
    #[must_use]
    pub fn why<'a>(&self, step: &'a Step) -> (Option<&'a str>, Option<&'a str>) {
        let Some((outcome, Some(why), _)) = &step.finished else { return (None, None) };
        if matches!(outcome, Outcome::Passed | Outcome::Skipped) {
            return (None, None);
        }
        let (cause, more) = why.split_once('\n').unwrap_or((why, ""));
        let said = |claim: &Claim| {
            claim.outcome == Outcome::Passed || cause.contains(claim.numbers.as_str())
        };
        // For a vacuous claim the cause is what is missing, whatever else it says.
        let decided =
            |claim: &Claim| matches!(claim.outcome, Outcome::Failed | Outcome::Inconclusive);
        let repeats = self.claims().all(said) && self.claims().any(decided);
        let more = Some(more.trim_end()).filter(|more| !more.is_empty());
        ((!repeats).then_some(cause), more)
    }

    /// Why a step of it did not pass, most telling first; empty if it passed.
    pub(crate) fn reasons_of(&self, step: &Step) -> Vec<String> {
        let (cause, hint) = self.why(step);
        let mut said: Vec<String> = cause.map(str::to_owned).into_iter().collect();
        let bad = |claim: &&Claim| claim.outcome != Outcome::Passed;
        said.extend(step.claims.iter().filter(bad).map(Claim::stated));
        match (said.last_mut(), hint) {
            (Some(last), Some(hint)) => *last = format!("{last}\n{hint}"),
            (None, Some(hint)) => said.push(hint.to_owned()),
            (_, None) => {}
        }
        said
    }

    /// Why it did not pass, most telling first in each step; empty if it passed. What to do about
    /// it follows on lines of its own.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        for step in &self.steps {
            reasons.extend(self.reasons_of(step));
        }
        let left = self.left_behind.iter().map(|what| format!("left behind: {what}"));
        reasons.extend(left);
        let doubts = self.unproven.iter().map(|what| format!("put back, not yet proven: {what}"));
        reasons.extend(doubts);
        if self.finished.is_none() {
            reasons.push("did not end".to_owned());
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Record, ScenarioId};
    use crate::run::Run;

    fn scenario() -> Scenario {
        let event = Event::ScenarioStarted {
            scenario: ScenarioId(0),
            feature: String::new(),
            file: String::new(),
            line: 1,
            name: String::new(),
            tags: Vec::new(),
        };
        let record = Record { seq: 0, at: String::new(), elapsed_ms: 0, event };
        Run::of(&[record]).scenarios.remove(0)
    }

    #[test]
    fn an_error_is_told_without_what_the_claims_say() {
        let why = |judged: &[(Outcome, &str)], message: &str| {
            let mut step = Step::new(("Then".to_owned(), String::new(), 1), 0);
            step.finished = Some((Outcome::Failed, Some(message.to_owned()), 1));
            step.claims = judged
                .iter()
                .map(|(outcome, numbers)| Claim {
                    outcome: *outcome,
                    text: String::new(),
                    observer: Some("portal a".to_owned()),
                    numbers: (*numbers).to_owned(),
                    proof: None,
                })
                .collect();
            let mut scenario = scenario();
            scenario.steps.push(Step { finished: None, ..step.clone() });
            step.claims.clear();
            let (cause, more) = scenario.why(&step);
            (cause.map(str::to_owned), more.map(str::to_owned))
        };
        let some = |text: &str| Some(text.to_owned());
        let failed = [(Outcome::Passed, "1 of 1"), (Outcome::Failed, "2 of 3")];
        assert_eq!(why(&failed, "violated: portal a: 2 of 3"), (None, None));
        assert_eq!(why(&failed, "violated: 2 of 3\n  hint: x"), (None, some("  hint: x")));
        assert_eq!(why(&failed, "the lease is lost"), (some("the lease is lost"), None));
        let vacuous = [(Outcome::Vacuous, "2 of 2")];
        assert_eq!(why(&vacuous, "no proof; 2 of 2"), (some("no proof; 2 of 2"), None));
        assert_eq!(why(&[], "no such service"), (some("no such service"), None));
    }
}
