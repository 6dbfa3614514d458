//! Questions to a window, in Istio's terms: who reports, from which workload, to which service.
//! Pure.
//!
//! Which labels tell what, and what a failed request's labels look like, is Istio's standard
//! metrics (istio.io, "Istio Standard Metrics"; istio/proxy, `istio_stats.cc`). Above all: when a
//! proxy picked no host (a fault, an overflow, no route), its `destination_workload` is `unknown`.
//! So ask by destination *service*.
//!
//! A mesh may be told to leave out labels, or whole metrics (istio.io, "Customizing Istio Metrics
//! with Telemetry API"). What is asked of a label that some of the counted series lack has no
//! answer, `None`: "0 of 50 requests carry the flag" would be an invention. A label that is there
//! and empty, or `unknown`, is an answer.

use std::collections::BTreeMap;

use super::filter::{Filter, Fit};
use super::histogram::Histogram;
use super::snapshot::{Key, REQUESTS, TCP_CLOSED, TCP_OPENED, TCP_RECEIVED, TCP_SENT};
use super::window::{Window, tally};
use exposition::Labels;

const WORKLOAD: &str = "destination_workload";
const VERSION: &str = "destination_version";

/// Requests, grouped by what tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests {
    groups: BTreeMap<Group, u64>,
    doubtful: Doubtful,
}

/// Requests that are alike. A label that is not there is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    code: Option<String>,
    flags: Option<String>,
    workload: Option<String>,
    version: Option<String>,
}

/// What may have been asked for, but lacks a label that the filter asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Doubtful {
    lacks: Option<&'static str>,
    count: u64,
}

/// Whether a request that a source counted reached a host, so that the host's proxy counts it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Never,
    Perhaps,
    Certain,
}

/// How long requests took, as the proxies' histograms have it.
///
/// Where `Requests::total` of the same filter is above 0 and `count` is 0, the requests were not
/// timed: `istio_request_duration_milliseconds` can be turned off, and nothing can be said then.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Durations {
    /// Limits between buckets in milliseconds, ascending. Series with different limits are merged
    /// on those they share.
    pub bounds_ms: Vec<f64>,
    /// Requests per bucket; one more than limits, the last is what lies above them all.
    pub buckets: Vec<u64>,
    /// All durations added up, in milliseconds. Envoy sums the middles of its fine bins (two
    /// significant digits), so this is good to about 1% for durations near 5 s and 5% near 1 s.
    pub sum_ms: f64,
    /// How many requests. Proxies merge histograms up to 5 s later than counters: until this equals
    /// `Requests::total` of the same filter, some durations are still to come.
    pub count: u64,
    /// As [`Requests::lacks`].
    pub lacks: Option<&'static str>,
}

/// TCP connections and bytes, in all and by whom they reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tcp {
    /// All of them.
    pub total: TcpCounts,
    /// As [`Requests::lacks`].
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

impl Window {
    /// Requests that ended in the window.
    #[must_use]
    pub fn requests(&self, filter: &Filter) -> Requests {
        let mut doubtful = Doubtful::default();
        let counted = self.counted(REQUESTS, filter);
        let sure = counted.filter(|(_, count, fit)| {
            doubtful.take(*fit, *count);
            *fit == Fit::Yes
        });
        let groups = tally(sure.map(|(labels, count, _)| (Group::of(labels), count)));
        Requests { groups, doubtful }
    }

    /// How long the requests took that ended in the window.
    #[must_use]
    pub fn durations(&self, filter: &Filter) -> Durations {
        let mut merged: Option<Durations> = None;
        let mut doubtful = Doubtful::default();
        for (labels, histograms) in &self.durations {
            let fit = filter.fit(labels);
            for histogram in histograms {
                doubtful.take(fit, histogram.count());
                if fit == Fit::Yes {
                    let next = Durations::of(histogram);
                    merged = Some(match merged {
                        Some(so_far) => so_far.merged(&next),
                        None => next,
                    });
                }
            }
        }
        Durations { lacks: doubtful.lacks, ..merged.unwrap_or_default() }
    }

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

