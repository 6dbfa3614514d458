//! Jobs: their defaults, the labels of their pods, and the rules without which the controller would
//! work on for ever. Pure.

use serde_json::{Value, json};

use super::fields::{immutable, not_negative, set_default};
use super::pod_spec;
use super::request::Request;
use crate::store::{Refusal, meta};

pub(super) fn admit(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    let name = meta::name(object).to_owned();
    let uid = request.stored.map_or(request.stamp.uid.as_str(), meta::uid).to_owned();
    let spec = meta::child(object, "spec");
    if spec.get("completions").is_none_or(Value::is_null)
        && spec.get("parallelism").is_none_or(Value::is_null)
    {
        set_default(spec, "completions", json!(1));
    }
    set_default(spec, "parallelism", json!(1));
    set_default(spec, "backoffLimit", json!(6));
    set_default(spec, "suspend", json!(false));
    set_default(spec, "completionMode", json!("NonIndexed"));
    set_default(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
    set_default(
        spec,
        "selector",
        json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}),
    );
    pod_spec::default_template(object);
    let metadata = &mut object["spec"]["template"]["metadata"];
    let labels = meta::child(metadata, "labels");
    for prefix in ["", "batch.kubernetes.io/"] {
        set_default(labels, &format!("{prefix}controller-uid"), json!(uid));
        if !name.is_empty() {
            set_default(labels, &format!("{prefix}job-name"), json!(name));
        }
    }
    not_negative(
        request,
        object,
        &[
            "parallelism",
            "completions",
            "backoffLimit",
            "activeDeadlineSeconds",
            "ttlSecondsAfterFinished",
        ],
    )?;
    if meta::text(object, "/spec/completionMode") != "NonIndexed" {
        let cause = "Unsupported value: the local mesh supports \"NonIndexed\" only";
        return Err(request.invalid(object, "spec.completionMode", cause));
    }
    if !matches!(meta::text(object, "/spec/template/spec/restartPolicy"), "Never" | "OnFailure") {
        let cause = "Required value: valid values: \"OnFailure\", \"Never\"";
        return Err(request.invalid(object, "spec.template.spec.restartPolicy", cause));
    }
    pod_spec::check(request, object, "spec.template.spec")?;
    immutable(request, object, "completions")?;
    immutable(request, object, "selector")?;
    immutable(request, object, "template")
}
