//! What the evidence holds for a claim: counts for each observer, and the verdict on them.

use std::time::Duration;

use super::agents::Agents;
use super::application::{Application, Service};
use super::evidence::Evidence;
use super::expectation::{
    Caller, Claim, Comparison, Expectation, Observer, Property, Unit, called,
};
use crate::error::Result;
use crate::load::{Latencies, Tally};
use crate::telemetry::{Filter, Reporter};
use crate::units::{ServiceName, Span};
use crate::verdict::{
    Bound, Confidence, Counts, Decision, Verdict, effort, effort_after, judge, judge_difference,
};

/// How many connections there must be before shares of their bytes are compared. Bytes are no
/// independent trials (a connection's belong together), so no error rate can be stated for them;
/// over this many connections, one more or less no longer moves a share by a tenth of a percent.
const BYTES_NEED_CONNECTIONS: u64 = 1_000;

/// One observer's verdict.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judgement {
    /// Who looked.
    pub who: String,
    /// How far the evidence goes.
    pub decision: Decision,
    /// The numbers behind it.
    pub numbers: String,
    /// How many trials there were, and how many are likely to be needed: for planning load.
    pub trials: (u64, u64),
}

// === impl Claim ===

impl Claim {
    /// Judges the evidence, for each observer by itself.
    pub(super) fn judge(
        &self,
        application: &Application,
        evidence: &Evidence,
        confidence: Confidence,
    ) -> Result<Vec<Judgement>> {
        match self {
            Self::Share(expectation) => expectation.judge(application, evidence, confidence),
            Self::Alike(comparison) => {
                comparison.judge(application, evidence, confidence).map(|judgement| vec![judgement])
            }
        }
    }

    /// How many trials of each observer the claim is likely to need.
    pub(super) fn effort(&self, confidence: Confidence) -> u64 {
        match self {
            Self::Share(expectation) => effort(&expectation.bound, confidence),
            // Each side must be known about as well as the sides may differ.
            Self::Alike(comparison) => {
                effort(&Bound::AtMost(comparison.most), confidence).saturating_mul(2)
            }
        }
    }
}

impl Comparison {
    fn judge(
        &self,
        application: &Application,
        evidence: &Evidence,
        confidence: Confidence,
    ) -> Result<Judgement> {
        let mut counts = [Counts::default(); 2];
        for (side, counts) in self.sides().iter().zip(&mut counts) {
            for (_, counted) in side.count(application, evidence)? {
                *counts = counted;
            }
        }
        let difference = judge_difference(self.most, counts, confidence);
        let fewest = counts.map(|counts| counts.trials).into_iter().min().unwrap_or_default();
        let [one, other] = &self.versions;
        Ok(Judgement {
            who: format!("the destination proxies of {} at {one} and {other}", self.service),
            decision: difference.decision,
            numbers: difference.numbers(&format!("requests {}", self.property)),
            trials: (fewest, effort(&Bound::AtMost(self.most), confidence).saturating_mul(2)),
        })
    }
}

// === impl Expectation ===

impl Expectation {
    fn judge(
        &self,
        application: &Application,
        evidence: &Evidence,
        confidence: Confidence,
    ) -> Result<Vec<Judgement>> {
        let what = format!("{} {}", self.unit, self.property);
        let judged = |(who, counts): (String, Counts)| {
            let verdict = judge(&self.bound, counts, confidence);
            Judgement {
                who,
                decision: verdict.decision,
                numbers: verdict.numbers(&what),
                trials: (counts.trials, effort_after(&self.bound, counts, confidence)),
            }
        };
        if self.unit == Unit::Bytes {
            return self.judge_bytes(application, evidence, confidence).map(|one| vec![one]);
        }
        Ok(self.count(application, evidence)?.into_iter().map(judged).collect())
    }

