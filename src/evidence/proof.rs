//! What proves that a configuration took effect: a claim itself, that so much of what was seen
//! shows it. Pure.

use std::collections::BTreeSet;

use crate::evidence::piece::View;
use crate::faults::{Proof, Signal};
use crate::telemetry::{Filter, Reporter};
use crate::units::Percent;
use crate::verdict::{Bound, Confidence, Counts, Decision, effort_after, judge};

/// What proves a configuration, and what is missing.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) all: Vec<String>,
    pub(crate) missing: Option<String>,
    /// How many trials there were of a proof that is open, and how many it is likely to need.
    pub(crate) open: Option<(u64, u64)>,
}

/// Proofs that were shown at least once in a scenario.
pub(crate) type Proven = BTreeSet<Proof>;

/// What proves that everything that is configured took effect, and the first proof that is
/// missing. A proof is a claim itself: that so much of what was seen shows it.
pub(crate) fn shown(
    proofs: &[Proof],
    view: &View,
    proven: &mut Proven,
    confidence: Confidence,
) -> Shown {
    let mut shown = Shown::default();
    for proof in proofs {
        let (hits, trials, what) = count(proof, view);
        let decision = match least(proof) {
            None if hits > 0 => Decision::Met,
            None => Decision::Violated,
            Some(bound) => judge(&bound, &Counts::exact(hits, trials).into(), confidence).decision,
        };
        match decision {
            Decision::Met => {
                shown.all.push(format!("{hits} {what}"));
                proven.insert(proof.clone());
            }
            _ if proof.signal.of_a_limit() && proven.contains(proof) => {}
            _ if hits == 0 => drop(shown.missing.get_or_insert(format!("no {what}"))),
            Decision::Violated | Decision::Undecided => {
                let least = proof.least_percent;
                let some = format!("only {hits} of {trials} {what}, not shown to be {least}%");
                shown.missing.get_or_insert(some);
            }
        }
        if let (Decision::Undecided, Some(bound)) = (decision, least(proof)) {
            let needed = effort_after(&bound, &Counts::exact(hits, trials).into(), confidence);
            shown.open.get_or_insert((trials, needed));
        }
    }
    shown
}

/// How many requests show a proof, of how many, and what that is called.
fn count(proof: &Proof, view: &View) -> (u64, u64, String) {
    let Proof { service, signal, least_percent: _ } = proof;
    let source = Filter::of(Reporter::Source, service);
    let destination = Filter::of(Reporter::Destination, service);
    let window = &view.sum.window;
    let arrived =
        |version: &str| window.requests(&destination).to_version(version).unwrap_or_default();
    let sent = window.requests(&source);
    let name = &service.name;
    let (hits, what) = match signal {
        Signal::Flag(flag) => {
            let hits = sent.with_flag(flag).unwrap_or_default();
            (hits, format!("requests to {name} carry flag {flag}"))
        }
        Signal::Reached(version) => {
            let connections = window.tcp(&destination).to_version(version);
            let connections = connections.map_or(0, |counts| counts.opened);
            (arrived(version) + connections, format!("requests reached {name} {version}"))
        }
        Signal::Copied(version) => {
            let there = sent.to_version(version).unwrap_or_default();
            let copies = arrived(version).saturating_sub(there);
            (copies, format!("requests were copied to {name} {version}"))
        }
        Signal::Repeated => {
            let (_, once) = sent.arrivals();
            let again = window.requests(&destination).total().saturating_sub(once);
            (again, format!("requests to {name} were tried again"))
        }
    };
    (hits, sent.total().max(hits), what)
}

/// What share of the requests must show a proof; none: one is enough.
pub(crate) fn least(proof: &Proof) -> Option<Bound> {
    let percent = Percent::new(f64::from(proof.least_percent)).ok();
    percent.filter(|percent| *percent > Percent::NOTHING).map(Bound::AtLeast)
}
