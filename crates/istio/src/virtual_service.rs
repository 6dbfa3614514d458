//! `VirtualService`: which requests to a host go where, and what is done to them on the way. The
//! types hold what the local mesh translates; an object's other fields are admitted by `schema` and
//! listed by `translate::unsupported` there.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::metadata::Metadata;

pub(super) mod validate;

pub use validate::GRPC;

/// A `VirtualService`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct VirtualService {
    /// Name, namespace, labels.
    pub metadata: Metadata,
    /// What it says.
    pub spec: Spec,
}

/// The `spec`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Hosts it is about; a name without a dot is a service in the object's own namespace.
    pub hosts: Vec<String>,
    /// Gateways it is bound to; none means the sidecars (`mesh`).
    pub gateways: Vec<String>,
    /// Rules for HTTP; the first match is used.
    pub http: Vec<HttpRoute>,
    /// Rules for TCP; the first match is used.
    pub tcp: Vec<TcpRoute>,
    /// Namespaces that see it; none means all.
    pub export_to: Vec<String>,
}

/// One rule for HTTP.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpRoute {
    /// For debugging.
    pub name: String,
    /// Conditions, any of which suffices; none means every request.
    #[serde(rename = "match")]
    pub matches: Vec<HttpMatch>,
    /// Where requests go, by weight.
    pub route: Vec<RouteDestination>,
    /// Answers with a redirect instead.
    pub redirect: Option<Redirect>,
    /// Answers by itself instead.
    pub direct_response: Option<DirectResponse>,
    /// Changes path or host on the way.
    pub rewrite: Option<Rewrite>,
    /// The whole request's time limit; none means no limit.
    pub timeout: Option<String>,
    /// Retries; none means Istio's default policy.
    pub retries: Option<Retries>,
    /// Faults injected by the client's sidecar.
    pub fault: Option<HttpFault>,
    /// Where copies of requests go.
    pub mirror: Option<Destination>,
    /// How many requests are copied; none means all.
    pub mirror_percentage: Option<Percentage>,
    /// The deprecated form of `mirrorPercentage`.
    pub mirror_percent: Option<i64>,
    /// Several mirrors.
    pub mirrors: Vec<Mirror>,
    /// Header changes for the whole rule.
    pub headers: Option<Headers>,
}

/// Conditions that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpMatch {
    /// For debugging.
    pub name: String,
    /// Path.
    pub uri: Option<StringMatch>,
    /// Scheme.
    pub scheme: Option<StringMatch>,
    /// Method.
    pub method: Option<StringMatch>,
    /// Host header.
    pub authority: Option<StringMatch>,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, StringMatch>,
    /// Headers that must not match.
    pub without_headers: BTreeMap<String, StringMatch>,
    /// Query parameters.
    pub query_params: BTreeMap<String, StringMatch>,
    /// Whether the path is compared without regard to case.
    pub ignore_uri_case: bool,
    /// Port of the service that is called.
    pub port: Option<u32>,
    /// Labels of the calling pod.
    pub source_labels: BTreeMap<String, String>,
    /// Namespace of the calling pod.
    pub source_namespace: String,
    /// Gateways (or `mesh`), overriding the object's own.
    pub gateways: Vec<String>,
}

/// A condition on a text; with none of the fields, that it is there at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StringMatch {
    /// The whole text.
    pub exact: Option<String>,
    /// Its beginning.
    pub prefix: Option<String>,
    /// An RE2 expression for the whole text.
    pub regex: Option<String>,
}

/// A destination with its share.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RouteDestination {
    /// Where.
    pub destination: Destination,
    /// Its share, relative to the sum; does not matter for a single destination.
    pub weight: Option<i32>,
    /// Header changes for this destination.
    pub headers: Option<Headers>,
}

/// A service, or a subset of its pods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// Host name of the service.
    pub host: String,
    /// Subset, as a `DestinationRule` defines it.
    pub subset: String,
    /// Port; none means the service's only one, or the one that was called.
    pub port: Option<PortSelector>,
}

/// A port by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PortSelector {
    /// The number.
    pub number: u32,
}

/// A share in percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Percentage {
    /// 0 to 100.
    pub value: f64,
}

