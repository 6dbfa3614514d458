//! From evidence to verdicts, claim by claim, observer by observer. Pure.

use crate::application::Application;
use crate::error::Result;
use crate::evidence::claim::{Claim, Comparison, Expectation, Unit};
use crate::evidence::count::judgement::{ClaimVerdict, Counted};
use crate::evidence::gather::Evidence;
use crate::evidence::piece::View;
use crate::verdict::{
    Bound, Confidence, Decision, Trials, effort, effort_after, judge, judge_difference,
};

impl Claim {
    /// Judges the evidence, for each observer by itself.
    pub(crate) fn judge(
        &self,
        application: &Application,
        evidence: &Evidence,
        burst: u32,
        confidence: Confidence,
    ) -> Result<Vec<ClaimVerdict>> {
        let view = evidence.view(self.property());
        let mut judged = match self {
            Self::Share(expectation) => expectation.judge(application, &view, burst, confidence)?,
            Self::Alike(comparison) => {
                vec![comparison.judge(application, &view, burst, confidence)?]
            }
        };
        if let Some(short) = view.starved.last() {
            for one in judged.iter_mut().filter(|one| one.decision == Decision::Undecided) {
                let (left_out, pieces) = (view.starved.len(), view.pieces);
                one.numbers = format!(
                    "{}; {left_out} of {pieces} pieces of load say nothing about time, because the \
                     machine was starved: {short}",
                    one.numbers
                );
            }
        }
        Ok(judged)
    }

    /// How many trials of each observer the claim is likely to need.
    pub(crate) fn effort(&self, burst: u32, confidence: Confidence) -> u64 {
        match self {
            Self::Share(expectation) => effort(&expectation.bound, burst, confidence),
            Self::Alike(comparison) => comparison.effort(burst, confidence),
        }
    }
}

impl Comparison {
    fn judge(
        &self,
        application: &Application,
        view: &View,
        burst: u32,
        confidence: Confidence,
    ) -> Result<ClaimVerdict> {
        let mut trials = [Trials::new(burst), Trials::new(burst)];
        let mut short = None;
        for (side, trials) in self.sides().iter().zip(&mut trials) {
            for (counted, in_blocks) in side.trials(application, view, burst)? {
                *trials = in_blocks;
                short = short.or(counted.short);
            }
        }
        let difference = judge_difference(self.most, trials.each_ref(), confidence);
        let fewest = trials.iter().map(|trials| trials.total().trials).min().unwrap_or_default();
        let [one, other] = &self.versions;
        let numbers = difference.numbers(&format!("requests {}", self.property.past()));
        let (decision, numbers) = match short {
            Some(short) => (Decision::Undecided, format!("{numbers}; {short}")),
            None => (difference.decision, numbers),
        };
        Ok(ClaimVerdict {
            who: format!("the destination of {} at {one} and {other}", self.service),
            decision,
            numbers,
            trials: (fewest, self.effort(burst, confidence)),
        })
    }

    /// Each side must be known about as well as the sides may differ.
    fn effort(&self, burst: u32, confidence: Confidence) -> u64 {
        effort(&Bound::AtMost(self.most), burst, confidence).saturating_mul(2)
    }
}

impl Expectation {
    fn judge(
        &self,
        application: &Application,
        view: &View,
        burst: u32,
        confidence: Confidence,
    ) -> Result<Vec<ClaimVerdict>> {
        if self.unit == Unit::Bytes {
            return self.judge_bytes(application, view).map(|one| vec![one]);
        }
        let counted = self.trials(application, view, burst)?;
        Ok(counted.into_iter().map(|(one, trials)| self.weigh(one, &trials, confidence)).collect())
    }

    /// What was counted, for each observer by name; where outcomes may come in bursts, slice by
    /// slice of time, between which bursts show. Elsewhere slices would mislead: requests are
    /// counted when they end, so that slow ones come later than quick ones that were sent with
    /// them. What was sent is compared with what arrived over all of the time only, because in the
    /// middle of it some of it is on its way.
    fn trials(
        &self,
        application: &Application,
        view: &View,
        burst: u32,
    ) -> Result<Vec<(Counted, Trials)>> {
        let sum = self.count(application, view, &view.sum)?;
        let mut all: Vec<_> =
            sum.into_iter().map(|counted| (counted, Trials::new(burst))).collect();
        if burst > 1 && !self.compares_sides() {
            for slice in &view.slices {
                for counted in self.count(application, view, slice)? {
                    let known = all.iter_mut().find(|(one, _)| one.who == counted.who);
                    if let Some((_, trials)) = known {
                        trials.push(counted.counts);
                    }
                }
            }
        }
        for (counted, trials) in &mut all {
            // Slices that do not add up to the whole tell nothing but that.
            if trials.total() != counted.counts {
                *trials = Trials::from(counted.counts).with_burst(burst);
            }
        }
        Ok(all)
    }

    fn weigh(
        &self,
        Counted { who, counts, short }: Counted,
        trials: &Trials,
        confidence: Confidence,
    ) -> ClaimVerdict {
        let verdict = judge(&self.bound, trials, confidence);
        let numbers = verdict.numbers(&format!("{} {}", self.unit, self.property.past()));
        // An exception that was seen stays one, whatever was not seen beside it.
        let for_good = matches!(
            (self.bound, verdict.decision),
            (Bound::Every | Bound::No, Decision::Violated) | (Bound::Some, Decision::Met)
        );
        let (decision, numbers) = match short {
            Some(short) if !for_good => (Decision::Undecided, format!("{numbers}; {short}")),
            _ => (verdict.decision, numbers),
        };
        let needed = effort_after(&self.bound, trials, confidence);
        ClaimVerdict { who, decision, numbers, trials: (counts.trials, needed) }
    }
}
