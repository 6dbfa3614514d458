//! Telling what was judged: each observer's verdict, and the sum of them.

use reports::{Event, Outcome};

use crate::error::{Error, Result};
use crate::evidence::{Claim, ClaimVerdict, Shown};
use crate::scenario::expect::Look;
use crate::scenario::run::Run;
use crate::scenario::state::Scenario;
use crate::verdict::Decision;

impl Scenario {
    /// Tells every observer's verdict and sums them up: one violation is a failure, one undecided
    /// claim is inconclusive, and without proof of the disturbance a pass is vacuous.
    pub(crate) fn tell(&mut self, run: &Run, claim: &Claim, look: Look) -> Result<()> {
        let Shown { all: shown, missing, open } = look.proof;
        let judged = &look.judged;
        let proof = (!shown.is_empty()).then(|| shown.join(", "));
        let mut worst = Outcome::Passed;
        let mut numbers = Vec::new();
        for ClaimVerdict { who, decision, numbers: text, .. } in judged {
            let outcome = match decision {
                // Withheld on purpose, a change has no proof: that is no news.
                Decision::Met if missing.is_some() && run.options.placebo => Outcome::Failed,
                // What is shown by too few requests may yet come: that is no proof, and no doubt.
                Decision::Met if missing.is_some() && open.is_some() => Outcome::Inconclusive,
                Decision::Met if missing.is_some() => Outcome::Vacuous,
                Decision::Met => Outcome::Passed,
                Decision::Undecided => Outcome::Inconclusive,
                Decision::Violated => Outcome::Failed,
            };
            run.sink.emit(Event::Judged {
                scenario: self.id,
                outcome,
                claim: claim.to_string(),
                observer: Some(who.clone()),
                numbers: text.clone(),
                proof: proof.clone(),
            });
            if outcome != Outcome::Passed {
                numbers.push(format!("{who}: {text}"));
                worst = if worst == Outcome::Failed { worst } else { outcome };
            }
        }
        self.outcome = if self.outcome == Outcome::Passed { worst } else { self.outcome };
        let numbers = numbers.join("; ");
        match (worst, missing) {
            (Outcome::Passed, _) => Ok(()),
            (Outcome::Vacuous | Outcome::Inconclusive, Some(missing)) => {
                Err(Error::mesh("proving that the configuration took effect", missing))
            }
            (Outcome::Inconclusive, None) => Err(Error::mesh("deciding", numbers)
                .hint("inconclusive: more load (--max-load-time) or a wider bound decides it")),
            _ => Err(Error::mesh("expectation violated", numbers)),
        }
    }
}