/// Faults.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HttpFault {
    /// A delay before the request is forwarded.
    pub delay: Option<Delay>,
    /// An answer instead of forwarding.
    pub abort: Option<Abort>,
}

/// A delay.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Delay {
    /// Which share of the requests; **absent means none**.
    pub percentage: Option<Percentage>,
    /// The deprecated form of `percentage`.
    pub percent: Option<i64>,
    /// How long.
    pub fixed_delay: Option<String>,
}

/// An abort.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Abort {
    /// Which share of the requests; **absent means none**.
    pub percentage: Option<Percentage>,
    /// HTTP status of the answer.
    pub http_status: Option<i32>,
    /// gRPC status of the answer, by name.
    pub grpc_status: Option<String>,
}

/// Retries.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Retries {
    /// How many more attempts; 0 means none.
    pub attempts: i32,
    /// Time limit of each attempt.
    pub per_try_timeout: Option<String>,
    /// When, in Envoy's words or as status codes; empty means Istio's default.
    pub retry_on: String,
    /// Whether hosts that failed are avoided; none means yes.
    pub retry_ignore_previous_hosts: Option<bool>,
    /// First pause between attempts.
    pub backoff: Option<String>,
}

/// A mirror with its own share.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Mirror {
    /// Where.
    pub destination: Destination,
    /// How many requests; none means all.
    pub percentage: Option<Percentage>,
}

/// A redirect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Redirect {
    /// New path.
    pub uri: String,
    /// New host.
    pub authority: String,
    /// New scheme.
    pub scheme: String,
    /// New port.
    pub port: Option<u32>,
    /// Status; none means 301.
    pub redirect_code: Option<u32>,
}

/// An answer without a destination.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DirectResponse {
    /// Status.
    pub status: u32,
    /// Body.
    pub body: Option<Body>,
}

/// A body: text, or bytes in base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Body {
    /// Text.
    pub string: Option<String>,
    /// Base64.
    pub bytes: Option<String>,
}

/// A rewrite.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rewrite {
    /// What replaces the matched part of the path.
    pub uri: String,
    /// New host.
    pub authority: String,
    /// A substitution in the path.
    pub uri_regex_rewrite: Option<RegexRewrite>,
}

/// A substitution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RegexRewrite {
    /// RE2 expression.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Replacement.
    pub rewrite: String,
}

/// Header changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// Of the request.
    pub request: Option<HeaderOperations>,
    /// Of the response.
    pub response: Option<HeaderOperations>,
}

/// Header changes in one direction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HeaderOperations {
    /// Replaced.
    pub set: BTreeMap<String, String>,
    /// Appended.
    pub add: BTreeMap<String, String>,
    /// Removed.
    pub remove: Vec<String>,
}

/// One rule for TCP.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TcpRoute {
    /// Conditions, any of which suffices; none means every connection.
    #[serde(rename = "match")]
    pub matches: Vec<TcpMatch>,
    /// Where connections go, by weight.
    pub route: Vec<RouteDestination>,
}

/// Conditions on a connection that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TcpMatch {
    /// Addresses that are called, in CIDR notation.
    pub destination_subnets: Vec<String>,
    /// Port that is called.
    pub port: Option<u32>,
    /// Labels of the calling pod.
    pub source_labels: BTreeMap<String, String>,
    /// Namespace of the calling pod.
    pub source_namespace: String,
    /// Gateways (or `mesh`), overriding the object's own.
    pub gateways: Vec<String>,
}

// === impl VirtualService ===

impl VirtualService {
    /// From an object of the API.
    pub fn from_object(object: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(object)
    }

    /// Whether the sidecars obey it at all.
    #[must_use]
    pub fn on_mesh(&self) -> bool {
        self.spec.gateways.is_empty() || self.spec.gateways.iter().any(|name| name == "mesh")
    }
}

// === impl StringMatch ===

impl StringMatch {
    /// Whether any text will do, as long as there is one (pilot reads `*` as that too).
    #[must_use]
    pub fn is_presence(&self) -> bool {
        let star = self.regex.as_deref() == Some("*");
        star || (self.exact.is_none() && self.prefix.is_none() && self.regex.is_none())
    }
}