    fn counted<'a>(
        &'a self,
        metric: &'a str,
        filter: &'a Filter,
    ) -> impl Iterator<Item = (&'a Labels, u64, Fit)> {
        let of_metric = self.counters.iter().filter(move |(key, _)| key.metric == metric);
        of_metric.map(|(Key { labels, .. }, count)| (&**labels, *count, filter.fit(labels)))
    }
}

// === impl Doubtful ===

impl Doubtful {
    fn take(&mut self, fit: Fit, count: u64) {
        if let Fit::Lacks(label) = fit {
            self.lacks.get_or_insert(label);
            self.count = self.count.saturating_add(count);
        }
    }
}

// === impl Requests ===

impl Requests {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.groups.values().sum()
    }

    /// A label that the filter asks about and that counted series lack which fit otherwise: nobody
    /// can tell whether they are among those that were asked for. `total` is without them.
    #[must_use]
    pub const fn lacks(&self) -> Option<&'static str> {
        self.doubtful.lacks
    }

    /// Those answered with 5xx, or never answered (code 0).
    #[must_use]
    pub fn errors(&self) -> Option<u64> {
        let is_error = |code: &str| code == "0" || (code.len() == 3 && code.starts_with('5'));
        self.with(|group| group.code.as_deref(), is_error)
    }

    /// Those with one of Envoy's response flags, alone or among others; `-` counts those without.
    #[must_use]
    pub fn with_flag(&self, flag: &str) -> Option<u64> {
        self.with(|group| group.flags.as_deref(), |flags| has_flag(flags, flag))
    }

    /// Those with a status code; `0` if no response was ever produced.
    #[must_use]
    pub fn with_code(&self, code: &str) -> Option<u64> {
        self.with(|group| group.code.as_deref(), |is| is == code)
    }

    /// Those that reached a workload, e.g. `travels-v2`; `unknown` where no host was picked.
    #[must_use]
    pub fn to_workload(&self, workload: &str) -> Option<u64> {
        self.with(|group| group.workload.as_deref(), |is| is == workload)
    }

    /// Those that reached a version, e.g. `v2`.
    #[must_use]
    pub fn to_version(&self, version: &str) -> Option<u64> {
        self.with(|group| group.version.as_deref(), |is| is == version)
    }

    /// Of what sources counted: how many a destination's proxies must have counted too, and how
    /// many they may have, the certain ones included. A label that is not there widens the range.
    /// A request that was tried or copied to several hosts is one here.
    #[must_use]
    pub fn arrivals(&self) -> (u64, u64) {
        let (mut certain, mut possible) = (0, self.doubtful.count);
        for (group, count) in &self.groups {
            match group.arrival() {
                Arrival::Never => {}
                Arrival::Perhaps => possible += count,
                Arrival::Certain => {
                    certain += count;
                    possible += count;
                }
            }
        }
        (certain, possible)
    }

    /// How many have a label's value so; `None` if some do not have the label.
    fn with(
        &self,
        label: impl Fn(&Group) -> Option<&str>,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<u64> {
        let mut sum = 0;
        for (group, count) in &self.groups {
            if wanted(label(group)?) {
                sum += count;
            }
        }
        self.doubtful.lacks.is_none().then_some(sum)
    }
}

// === impl Group ===

impl Group {
    fn of(labels: &Labels) -> Self {
        let find = |label| labels.find(label).map(str::to_owned);
        Self {
            code: find("response_code"),
            flags: find("response_flags"),
            workload: find(WORKLOAD),
            version: find(VERSION),
        }
    }

