//! Deployments and `ReplicaSets`: the defaults that `kubectl rollout` and `describe` rely on, and
//! the rules without which the controllers would work on for ever. Pure.

use serde_json::{Value, json};

use super::fields::{immutable, not_negative, set_default};
use super::pod_spec;
use super::request::Request;
use super::selects::selects;
use crate::store::{Refusal, meta};

pub(super) fn admit_deployment(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    let spec = meta::child(object, "spec");
    set_default(spec, "replicas", json!(1));
    set_default(spec, "revisionHistoryLimit", json!(10));
    set_default(spec, "progressDeadlineSeconds", json!(600));
    let strategy = spec.entry("strategy").or_insert_with(|| json!({}));
    if let Some(strategy) = strategy.as_object_mut() {
        set_default(strategy, "type", json!("RollingUpdate"));
        if strategy["type"] == "RollingUpdate" {
            let rolling = strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
            if let Some(rolling) = rolling.as_object_mut() {
                set_default(rolling, "maxSurge", json!("25%"));
                set_default(rolling, "maxUnavailable", json!("25%"));
            }
        }
    }
    match meta::text(object, "/spec/strategy/type") {
        "RollingUpdate" | "Recreate" => {}
        other => {
            let cause = format!(
                "Unsupported value: \"{other}\": supported values: \"Recreate\", \"RollingUpdate\""
            );
            return Err(request.invalid(object, "spec.strategy.type", &cause));
        }
    }
    admit_replicated(request, object)
}

pub(super) fn admit_replica_set(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    set_default(meta::child(object, "spec"), "replicas", json!(1));
    admit_replicated(request, object)
}

fn admit_replicated(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    pod_spec::default_template(object);
    not_negative(request, object, &["replicas", "revisionHistoryLimit", "minReadySeconds"])?;
    let wanted = &object["spec"]["selector"]["matchLabels"];
    let has_terms = wanted.as_object().is_some_and(|terms| !terms.is_empty());
    if !has_terms && meta::list(object, "/spec/selector/matchExpressions").is_empty() {
        return Err(request.invalid(object, "spec.selector", "Required value"));
    }
    let labels = &object["spec"]["template"]["metadata"]["labels"];
    if !selects(&object["spec"]["selector"], labels) {
        let cause = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        return Err(request.invalid(object, "spec.template.metadata.labels", &cause));
    }
    if meta::text(object, "/spec/template/spec/restartPolicy") != "Always" {
        let cause = "Unsupported value: supported values: \"Always\"";
        return Err(request.invalid(object, "spec.template.spec.restartPolicy", cause));
    }
    pod_spec::check(request, object, "spec.template.spec")?;
    immutable(request, object, "selector")
}