    /// Shares of bytes are compared as they were counted.
    fn judge_bytes(
        &self,
        application: &Application,
        evidence: &Evidence,
        confidence: Confidence,
    ) -> Result<Judgement> {
        let counts: Vec<_> = self.count(application, evidence)?;
        let counts = counts.first().map(|(_, counts)| *counts).unwrap_or_default();
        let connections = Self { unit: Unit::Connections, ..self.clone() };
        let connections = connections.count(application, evidence)?;
        let connections = connections.first().map_or(0, |(_, counts)| counts.trials);
        let share = counts.certain as f64 / counts.trials as f64;
        let holds = match self.bound {
            Bound::AtLeast(least) => share >= least.fraction(),
            Bound::AtMost(most) => share <= most.fraction(),
            Bound::Between(least, most) => least.fraction() <= share && share <= most.fraction(),
            Bound::All => counts.certain == counts.trials,
            Bound::None_ => counts.certain == 0,
            Bound::Some_ => counts.certain > 0,
        };
        let decision = match holds {
            _ if connections < BYTES_NEED_CONNECTIONS || counts.trials == 0 => Decision::Undecided,
            true => Decision::Met,
            false => Decision::Violated,
        };
        // The interval that goes with a verdict is for independent trials: it is not shown.
        let required = Verdict { decision, ..judge(&self.bound, counts, confidence) };
        let required = required.numbers("bytes");
        let required = required.rsplit_once("required ").map_or("", |(_, required)| required);
        Ok(Judgement {
            who: self.observer.to_string(),
            decision,
            numbers: format!(
                "{:.1}% of {} bytes on {connections} connections {} (as counted: bytes have no \
                 error rate), required {required}",
                share * 100.0,
                counts.trials,
                self.property,
            ),
            trials: (connections, BYTES_NEED_CONNECTIONS),
        })
    }

    /// What the evidence holds for it, for each observer by name.
    fn count(
        &self,
        application: &Application,
        evidence: &Evidence,
    ) -> Result<Vec<(String, Counts)>> {
        match &self.observer {
            Observer::EveryPortal => {
                let portals = evidence.clients.keys();
                portals.map(|name| self.count_portal(name, application, evidence)).collect()
            }
            Observer::Portals => {
                let mut all = Counts::exact(0, 0);
                for name in evidence.clients.keys() {
                    all = all.and(self.count_portal(name, application, evidence)?.1);
                }
                Ok(vec![(self.observer.to_string(), all)])
            }
            Observer::Portal(name) => Ok(vec![self.count_portal(name, application, evidence)?]),
            Observer::Proxies { reporter, service, version, caller } => {
                let service = application.service(service)?;
                let mut filter = filter(*reporter, service);
                filter.destination_version.clone_from(version);
                match caller {
                    Some(Caller::Portal(name)) => beside(&mut filter, application, name)?,
                    Some(Caller::Workload(name)) => {
                        filter.source_namespace = application.workload(name)?;
                        filter.source_workload = Some(name.clone());
                    }
                    None => {}
                }
                let counts = match &self.property {
                    Property::Copied(_) | Property::Arrives | Property::Tried(_) => {
                        self.compare_sides(&filter, application, evidence)?
                    }
                    _ => self.count_proxies(&filter, evidence),
                };
                Ok(vec![(self.observer.to_string(), counts)])
            }
        }
    }

    fn count_portal(
        &self,
        name: &str,
        application: &Application,
        evidence: &Evidence,
    ) -> Result<(String, Counts)> {
        let who = format!("portal {name}");
        let Some(report) = evidence.clients.get(name) else {
            return Ok((who, Counts::exact(0, 0)));
        };
        let counts = match &self.property {
            Property::Takes { low, high } => between(report, *low, *high),
            Property::Fails => Counts::exact(report.failed(), report.done),
            Property::Status(status) => {
                let with = report.by_status.get(status).copied().unwrap_or_default();
                Counts::exact(with, report.done)
            }
            Property::Unanswered => Counts::exact(report.by_error.values().sum(), report.done),
            // Only proxies know these; the client's own proxy is asked.
            Property::Flagged(_)
            | Property::Reaches(_)
            | Property::Copied(_)
            | Property::Arrives
            | Property::Tried(_) => {
                let service = called(application, name)?;
                let mut filter = filter(Reporter::Source, application.service(&service)?);
                beside(&mut filter, application, name)?;
                self.count_proxies(&filter, evidence)
            }
        };
        Ok((who, counts))
    }

