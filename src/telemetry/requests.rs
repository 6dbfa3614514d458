//! Questions about requests: how many, and how they ended. Pure.
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

use exposition::Labels;

use crate::telemetry::filter::{Filter, Fit};
use crate::telemetry::metric::REQUESTS;
use crate::telemetry::window::{Window, tally};

const WORKLOAD: &str = "destination_workload";

pub(crate) const VERSION: &str = "destination_version";

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
pub(crate) struct Doubtful {
    pub(crate) lacks: Option<&'static str>,
    count: u64,
}

/// Whether a request that a source counted reached a host, so that the host's proxy counts it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    Never,
    Perhaps,
    Certain,
}

// === impl Window ===

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
}

// === impl Doubtful ===

impl Doubtful {
    pub(crate) fn take(&mut self, fit: Fit, count: u64) {
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

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
