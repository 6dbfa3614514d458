//! A request for an object or a collection, read and checked, and what the answers are made of.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Query;
use http::{HeaderMap, Request, header};
use serde_json::Value;

use super::accept;
use super::auth::Token;
use super::form::Form;
use super::options::Options;
use super::path::Target;
use super::selector::Filter;
use crate::logs::Logs;
use crate::network::Network;
use crate::registry::Registry;
use crate::store::Refusal;

/// What the handlers work on.
pub(super) struct App {
    pub(super) registry: Registry,
    pub(super) network: Network,
    pub(super) logs: Logs,
    pub(super) token: Token,
}

/// A request for an object or a collection, read and checked.
pub(super) struct Asked {
    pub(super) target: Target,
    pub(super) options: Options,
    pub(super) form: Form,
}

// === impl App ===

impl App {
    /// The stored object a URL names.
    pub(super) fn stored(&self, target: &Target) -> Result<Arc<Value>, Refusal> {
        let name = target.name.as_deref().unwrap_or_default();
        self.registry
            .get(target.kind, target.namespace(), name)
            .ok_or_else(|| Refusal::not_found(target.kind, name))
    }
}

// === impl Asked ===

impl Asked {
    /// Reads the parameters and the wanted form of a request.
    pub(super) fn new(target: Target, request: &Request<Body>) -> Result<Self, Refusal> {
        let options = options(request)?;
        let form = accept::form(&accepted(request.headers()), &options);
        Ok(Self { target, options, form })
    }

    /// The objects that are meant of those at the URL.
    pub(super) fn filter(&self) -> Result<Filter, Refusal> {
        let (labels, fields) =
            (self.options.text("labelSelector"), self.options.text("fieldSelector"));
        Filter::parse(self.target.kind, labels, fields)
    }
}

fn options(request: &Request<Body>) -> Result<Options, Refusal> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(request.uri())
        .map_err(|e| Refusal::bad_request(format!("the query cannot be read: {e}")))?;
    Options::new(pairs)
}

/// All `Accept` headers, as one.
pub(super) fn accepted(headers: &HeaderMap) -> String {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}
