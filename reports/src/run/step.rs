//! A step, what it changed, and the claims that were judged in it.

use crate::outcome::Outcome;
use crate::wording;

/// A step as far as its records tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// `Given`, `When`, `Then`; empty for what happened outside of the steps.
    pub keyword: String,
    /// The sentence.
    pub text: String,
    /// Its line.
    pub line: u32,
    /// Milliseconds since the run's start when it began.
    pub started_ms: u64,
    /// Outcome, reason and how long it took; `None` if it did not end.
    pub finished: Option<(Outcome, Option<String>, u64)>,
    /// Claims that were judged in it.
    pub claims: Vec<Claim>,
    /// Changes of the mesh, in words.
    pub changes: Vec<String>,
    /// What of them may not do what was meant.
    pub warnings: Vec<String>,
}

/// A claim that was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// How it went.
    pub outcome: Outcome,
    /// In words.
    pub text: String,
    /// Who observed, if the record says it apart.
    pub observer: Option<String>,
    /// The numbers behind it.
    pub numbers: String,
    /// That the fault took effect.
    pub proof: Option<String>,
}

// === impl Step ===

impl Step {
    /// One that has just begun.
    pub(super) fn new((keyword, text, line): (String, String, u32), started_ms: u64) -> Self {
        Self {
            keyword,
            text,
            line,
            started_ms,
            finished: None,
            claims: Vec::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// How it ended; `Skipped` if it did not.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.finished {
            Some((outcome, _, _)) => *outcome,
            None if self.keyword.is_empty() => Outcome::Passed,
            None => Outcome::Skipped,
        }
    }
}

// === impl Claim ===

impl Claim {
    /// It and its numbers, once: who saw how many do what. Records of earlier versions say who
    /// observed at the beginning of the numbers, or nowhere but in the claim's sentence.
    #[must_use]
    pub fn stated(&self) -> String {
        let Self { observer, text, numbers, .. } = self;
        let before_interval = numbers.split('(').next().unwrap_or_default();
        match observer {
            Some(observer) => format!("{observer}: {numbers}"),
            None if before_interval.contains(": ") => numbers.clone(),
            None => format!("{text}: {numbers}"),
        }
    }
}

/// A change of the mesh in words.
pub(crate) fn changed(objects: &[String], proxies: u32, converged_ms: u64, proof: &str) -> String {
    let knew = if proxies == 1 { "proxy knew" } else { "proxies knew" };
    let after = wording::duration(converged_ms);
    let proof = if proof.is_empty() { String::new() } else { format!(" ({proof})") };
    format!("{}; {proxies} {knew} after {after}{proof}", objects.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_and_its_numbers_are_stated_once() {
        let stated = |observer: Option<&str>, numbers: &str| {
            let observer = observer.map(str::to_owned);
            let (text, numbers) = ("portals see it".to_owned(), numbers.to_owned());
            let claim = Claim { outcome: Outcome::Passed, text, observer, numbers, proof: None };
            claim.stated()
        };
        assert_eq!(stated(Some("portal a"), "3 of 3 (99.9%: 0)"), "portal a: 3 of 3 (99.9%: 0)");
        assert_eq!(stated(None, "portal a: 3 of 3 (99.9%: 0)"), "portal a: 3 of 3 (99.9%: 0)");
        assert_eq!(stated(None, "3 of 3 (99.9%: 0)"), "portals see it: 3 of 3 (99.9%: 0)");
    }
}
