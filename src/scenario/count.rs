//! What the evidence holds for a claim: counts for each observer, and the verdict on them.

use std::time::Duration;

use super::agents::Agents;
use super::evidence::{Evidence, Slice, View};
use super::expectation::{
    Caller, Claim, Comparison, Expectation, Observer, Property, Unit, called,
};
use super::reconcile::Doubt;
use crate::application::{Application, Service};
use crate::error::Result;
use crate::load::{Latencies, Tally};
use crate::telemetry::{Filter, Metric, Missing, Reporter, TcpCounts, Window};
use crate::units::{ServiceName, Span};
use crate::verdict::{
    Bound, Confidence, Counts, Decision, Trials, effort, effort_after, judge, judge_difference,
};

/// How many connections there must be before shares of their bytes are compared. Bytes are no
/// independent trials (a connection's belong together), so no error rate can be stated for them;
/// over this many connections, one more or less no longer moves a share by a tenth of a percent.
const BYTES_NEED_CONNECTIONS: u64 = 1_000;

/// One part in this many may be counted and not timed, or the other way round: durations settle
/// later than counts, and load that is not ours goes on meanwhile.
const UNTIMED_PART: u64 = 100;

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

/// What one observer saw.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counted {
    /// Who looked.
    who: String,
    /// What was counted.
    counts: Counts,
    /// Why that is not all there is to know; then it decides only what nothing more could change.
    short: Option<String>,
}

// === impl Claim ===

impl Claim {
    /// Judges the evidence, for each observer by itself.
    pub(super) fn judge(
        &self,
        application: &Application,
        evidence: &Evidence,
        burst: u32,
        confidence: Confidence,
    ) -> Result<Vec<Judgement>> {
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
    pub(super) fn effort(&self, burst: u32, confidence: Confidence) -> u64 {
        match self {
            Self::Share(expectation) => effort(&expectation.bound, burst, confidence),
            // Each side must be known about as well as the sides may differ.
            Self::Alike(comparison) => {
                effort(&Bound::AtMost(comparison.most), burst, confidence).saturating_mul(2)
            }
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
    ) -> Result<Judgement> {
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
        Ok(Judgement {
            who: format!("the destination of {} at {one} and {other}", self.service),
            decision,
            numbers,
            trials: (
                fewest,
                effort(&Bound::AtMost(self.most), burst, confidence).saturating_mul(2),
            ),
        })
    }
}

// === impl Expectation ===

impl Expectation {
    fn judge(
        &self,
        application: &Application,
        view: &View,
        burst: u32,
        confidence: Confidence,
    ) -> Result<Vec<Judgement>> {
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
    ) -> Judgement {
        let verdict = judge(&self.bound, trials, confidence);
        let numbers = verdict.numbers(&format!("{} {}", self.unit, self.property.past()));
        // An exception that was seen stays one, whatever was not seen beside it.
        let for_good = matches!(
            (self.bound, verdict.decision),
            (Bound::All | Bound::None_, Decision::Violated) | (Bound::Some_, Decision::Met)
        );
        let (decision, numbers) = match short {
            Some(short) if !for_good => (Decision::Undecided, format!("{numbers}; {short}")),
            _ => (verdict.decision, numbers),
        };
        let needed = effort_after(&self.bound, trials, confidence);
        Judgement { who, decision, numbers, trials: (counts.trials, needed) }
    }

    /// Shares of bytes are compared as they were counted.
    fn judge_bytes(&self, application: &Application, view: &View) -> Result<Judgement> {
        let first = |unit| {
            let counted = Self { unit, ..self.clone() }.count(application, view, &view.sum);
            counted.map(|all| all.into_iter().next())
        };
        let none =
            || Counted { who: self.observer.to_string(), counts: Counts::exact(0, 0), short: None };
        let Counted { who, counts, short } = first(Unit::Bytes)?.unwrap_or_else(none);
        let connections = first(Unit::Connections)?.map_or(0, |counted| counted.counts.trials);
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
            _ if connections < BYTES_NEED_CONNECTIONS || counts.trials == 0 || short.is_some() => {
                Decision::Undecided
            }
            true => Decision::Met,
            false => Decision::Violated,
        };
        // The interval that goes with a verdict is for independent trials: it is not shown.
        let required = self.bound.required();
        let short = short.map(|short| format!("; {short}")).unwrap_or_default();
        Ok(Judgement {
            who,
            decision,
            numbers: format!(
                "{:.1}% of {} bytes on {connections} connections {} (as counted: bytes have no \
                 error rate), {required}{short}",
                share * 100.0,
                counts.trials,
                self.property.past(),
            ),
            trials: (connections, BYTES_NEED_CONNECTIONS),
        })
    }

    /// What the evidence holds for it, for each observer by name.
    fn count(&self, application: &Application, view: &View, slice: &Slice) -> Result<Vec<Counted>> {
        match &self.observer {
            Observer::EveryPortal => {
                let portals = view.portals();
                portals.map(|name| self.count_portal(name, application, view, slice)).collect()
            }
            Observer::Portals => {
                let (mut counts, mut short) = (Counts::exact(0, 0), None);
                for name in view.portals() {
                    let counted = self.count_portal(name, application, view, slice)?;
                    counts = counts.and(counted.counts);
                    short = short.or(counted.short);
                }
                Ok(vec![Counted { who: self.observer.to_string(), counts, short }])
            }
            Observer::Portal(name) => {
                Ok(vec![self.count_portal(name, application, view, slice)?])
            }
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
                let (counts, short) = match &self.property {
                    Property::Copied(_) | Property::Arrives | Property::Tried(_) => {
                        self.compare_sides(&filter, application, view)?
                    }
                    _ => self.count_proxies(&filter, &slice.window),
                };
                let doubt = view.doubt(application, &filter, self.compares_sides())?;
                let who = self.observer.to_string();
                Ok(vec![Counted { who, counts, short: short.or(doubt) }])
            }
        }
    }