    fn count_proxies(&self, filter: &Filter, evidence: &Evidence) -> Counts {
        let requests = evidence.window.requests(filter);
        let exact = |hits| Counts::exact(hits, requests.total());
        match &self.property {
            Property::Takes { low, high } => {
                let durations = evidence.window.durations(filter);
                let low = low.map_or(f64::NEG_INFINITY, Span::milliseconds);
                let high = high.map_or(f64::INFINITY, Span::milliseconds);
                let (certain, possible) = durations.share_between(low, high);
                Counts { certain, possible, trials: durations.count }
            }
            Property::Fails => exact(requests.errors()),
            Property::Status(status) => exact(requests.with_code(&status.to_string())),
            // Istio's code for a request that never got a response.
            Property::Unanswered => exact(requests.with_code("0")),
            Property::Flagged(flag) => exact(requests.with_flag(flag)),
            Property::Reaches(version) => match self.unit {
                Unit::Requests => exact(requests.to_version(version)),
                Unit::Connections => {
                    let tcp = evidence.window.tcp(filter);
                    Counts::exact(tcp.opened_to_version(version), tcp.total.opened)
                }
                Unit::Bytes => {
                    let tcp = evidence.window.tcp(filter);
                    let to = tcp.by_version.get(version).copied().unwrap_or_default();
                    let both = |sent: u64, received: u64| sent.saturating_add(received);
                    Counts::exact(
                        both(to.sent_bytes, to.received_bytes),
                        both(tcp.total.sent_bytes, tcp.total.received_bytes),
                    )
                }
            },
            // `compare_sides` counts these.
            Property::Copied(_) | Property::Arrives | Property::Tried(_) => Counts::exact(0, 0),
        }
    }

    /// Counts what was sent against what arrived. Where no caller is named, the load's own requests
    /// are counted: they have all ended when the proxies are read, so that both sides agree to the
    /// request.
    fn compare_sides(
        &self,
        filter: &Filter,
        application: &Application,
        evidence: &Evidence,
    ) -> Result<Counts> {
        let mut filters = Vec::new();
        if filter.source_workload.is_some() {
            filters.push(filter.clone());
        } else {
            for name in evidence.clients.keys() {
                let mut filter = filter.clone();
                beside(&mut filter, application, name)?;
                filters.push(filter);
            }
        }
        let (mut sent, mut arrived) = (0, 0);
        let (mut sent_there, mut arrived_there) = (0, 0);
        for filter in filters {
            let source = evidence.window.requests(&filter);
            let reporter = Some(Reporter::Destination);
            let destination = evidence.window.requests(&Filter { reporter, ..filter });
            sent += source.total();
            arrived += destination.total();
            if let Property::Copied(version) = &self.property {
                sent_there += source.to_version(version);
                arrived_there += destination.to_version(version);
            }
        }
        Ok(match &self.property {
            // Each request is copied once or not at all: an independent trial. What the source
            // itself sent to the version is no copy.
            Property::Copied(_) => Counts::exact(arrived_there.saturating_sub(sent_there), sent),
            Property::Tried(times) => tried(u64::from(*times), sent, arrived),
            _ => Counts::exact(arrived.min(sent), sent),
        })
    }
}

