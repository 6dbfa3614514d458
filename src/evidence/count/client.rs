//! What a client counted. Pure.

use std::time::Duration;

use crate::application::Application;
use crate::error::Result;
use crate::evidence::claim::{Expectation, Property};
use crate::evidence::count::judgement::Counted;
use crate::evidence::filters::{beside, called, filter};
use crate::evidence::piece::{Slice, View};
use crate::load::{Latencies, Tally};
use crate::telemetry::Reporter;
use crate::units::Span;
use crate::verdict::Counts;

impl Expectation {
    /// What the load through one client counted.
    pub(crate) fn count_client(
        &self,
        name: &str,
        application: &Application,
        view: &View,
        slice: &Slice,
    ) -> Result<Counted> {
        let who = format!("client {name}");
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
}

/// Requests that took at least `low` and less than `high`. Only those count for certain that did so
/// both from when they were due and from when they were sent: a generator that was late for some of
/// them must not decide a claim, neither for the mesh nor against it.
pub(crate) fn between(tally: &Tally, low: Option<Span>, high: Option<Span>) -> Counts {
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
