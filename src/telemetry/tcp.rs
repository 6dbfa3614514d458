//! Questions about TCP connections and their bytes. Pure.

use std::collections::BTreeMap;

use exposition::Labels;

use crate::telemetry::filter::{Filter, Fit};
use crate::telemetry::metric::{TCP_CLOSED, TCP_OPENED, TCP_RECEIVED, TCP_SENT};
use crate::telemetry::requests::{Doubtful, VERSION};
use crate::telemetry::series::Key;
use crate::telemetry::window::Window;

/// TCP connections and bytes, in all and by whom they reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tcp {
    /// All of them.
    pub total: TcpCounts,
    /// As [`Requests::lacks`](super::Requests::lacks).
    pub lacks: Option<&'static str>,
    by_version: BTreeMap<Option<String>, TcpCounts>,
}

/// What is counted of TCP connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpCounts {
    /// Connections opened.
    pub opened: u64,
    /// Connections closed.
    pub closed: u64,
    /// Bytes sent to the client: responses.
    pub sent_bytes: u64,
    /// Bytes received from the client: requests.
    pub received_bytes: u64,
}

// === impl Window ===

impl Window {
    /// TCP connections and bytes that were counted in the window.
    #[must_use]
    pub fn tcp(&self, filter: &Filter) -> Tcp {
        type Field = fn(&mut TcpCounts) -> &mut u64;
        let fields: [(&str, Field); 4] = [
            (TCP_OPENED, |counts| &mut counts.opened),
            (TCP_CLOSED, |counts| &mut counts.closed),
            (TCP_SENT, |counts| &mut counts.sent_bytes),
            (TCP_RECEIVED, |counts| &mut counts.received_bytes),
        ];
        let mut tcp = Tcp::default();
        let mut doubtful = Doubtful::default();
        for (metric, field) in fields {
            for (labels, count, fit) in self.counted(metric, filter) {
                doubtful.take(fit, count);
                if fit == Fit::Yes {
                    let version = labels.find(VERSION).map(str::to_owned);
                    *field(&mut tcp.total) += count;
                    *field(tcp.by_version.entry(version).or_default()) += count;
                }
            }
        }
        Tcp { lacks: doubtful.lacks, ..tcp }
    }

    pub(crate) fn counted<'a>(
        &'a self,
        metric: &'a str,
        filter: &'a Filter,
    ) -> impl Iterator<Item = (&'a Labels, u64, Fit)> {
        let of_metric = self.counters.iter().filter(move |(key, _)| key.metric == metric);
        of_metric.map(|(Key { labels, .. }, count)| (&**labels, *count, filter.fit(labels)))
    }
}

// === impl Tcp ===

impl Tcp {
    /// What reached pods of this version.
    #[must_use]
    pub fn to_version(&self, version: &str) -> Option<TcpCounts> {
        if self.lacks.is_some() || self.by_version.contains_key(&None) {
            return None;
        }
        let found = self.by_version.get(&Some(version.to_owned()));
        Some(found.copied().unwrap_or_default())
    }
}