/// Requests that were tried exactly so often, as far as the sums tell.
fn tried(times: u64, sent: u64, arrived: u64) -> Counts {
    let expected = sent.saturating_mul(times);
    // With none tried more often, which a proxy's bound on attempts sees to, the sums agree if and
    // only if each request was tried as often; a difference is spread over at least one request.
    match expected.abs_diff(arrived) {
        0 => Counts::exact(sent, sent),
        off => Counts {
            certain: sent.saturating_sub(off),
            possible: sent
                .saturating_sub(off.div_ceil(times.saturating_sub(1).max(1)).min(sent).max(1)),
            trials: sent,
        },
    }
}

pub(super) fn filter(reporter: Reporter, service: &Service) -> Filter {
    let namespace = Some(service.namespace.clone());
    Filter::of(reporter, &ServiceName { name: service.name.clone(), namespace })
}

/// Only what the load beside this portal sent.
pub(super) fn beside(filter: &mut Filter, application: &Application, portal: &str) -> Result<()> {
    let (namespace, workload) = Agents::workload(application.portal(portal)?);
    filter.source_namespace = Some(namespace);
    filter.source_workload = Some(workload);
    Ok(())
}

/// Requests that took at least `low` and less than `high`. Only those count for certain that did so
/// both from when they were due and from when they were sent: a generator that was late for some of
/// them must not decide a claim, neither for the mesh nor against it.
fn between(tally: &Tally, low: Option<Span>, high: Option<Span>) -> Counts {
    let (latency, service) = (tally.latency.all(), tally.service.all());
    // The histogram's upper bound is inclusive, the claims' is not.
    let below = |times: &Latencies, bound: Option<Span>| {
        let bound = bound?.duration().saturating_sub(Duration::from_micros(1));
        Some(times.count_between(Duration::ZERO, bound))
    };
    let too_short = |times: &Latencies| below(times, low).unwrap_or_default();
    // What was cut has no time at all.
    let timed = |times: &Latencies| times.count_between(Duration::ZERO, Duration::MAX);
    let short_enough = |times: &Latencies| below(times, high).unwrap_or_else(|| timed(times));
    // Counted from when it was due, a request never takes less than from when it was sent.
    Counts {
        certain: short_enough(&latency).saturating_sub(too_short(&service)),
        possible: short_enough(&service).saturating_sub(too_short(&latency)),
        trials: tally.done,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_late_generator_decides_nothing_about_latency() {
        let mut tally = Tally::default();
        let due = Instant::now();
        let after = |ms| due + Duration::from_millis(ms);
        // In time and slow; late and, from when it was due, slow; quick.
        for (sent, ended) in [(0, 1_000), (100, 1_050), (0, 500)] {
            tally.latency.ok.record(after(ended) - due);
            tally.service.ok.record(after(ended) - after(sent));
            tally.done += 1;
        }
        let span = |text: &str| Some(text.parse::<Span>().unwrap());
        let slow = Counts { certain: 1, possible: 2, trials: 3 };
        let quick = Counts { certain: 1, possible: 2, trials: 3 };
        assert_eq!(between(&tally, span("960ms"), None), slow);
        assert_eq!(between(&tally, None, span("960ms")), quick);
        assert_eq!(between(&tally, span("400ms"), span("2s")), Counts::exact(3, 3));
        assert_eq!(between(&tally, None, None), Counts::exact(3, 3));
    }

    #[test]
    fn tries_are_counted_from_the_sums() {
        assert_eq!(tried(3, 100, 300), Counts::exact(100, 100));
        assert_eq!(tried(1, 100, 100), Counts::exact(100, 100));
        // One request was tried once less, or some request once more: not all of them fit.
        for (times, arrived) in [(3, 299), (3, 301), (1, 99), (1, 101), (3, 100), (2, 0)] {
            let counts = tried(times, 100, arrived);
            assert!(counts.is_consistent(), "{times} {arrived}: {counts:?}");
            assert!(counts.possible < 100, "{times} {arrived}: {counts:?}");
        }
    }
}
