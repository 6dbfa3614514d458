//! One HTTP rule of a `VirtualService` as Envoy's routes (pilot's `route/route.go`).

use serde_json::{Value, json};

use super::applies::http_applies;
use super::fault::fault;
use super::filters::FAULT;
use super::header_operations::header_operations;
use super::matching::route_match;
use super::names;
use super::redirect::{direct_response, redirect_action};
use super::retries::retry_policy;
use super::rule::Rule;
use istio::HttpMatch;

// === impl Rule ===

impl Rule<'_> {
    /// One route for each block of conditions that this proxy can meet.
    pub(super) fn routes(&self) -> Vec<Value> {
        if self.rule.matches.is_empty() {
            return self.route(None).into_iter().collect();
        }
        let blocks = self.rule.matches.iter();
        blocks
            .filter(|block| http_applies(self.view, block, self.port))
            .filter_map(|block| self.route(Some(block)))
            .collect()
    }

    fn route(&self, block: Option<&HttpMatch>) -> Option<Value> {
        let mut out = json!({
            "match": route_match(block),
            "metadata": names::config_metadata("virtual-service", &self.object.metadata),
        });
        let parts = [self.rule.name.as_str(), block.map_or("", |block| block.name.as_str())];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            out["name"] = json!(parts.join("."));
        }
        if let Some(redirect) = &self.rule.redirect {
            out["redirect"] = redirect_action(redirect);
        } else if let Some(response) = &self.rule.direct_response {
            out["direct_response"] = direct_response(response);
        } else if self.rule.route.is_empty() {
            // A delegate, which the local mesh does not follow.
            return None;
        } else {
            out["route"] = self.action(block);
        }
        if let Some(headers) = &self.rule.headers {
            header_operations(headers, &mut out);
        }
        if let Some(fault) = self.rule.fault.as_ref().and_then(fault) {
            out["typed_per_filter_config"] = json!({ FAULT: fault });
        }
        Some(out)
    }
}

/// The route of a service that no `VirtualService` speaks of.
pub(super) fn default_route(cluster: &str) -> Value {
    let mut action = json!({"cluster": cluster, "timeout": "0s"});
    if let Some(policy) = retry_policy(None) {
        action["retry_policy"] = policy;
    }
    json!({"name": "default", "match": {"prefix": "/"}, "route": action})
}