    /// Whether it compares what was sent with what arrived.
    fn compares_sides(&self) -> bool {
        matches!(self.property, Property::Copied(_) | Property::Arrives | Property::Tried(_))
    }

    fn count_portal(
        &self,
        name: &str,
        application: &Application,
        view: &View,
        slice: &Slice,
    ) -> Result<Counted> {
        let who = format!("portal {name}");
        let none = Tally::default();
        let report = slice.clients.get(name).unwrap_or(&none);
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
                let (counts, short) = self.count_proxies(&filter, &slice.window);
                let doubt = view.doubt(application, &filter, false)?;
                return Ok(Counted { who, counts, short: short.or(doubt) });
            }
        };
        Ok(Counted { who, counts, short: None })
    }

    /// What the proxies counted, and why it is not all there is to know, if so.
    fn count_proxies(&self, filter: &Filter, window: &Window) -> (Counts, Option<String>) {
        let requests = window.requests(filter);
        let total = requests.total();
        let exact = |hits: Option<u64>, label: &str| match hits {
            Some(hits) => (Counts::exact(hits, total), None),
            None => {
                let short = format!("these proxies do not tell {label} of every request");
                (Counts { certain: 0, possible: total, trials: total }, Some(short))
            }
        };
        let (counts, lacks) = match &self.property {
            Property::Takes { low, high } => return timed(filter, window, *low, *high),
            Property::Fails => exact(requests.errors(), "the response_code"),
            Property::Status(status) => {
                exact(requests.with_code(&status.to_string()), "the response_code")
            }
            // Istio's code for a request that never got a response.
            Property::Unanswered => exact(requests.with_code("0"), "the response_code"),
            Property::Flagged(flag) => exact(requests.with_flag(flag), "the response_flags"),
            Property::Reaches(version) if self.unit == Unit::Requests => {
                exact(requests.to_version(version), "the destination_version")
            }
            Property::Reaches(version) => return self.count_tcp(filter, version, window),
            // `compare_sides` counts these.
            Property::Copied(_) | Property::Arrives | Property::Tried(_) => {
                (Counts::exact(0, 0), None)
            }
        };
        let lacks = lacks.or_else(|| {
            let label = requests.lacks()?;
            Some(format!("these proxies do not tell the {label} of every request"))
        });
        (counts, lacks.or_else(|| missing(window, filter, Metric::Requests)))
    }

    fn count_tcp(
        &self,
        filter: &Filter,
        version: &str,
        window: &Window,
    ) -> (Counts, Option<String>) {
        let tcp = window.tcp(filter);
        let Some(to) = tcp.to_version(version) else {
            let short = "these proxies do not tell the destination_version of every connection";
            return (Counts::exact(0, 0), Some(short.to_owned()));
        };
        let of = |counts: &TcpCounts| match self.unit {
            Unit::Bytes => counts.sent_bytes.saturating_add(counts.received_bytes),
            Unit::Requests | Unit::Connections => counts.opened,
        };
        let counts = Counts::exact(of(&to), of(&tcp.total));
        (counts, missing(window, filter, Metric::Tcp))
    }

    /// Counts what was sent against what arrived. Where no caller is named, the load's own requests
    /// are counted: they have all ended when the proxies are read, so that both sides agree to the
    /// request.
    fn compare_sides(
        &self,
        filter: &Filter,
        application: &Application,
        view: &View,
    ) -> Result<(Counts, Option<String>)> {
        let mut filters = Vec::new();
        if filter.source_workload.is_some() {
            filters.push(filter.clone());
        } else {
            for name in view.portals() {
                let mut filter = filter.clone();
                beside(&mut filter, application, name)?;
                filters.push(filter);
            }
        }
        let (mut sent, mut arrived) = (0, 0);
        let (mut sent_there, mut arrived_there) = (Some(0), Some(0));
        let mut short = None;
        let window = &view.sum.window;
        let sum = |so_far: Option<u64>, more: Option<u64>| Some(so_far? + more?);
        for source in filters {
            let reporter = Some(Reporter::Destination);
            let destination = Filter { reporter, ..source.clone() };
            for filter in [&source, &destination] {
                short = short.or_else(|| missing(window, filter, Metric::Requests));
            }
            let (out, there) = (window.requests(&source), window.requests(&destination));
            sent += out.total();
            arrived += there.total();
            if let Property::Copied(version) = &self.property {
                sent_there = sum(sent_there, out.to_version(version));
                arrived_there = sum(arrived_there, there.to_version(version));
            }
        }
        let counts = match &self.property {
            // Each request is copied once or not at all: an independent trial. What the source
            // itself sent to the version is no copy.
            Property::Copied(_) => match arrived_there.zip(sent_there) {
                Some((arrived, of_them_sent)) => {
                    Counts::exact(arrived.saturating_sub(of_them_sent), sent)
                }
                None => {
                    let lacks =
                        "these proxies do not tell the destination_version of every request";
                    short.get_or_insert(lacks.to_owned());
                    Counts::exact(0, sent)
                }
            },
            Property::Tried(times) => tried(u64::from(*times), sent, arrived),
            _ => Counts::exact(arrived.min(sent), sent),
        };
        Ok((counts, short))
    }
}

