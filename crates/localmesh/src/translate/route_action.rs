//! Where a rule's requests go, and what happens to them on the way.

use serde_json::{Value, json};

use super::header_operations::{header_operations, set_host};
use super::retries::retry_policy;
use super::rule::Rule;
use super::target::{Share, Target, target};
use istio::duration::{self, Duration};
use istio::{HttpMatch, Rewrite, StringMatch};

// === impl Rule ===

impl Rule<'_> {
    pub(super) fn action(&self, block: Option<&HttpMatch>) -> Value {
        let rule = self.rule;
        // Absent means no limit: Envoy's own 15 s must never apply.
        // Pilot also writes `max_grpc_timeout`, which matters for gRPC only and is deprecated. Its
        // successor `max_stream_duration` must not stand here: beside it Envoy ignores `timeout`.
        let timeout = rule.timeout.as_ref().and_then(Duration::get).unwrap_or_default();
        let mut action = json!({"timeout": duration::proto(timeout)});
        let namespace = &self.object.metadata.namespace;
        match target(self.view, &rule.route, namespace, self.port) {
            Target::One(Share { cluster, headers, .. }) => {
                action["cluster"] = json!(cluster);
                set_host(headers, &mut action);
            }
            Target::Weighted(shares) => {
                let each = shares.into_iter().map(|share| {
                    let mut one = json!({"name": share.cluster, "weight": share.weight});
                    if let Some(headers) = share.headers {
                        header_operations(headers, &mut one);
                    }
                    set_host(share.headers, &mut one);
                    one
                });
                action["weighted_clusters"] = json!({"clusters": each.collect::<Vec<_>>()});
            }
        }
        if let Some(policy) = retry_policy(rule.retries.as_ref()) {
            action["retry_policy"] = policy;
        }
        let mirrors = self.mirrors();
        if !mirrors.is_empty() {
            action["request_mirror_policies"] = json!(mirrors);
        }
        set_host(rule.headers.as_ref(), &mut action);
        if let Some(rewrite) = &rule.rewrite {
            rewrite_action(rewrite, block.and_then(|block| block.uri.as_ref()), &mut action);
        }
        action
    }
}

/// Envoy replaces what was matched: the prefix (or the whole path) by a prefix rewrite, an
/// expression's match by a substitution.
fn rewrite_action(rewrite: &Rewrite, uri: Option<&StringMatch>, action: &mut Value) {
    if !rewrite.authority.is_empty() {
        action["host_rewrite_literal"] = json!(rewrite.authority);
    }
    if let Some(regex) = &rewrite.uri_regex_rewrite {
        action["regex_rewrite"] =
            json!({"pattern": {"regex": regex.pattern}, "substitution": regex.rewrite});
    } else if !rewrite.uri.is_empty() {
        let expression = uri.and_then(|uri| uri.regex.as_deref()).filter(|regex| *regex != "*");
        match expression {
            Some(regex) => {
                action["regex_rewrite"] =
                    json!({"pattern": {"regex": regex}, "substitution": rewrite.uri});
            }
            None => action["prefix_rewrite"] = json!(rewrite.uri),
        }
    }
}
