//! One rule of a `VirtualService` for HTTP.

use crate::destination::{Destination, RouteDestination};
use crate::duration::Duration;
use crate::field::{Field, Rest, parts};
use crate::headers::Headers;
use crate::http_action::{DirectResponse, Redirect, Rewrite};
use crate::http_fault::{HttpFault, Percentage};
use crate::http_match::HttpMatch;

parts! {
    /// One rule for HTTP.
    pub struct HttpRoute {
        /// For debugging.
        pub name: Field<String>,
        /// Conditions, any of which suffices; none means every request.
        #[serde(rename = "match")]
        pub matches: Field<Vec<HttpMatch>>,
        /// Where requests go, by weight.
        pub route: Field<Vec<RouteDestination>>,
        /// Answers with a redirect instead.
        pub redirect: Option<Redirect>,
        /// Answers by itself instead.
        pub direct_response: Option<DirectResponse>,
        /// Leaves the rest to another object; the local mesh does not.
        pub delegate: Option<Rest>,
        /// Changes path or host on the way.
        pub rewrite: Option<Rewrite>,
        /// Faults injected by the client's sidecar.
        pub fault: Option<HttpFault>,
        /// The whole request's time limit; none means no limit.
        pub timeout: Option<Duration>,
        /// Retries; none means Istio's default policy.
        pub retries: Option<Retries>,
        /// Where copies of requests go.
        pub mirror: Option<Destination>,
        /// How many requests are copied; none means all.
        pub mirror_percentage: Option<Percentage>,
        /// The deprecated form of `mirrorPercentage`.
        pub mirror_percent: Option<i64>,
        /// The same by its name in the proto, which counts where `mirrorPercent` is absent.
        #[serde(rename = "mirror_percent")]
        pub mirror_percent_of_proto: Option<i64>,
        /// Several mirrors.
        pub mirrors: Field<Vec<Mirror>>,
        /// Header changes for the whole rule.
        pub headers: Option<Headers>,
    }

    /// Retries.
    pub struct Retries {
        /// How many more attempts; 0 means none.
        pub attempts: Field<i32>,
        /// Time limit of each attempt.
        pub per_try_timeout: Option<Duration>,
        /// When, in Envoy's words or as status codes; empty means Istio's default.
        pub retry_on: Field<String>,
        /// Whether hosts that failed are avoided; none means yes.
        pub retry_ignore_previous_hosts: Option<bool>,
        /// First pause between attempts.
        pub backoff: Option<Duration>,
    }

    /// A mirror with its own share.
    pub struct Mirror {
        /// Where.
        pub destination: Field<Destination>,
        /// How many requests; none means all.
        pub percentage: Option<Percentage>,
    }
}

// === impl HttpRoute ===

impl HttpRoute {
    /// How many percent of the requests `mirror` gets: all, if nothing else is said (pilot's
    /// `MirrorPercent`).
    #[must_use]
    pub fn mirrored_percent(&self) -> f64 {
        let old = self.mirror_percent.or(self.mirror_percent_of_proto);
        let old = old.and_then(|percent| i32::try_from(percent).ok()).map(f64::from);
        self.mirror_percentage.as_ref().map(|share| *share.value).or(old).unwrap_or(100.0)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::{Value, json};

    use super::HttpRoute;

    #[test]
    fn the_newest_name_of_the_share_counts() {
        let percent = |rule: Value| HttpRoute::deserialize(rule).unwrap().mirrored_percent();
        let (new, old, proto) = ("mirrorPercentage", "mirrorPercent", "mirror_percent");
        let close = |one: f64, other: f64| assert!((one - other).abs() < 1e-9, "{one} {other}");
        close(percent(json!({})), 100.0);
        close(percent(json!({proto: 10})), 10.0);
        close(percent(json!({proto: 10, old: 20})), 20.0);
        close(percent(json!({proto: 10, old: 20, new: {"value": 0.5}})), 0.5);
        close(percent(json!({old: 20, new: {}})), 0.0);
    }
}
