//! Builders: a VirtualService as a sentence of the runner, or Kiali's wizards, would write it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Abort, Delay, Destination, HttpMatch, HttpRoute, Percentage, Retries, RouteDestination, Spec,
    StringMatch, TcpRoute, VirtualService,
};
use crate::istio::metadata::{self, Metadata};
use crate::istio::{duration, fqdn};

// === impl VirtualService ===

impl VirtualService {
    /// For one service of Kubernetes, named as Kiali's wizards name it: the object is called like
    /// the service, the host is its full name, the sidecars are meant.
    #[must_use]
    pub fn for_service(name: &str, namespace: &str) -> Self {
        Self {
            metadata: Metadata::new(name, namespace),
            spec: Spec { hosts: vec![fqdn(name, namespace)], ..Spec::default() },
        }
    }

    /// From an object of the API.
    pub fn from_object(object: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(object)
    }

    /// As an object for the API.
    #[must_use]
    pub fn to_object(&self) -> Value {
        metadata::object("VirtualService", &self.metadata, &self.spec)
    }

    /// With a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.metadata.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// With one more HTTP rule at the end.
    #[must_use]
    pub fn http(mut self, route: HttpRoute) -> Self {
        self.spec.http.push(route);
        self
    }

    /// With one more TCP rule at the end.
    #[must_use]
    pub fn tcp(mut self, route: TcpRoute) -> Self {
        self.spec.tcp.push(route);
        self
    }

    /// Whether the sidecars obey it at all.
    #[must_use]
    pub fn on_mesh(&self) -> bool {
        self.spec.gateways.is_empty() || self.spec.gateways.iter().any(|name| name == "mesh")
    }
}

// === impl HttpRoute ===

impl HttpRoute {
    /// A rule for every request that spreads them over these subsets of `host` by weight.
    #[must_use]
    pub fn to_subsets<'a>(host: &str, weights: impl IntoIterator<Item = (&'a str, i32)>) -> Self {
        Self { route: destinations(host, weights), ..Self::default() }
    }

    /// A rule for every request that sends them to `host` as if there were no rule.
    #[must_use]
    pub fn to_host(host: &str) -> Self {
        Self { route: vec![RouteDestination::new(host, "", None)], ..Self::default() }
    }

    /// Only for requests with this header; called again, with this one too.
    #[must_use]
    pub fn when_header(mut self, name: &str, value: StringMatch) -> Self {
        if self.matches.is_empty() {
            self.matches.push(HttpMatch::default());
        }
        for block in &mut self.matches {
            block.headers.insert(name.to_ascii_lowercase(), value.clone());
        }
        self
    }

    /// Only for requests that meet this block, or another one added before.
    #[must_use]
    pub fn when(mut self, block: HttpMatch) -> Self {
        self.matches.push(block);
        self
    }

    /// With a time limit for the whole request.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(duration::show(limit));
        self
    }

    /// With these retries.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = Some(retries);
        self
    }

    /// With this delay on a share of the requests (0 to 100 percent).
    #[must_use]
    pub fn delay(mut self, percent: f64, delay: Duration) -> Self {
        self.fault.get_or_insert_default().delay = Some(Delay {
            percentage: Some(Percentage { value: percent }),
            percent: None,
            fixed_delay: Some(duration::show(delay)),
        });
        self
    }

    /// With this HTTP status instead of an answer on a share of the requests (0 to 100 percent).
    #[must_use]
    pub fn abort(mut self, percent: f64, status: u16) -> Self {
        self.fault.get_or_insert_default().abort = Some(Abort {
            percentage: Some(Percentage { value: percent }),
            http_status: Some(i32::from(status)),
            grpc_status: None,
        });
        self
    }

    /// With copies of a share of the requests (0 to 100 percent) to a subset.
    #[must_use]
    pub fn mirror(mut self, host: &str, subset: &str, percent: f64) -> Self {
        self.mirror = Some(Destination::new(host, subset));
        self.mirror_percentage = Some(Percentage { value: percent });
        self
    }
}

// === impl TcpRoute ===

impl TcpRoute {
    /// A rule for every connection that spreads them over these subsets of `host` by weight.
    #[must_use]
    pub fn to_subsets<'a>(host: &str, weights: impl IntoIterator<Item = (&'a str, i32)>) -> Self {
        Self { matches: Vec::new(), route: destinations(host, weights) }
    }
}

fn destinations<'a>(
    host: &str,
    weights: impl IntoIterator<Item = (&'a str, i32)>,
) -> Vec<RouteDestination> {
    let each = |(subset, weight)| RouteDestination::new(host, subset, Some(weight));
    weights.into_iter().map(each).collect()
}

// === impl RouteDestination ===

impl RouteDestination {
    /// A share of the requests for a subset (empty: the whole service).
    #[must_use]
    pub fn new(host: &str, subset: &str, weight: Option<i32>) -> Self {
        Self { destination: Destination::new(host, subset), weight, headers: None }
    }
}

// === impl Destination ===

impl Destination {
    /// A subset of a service (empty: the whole service), without a port.
    #[must_use]
    pub fn new(host: &str, subset: &str) -> Self {
        Self { host: host.to_owned(), subset: subset.to_owned(), port: None }
    }
}

// === impl StringMatch ===

impl StringMatch {
    /// The whole text.
    #[must_use]
    pub fn exact(text: &str) -> Self {
        Self { exact: Some(text.to_owned()), ..Self::default() }
    }

    /// The beginning of the text.
    #[must_use]
    pub fn prefix(text: &str) -> Self {
        Self { prefix: Some(text.to_owned()), ..Self::default() }
    }

    /// An RE2 expression for the whole text.
    #[must_use]
    pub fn regex(text: &str) -> Self {
        Self { regex: Some(text.to_owned()), ..Self::default() }
    }

    /// Whether any text will do, as long as there is one (pilot reads `*` as that too).
    #[must_use]
    pub fn is_presence(&self) -> bool {
        let star = self.regex.as_deref() == Some("*");
        star || (self.exact.is_none() && self.prefix.is_none() && self.regex.is_none())
    }
}