impl View {
    /// The portals through which load was sent, in order.
    fn portals(&self) -> impl Iterator<Item = &String> {
        self.sum.clients.keys()
    }

    /// Why what a filter asks for is in doubt, if ledgers that it rests on did not come together.
    fn doubt(
        &self,
        application: &Application,
        filter: &Filter,
        both_sides: bool,
    ) -> Result<Option<String>> {
        for doubt in &self.doubts {
            let side = both_sides || filter.reporter.is_none_or(|reporter| reporter == doubt.side);
            let service = application.service(&doubt.service)?;
            let asked = filter.destination_service.as_ref();
            let about = asked.is_none_or(|asked| {
                asked.name == service.name
                    && asked.namespace.as_ref().is_none_or(|ns| *ns == service.namespace)
            });
            let (_, workload) = Agents::workload(application.portal(&doubt.portal)?);
            let caller = filter.source_workload.as_ref().is_none_or(|source| *source == workload);
            if side && about && caller {
                let Doubt { portal, text, .. } = doubt;
                return Ok(Some(format!("the ledgers of portal {portal} did not agree: {text}")));
            }
        }
        Ok(None)
    }
}

/// Which part of which pod's telemetry is missing that a filter asks for, in words.
fn missing(window: &Window, filter: &Filter, metric: Metric) -> Option<String> {
    let missing = window.missing(filter, metric);
    (!missing.is_empty()).then(|| format!("telemetry is missing: {}", Missing::sentence(&missing)))
}

/// How long proxies saw requests take, and why that is not all there is to know, if so.
fn timed(
    filter: &Filter,
    window: &Window,
    low: Option<Span>,
    high: Option<Span>,
) -> (Counts, Option<String>) {
    let counted = window.requests(filter).total();
    let durations = window.durations(filter);
    let low = low.map_or(f64::NEG_INFINITY, Span::milliseconds);
    let high = high.map_or(f64::INFINITY, Span::milliseconds);
    let (certain, possible) = durations.share_between(low, high);
    let counts = Counts { certain, possible, trials: durations.count };
    let short = missing(window, filter, Metric::Durations).or_else(|| {
        if durations.count == 0 && counted > 0 {
            return Some(format!("these proxies counted {counted} requests and timed none"));
        }
        let tolerated = counted.max(durations.count) / UNTIMED_PART;
        (counted.abs_diff(durations.count) > tolerated).then(|| {
            format!("these proxies counted {counted} requests and timed {}", durations.count)
        })
    });
    (counts, short)
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
