//! Questions to a window, in Istio's terms: who reports, from which workload, to which service.
//! Pure.
//!
//! Which labels tell what, and what a failed request's labels look like, is Istio's standard
//! metrics (istio.io, "Istio Standard Metrics"; istio/proxy, `istio_stats.cc`). Above all: when a
//! proxy picked no host (a fault, an overflow, no route), its `destination_workload` is `unknown`.
//! So ask by destination *service*.

use std::collections::BTreeMap;

use crate::units::ServiceName;

use super::exposition::Labels;
use super::snapshot::{Histogram, REQUESTS, TCP_CLOSED, TCP_OPENED, TCP_RECEIVED, TCP_SENT};
use super::window::{Window, tally};

/// Whose proxy counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reporter {
    /// The caller's.
    Source,
    /// The callee's.
    Destination,
}

/// Which series are asked for; what is `None` is not asked. `Filter { reporter: …,
/// ..Filter::default() }`. Labels are compared exactly, except the destination service, which is a
/// host name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Whose proxy counted. Asking neither counts most requests twice.
    pub reporter: Option<Reporter>,
    /// The caller's workload, e.g. `voyages`.
    pub source_workload: Option<String>,
    /// The caller's namespace.
    pub source_namespace: Option<String>,
    /// The service that was called: `travels`, or `travels.travel-agency`. A caller's proxy that
    /// found no route or no cluster (flags NR, NC) reports the Host header instead; its port is
    /// passed over, and a host of one word is in the caller's namespace, as in Kubernetes' DNS.
    pub destination_service: Option<ServiceName>,
    /// The callee's workload, e.g. `travels-v2`; `unknown` where no host was picked.
    pub destination_workload: Option<String>,
    /// The callee's namespace.
    pub destination_namespace: Option<String>,
    /// The callee's version, e.g. `v2`.
    pub destination_version: Option<String>,
    /// The status code, `0` if no response was ever produced.
    pub response_code: Option<String>,
    /// One of Envoy's response flags, e.g. `DI`, among those that are joined by `,`; `-` is none.
    pub response_flag: Option<String>,
}

/// Requests, grouped by what tells them apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requests {
    groups: BTreeMap<Group, u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    code: String,
    flags: String,
    source: String,
    workload: String,
    version: String,
}

/// How long requests took, as the proxies' histograms have it.
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
    /// `Requests::total` of the same filter, some durations are still missing.
    pub count: u64,
}

/// TCP connections and bytes, in all and by whom they reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tcp {
    /// All of them.
    pub total: TcpCounts,
    /// By destination workload.
    pub by_workload: BTreeMap<String, TcpCounts>,
    /// By destination version.
    pub by_version: BTreeMap<String, TcpCounts>,
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
        let groups =
            self.counted(REQUESTS, filter).map(|(labels, count)| (Group::of(labels), count));
        Requests { groups: tally(groups.filter(|(_, count)| *count > 0)) }
    }

    /// How long the requests took that ended in the window.
    #[must_use]
    pub fn durations(&self, filter: &Filter) -> Durations {
        let mut merged: Option<Durations> = None;
        for (_, histogram) in self.durations.iter().filter(|(labels, _)| filter.matches(labels)) {
            let next = Durations::of(histogram);
            merged = Some(match merged {
                Some(so_far) => so_far.merged(&next),
                None => next,
            });
        }
        merged.unwrap_or_default()
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
        for (metric, field) in fields {
            for (labels, count) in self.counted(metric, filter).filter(|(_, count)| *count > 0) {
                let workload = labels.get("destination_workload").to_owned();
                let version = labels.get("destination_version").to_owned();
                *field(&mut tcp.total) += count;
                *field(tcp.by_workload.entry(workload).or_default()) += count;
                *field(tcp.by_version.entry(version).or_default()) += count;
            }
        }
        tcp
    }

    fn counted<'a>(
        &'a self,
        metric: &'a str,
        filter: &'a Filter,
    ) -> impl Iterator<Item = (&'a Labels, u64)> {
        self.counters
            .iter()
            .filter(move |(name, labels, _)| *name == metric && filter.matches(labels))
            .map(|(_, labels, count)| (labels, *count))
    }
}

// === impl Reporter ===

impl Reporter {
    /// As in the `reporter` label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

// === impl Filter ===

impl Filter {
    /// What `reporter`'s proxies counted of requests to a service: how most questions begin.
    #[must_use]
    pub fn of(reporter: Reporter, service: &ServiceName) -> Self {
        let destination_service = Some(service.clone());
        Self { reporter: Some(reporter), destination_service, ..Self::default() }
    }