    /// Whether the requests reached a host, by what the source says of how they ended.
    ///
    /// - Without a host (`unknown`) there is nothing to reach: a fault, an overflow, no route, no
    ///   cluster, no healthy host, or a caller that gave up before (FI, UO, NR, NC, UH, DC).
    /// - UF: the connection failed. After retries (URX,UF) so did the others.
    /// - Code 0: the caller gave up while the request was somewhere on its way.
    /// - A response came from the host, or a timeout ran that begins when the request was sent (UT;
    ///   the host's proxy sees its caller leave, `0 DC`): it arrived.
    /// - Whatever else may have happened (UC, UR, …), it happened on the way or after.
    fn arrival(&self) -> Arrival {
        const ANSWERED: [&str; 5] = ["-", "DI", "UT", "URX", "DC"];
        let flags = self.flags.as_deref();
        if matches!(self.workload.as_deref(), Some("unknown" | ""))
            || flags.is_some_and(|flags| has_flag(flags, "UF"))
        {
            return Arrival::Never;
        }
        let answered = |flags: &str| flags.split(',').all(|flag| ANSWERED.contains(&flag));
        let known = self.workload.is_some() && flags.is_some_and(answered);
        match self.code.as_deref() {
            Some(code) if known && code != "0" => Arrival::Certain,
            _ => Arrival::Perhaps,
        }
    }
}

/// Whether one of Envoy's flags is among those joined by `,`.
fn has_flag(flags: &str, flag: &str) -> bool {
    flags.split(',').any(|one| one == flag)
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

// === impl Durations ===

impl Durations {
    fn of(histogram: &Histogram) -> Self {
        Self {
            bounds_ms: histogram.bounds.clone(),
            buckets: histogram.buckets.clone(),
            sum_ms: histogram.sum,
            count: histogram.count(),
            lacks: None,
        }
    }

    fn merged(&self, other: &Self) -> Self {
        let shared = |bound: &&f64| other.bounds_ms.iter().any(|b| b.total_cmp(bound).is_eq());
        let bounds_ms: Vec<f64> = self.bounds_ms.iter().filter(shared).copied().collect();
        let mut buckets = vec![0; bounds_ms.len() + 1];
        for one in [self, other] {
            for (index, count) in one.buckets.iter().enumerate() {
                // A bucket goes into the wider one that holds its upper limit.
                let into = match one.bounds_ms.get(index) {
                    Some(upper) => bounds_ms.partition_point(|bound| bound < upper),
                    None => bounds_ms.len(),
                };
                buckets[into] += count;
            }
        }
        let (sum_ms, count) = (self.sum_ms + other.sum_ms, self.count + other.count);
        Self { bounds_ms, buckets, sum_ms, count, lacks: None }
    }

    /// How many requests took from `low_ms` (included) to `high_ms` (excluded): those that did for
    /// certain, and those that may have, the certain ones included. They differ where a limit lies
    /// inside a bucket.
    ///
    /// Envoy counts in bins of two significant digits, and the bin that begins at a bucket's limit
    /// still belongs to that bucket: delays of 5,000 to 5,099 ms were seen under `le="5000"`
    /// (Envoy 1.40.0). Other builds put that bin above the limit, so it is taken for uncertain.
    #[must_use]
    pub fn share_between(&self, low_ms: f64, high_ms: f64) -> (u64, u64) {
        let (mut certain, mut possible) = (0, 0);
        for (index, count) in self.buckets.iter().enumerate() {
            let lower = index.checked_sub(1).map_or(0.0, |below| self.bounds_ms[below]);
            let upper = self.bounds_ms.get(index).map_or(f64::INFINITY, |upper| bin_end(*upper));
            if low_ms <= lower && upper <= high_ms {
                certain += count;
            }
            if low_ms < upper && lower < high_ms {
                possible += count;
            }
        }
        (certain, possible)
    }
}

/// Where the bin of two significant digits ends that begins at this limit: 5,000 → 5,100.
fn bin_end(limit: f64) -> f64 {
    if limit <= 0.0 {
        return limit;
    }
    limit + 10_f64.powf(limit.log10().floor() - 1.0)
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
