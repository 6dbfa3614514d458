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
