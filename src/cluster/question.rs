//! Questions to an API server that change nothing, for whoever looks before a run: an answer that
//! says no is an answer, with its code, and no error.

use std::time::Duration;

use http::{Method, Request};
use kube::Resource as _;
use kube::api::DynamicObject;
use serde_json::Value;

use super::chain::chain;
use super::handle::Cluster;
use super::object_ref::ObjectRef;
use super::objects::MANAGER;
use crate::error::Result;

/// Whoever looks first wants to know soon: a server that is alive answers within a second, and bad
/// input is to be refused within ten.
const PATIENCE: Duration = Duration::from_secs(8);

/// Why there is no answer, or which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 when nothing answered.
    pub code: u16,
    /// In the server's words.
    pub message: String,
}

// === impl Refusal ===

impl Refusal {
    fn silent(message: impl Into<String>) -> Self {
        Self { code: 0, message: message.into() }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

// === impl Cluster ===

impl Cluster {
    /// What is at a path of the API server.
    pub async fn look(&self, path: &str) -> std::result::Result<Value, Refusal> {
        let text = self.question(Method::GET, path, Vec::new()).await?;
        // A pod's page need not be JSON.
        Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// What the API server answers to a review, which is answered and never stored.
    pub async fn review(&self, path: &str, review: &Value) -> std::result::Result<Value, Refusal> {
        let text = self.question(Method::POST, path, review.to_string().into_bytes()).await?;
        serde_json::from_str(&text).map_err(|cause| Refusal::silent(cause.to_string()))
    }

    /// Whether the API server, its webhooks and its quotas would let an object be created
    /// (`dryRun=All`): nothing is.
    pub async fn would_create(&self, object: &Value) -> Result<std::result::Result<(), Refusal>> {
        let name = ObjectRef::of(object)?;
        let scope = (!name.namespace.is_empty()).then_some(name.namespace.as_str());
        let url = DynamicObject::url_path(&name.resource(), scope);
        let url = format!("{url}?dryRun=All&fieldManager={MANAGER}&fieldValidation=Strict");
        let asking = self.question(Method::POST, &url, object.to_string().into_bytes());
        Ok(asking.await.map(drop))
    }

    async fn question(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> std::result::Result<String, Refusal> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(body)
            .map_err(|cause| Refusal::silent(cause.to_string()))?;
        match tokio::time::timeout(PATIENCE, self.client.request_text(request)).await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(kube::Error::Api(status))) => {
                Err(Refusal { code: status.code, message: status.message.clone() })
            }
            Ok(Err(cause)) => {
                let chain = chain(&cause);
                // The client's own word for whatever lies below it.
                Err(Refusal::silent(chain.strip_prefix("ServiceError: ").unwrap_or(&chain)))
            }
            Err(_) => Err(Refusal::silent("no answer within 8 s")),
        }
    }
}