    fn matches(&self, labels: &Labels) -> bool {
        let is = |label: &str, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| labels.get(label) == wanted)
        };
        is("reporter", self.reporter.map(Reporter::as_str))
            && is("source_workload", self.source_workload.as_deref())
            && is("source_workload_namespace", self.source_namespace.as_deref())
            && is("destination_workload", self.destination_workload.as_deref())
            && is("destination_workload_namespace", self.destination_namespace.as_deref())
            && is("destination_version", self.destination_version.as_deref())
            && is("response_code", self.response_code.as_deref())
            && self
                .response_flag
                .as_deref()
                .is_none_or(|flag| has_flag(labels.get("response_flags"), flag))
            && self.destination_service.as_ref().is_none_or(|service| {
                let caller = labels.get("source_workload_namespace");
                is_service(labels.get("destination_service"), service, caller)
            })
    }
}

/// Whether a host name, with or without port, is the service's.
fn is_service(host: &str, service: &ServiceName, callers_namespace: &str) -> bool {
    let host = host.split_once(':').map_or(host, |(name, _port)| name);
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut words = host.splitn(3, '.');
    let name = words.next().unwrap_or_default();
    let namespace = words.next().unwrap_or(callers_namespace);
    // `hotels.travel-agency.example.com` is somebody else's.
    let in_cluster = words.next().is_none_or(|rest| {
        rest.split('.').next().is_some_and(|word| word.eq_ignore_ascii_case("svc"))
    });
    let wanted = service.namespace.as_deref();
    in_cluster
        && name.eq_ignore_ascii_case(&service.name)
        && wanted.is_none_or(|wanted| namespace.eq_ignore_ascii_case(wanted))
}

/// Whether one of Envoy's flags is among those joined by `,`.
fn has_flag(flags: &str, flag: &str) -> bool {
    flags.split(',').any(|one| one == flag)
}

// === impl Tcp ===

impl Tcp {
    /// Connections opened to pods of this version.
    #[must_use]
    pub fn opened_to_version(&self, version: &str) -> u64 {
        self.by_version.get(version).map_or(0, |counts| counts.opened)
    }
}

// === impl Requests ===

impl Group {
    fn of(labels: &Labels) -> Self {
        let get = |label| labels.get(label).to_owned();
        Self {
            code: get("response_code"),
            flags: get("response_flags"),
            source: get("source_workload"),
            workload: get("destination_workload"),
            version: get("destination_version"),
        }
    }

    fn is_error(&self) -> bool {
        self.code == "0" || (self.code.len() == 3 && self.code.starts_with('5'))
    }
}

impl Requests {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.count(|_| true)
    }

    /// Those answered with 5xx, or never answered (code 0).
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.count(Group::is_error)
    }

    /// Those with one of Envoy's response flags, alone or among others; `-` counts those without.
    #[must_use]
    pub fn with_flag(&self, flag: &str) -> u64 {
        self.count(|group| has_flag(&group.flags, flag))
    }

    /// Those with a status code.
    #[must_use]
    pub fn with_code(&self, code: &str) -> u64 {
        self.count(|group| group.code == code)
    }

    /// Those that reached a workload, e.g. `travels-v2`.
    #[must_use]
    pub fn to_workload(&self, workload: &str) -> u64 {
        self.count(|group| group.workload == workload)
    }

    /// Those that reached a version, e.g. `v2`.
    #[must_use]
    pub fn to_version(&self, version: &str) -> u64 {
        self.count(|group| group.version == version)
    }

    /// By status code.
    #[must_use]
    pub fn by_code(&self) -> BTreeMap<&str, u64> {
        self.by(|group| &group.code)
    }

    /// By response flags as they were reported, several joined by `,`.
    #[must_use]
    pub fn by_flags(&self) -> BTreeMap<&str, u64> {
        self.by(|group| &group.flags)
    }

    /// By the caller's workload.
    #[must_use]
    pub fn by_source(&self) -> BTreeMap<&str, u64> {
        self.by(|group| &group.source)
    }

    /// By the callee's workload.
    #[must_use]
    pub fn by_workload(&self) -> BTreeMap<&str, u64> {
        self.by(|group| &group.workload)
    }

    /// By the callee's version.
    #[must_use]
    pub fn by_version(&self) -> BTreeMap<&str, u64> {
        self.by(|group| &group.version)
    }

    fn count(&self, wanted: impl Fn(&Group) -> bool) -> u64 {
        self.groups.iter().filter(|(group, _)| wanted(group)).map(|(_, count)| count).sum()
    }

    fn by(&self, key: impl Fn(&Group) -> &String) -> BTreeMap<&str, u64> {
        tally(self.groups.iter().map(|(group, count)| (key(group).as_str(), *count)))
    }
}

// === impl Durations ===

impl Durations {
    fn of(histogram: &Histogram) -> Self {
        Self {
            bounds_ms: histogram.bounds.clone(),
            buckets: histogram.buckets.clone(),
            sum_ms: histogram.sum,
            count: histogram.buckets.iter().sum(),
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
        Self { bounds_ms, buckets, sum_ms, count }
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

    /// The mean in milliseconds, as good as `sum_ms`; `None` without requests.
    #[must_use]
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ms / self.count as f64)
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
