//! What was sent against what arrived. Pure.

use crate::application::Application;
use crate::error::Result;
use crate::evidence::claim::{Expectation, Property};
use crate::evidence::count::proxies::missing;
use crate::evidence::filters::beside;
use crate::evidence::piece::View;
use crate::telemetry::{Filter, Metric, Reporter};
use crate::verdict::Counts;

impl Expectation {
    /// Counts what was sent against what arrived. Where no caller is named, the load's own requests
    /// are counted: they have all ended when the proxies are read, so that both sides agree to the
    /// request.
    pub(crate) fn compare_sides(
        &self,
        filter: &Filter,
        application: &Application,
        view: &View,
    ) -> Result<(Counts, Option<String>)> {
        let mut filters = Vec::new();
        if filter.source_workload.is_some() {
            filters.push(filter.clone());
        } else {
            for name in view.clients() {
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

/// Requests that were tried exactly so often, as far as the sums tell.
pub(crate) fn tried(times: u64, sent: u64, arrived: u64) -> Counts {
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
