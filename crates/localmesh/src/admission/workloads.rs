//! Deployments, `ReplicaSets` and Jobs: the defaults that `kubectl rollout` and `describe` rely on,
//! and the rules without which the controllers would work on for ever. Pure.

use serde_json::{Map, Value, json};

use super::super::store::{Refusal, meta};
use super::pods::{self, default};
use super::{Request, invalid};

/// What names and hashes are made of: no vowels, nothing that looks alike (Kubernetes' own).
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

pub(super) fn admit_deployment(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    let spec = meta::child(object, "spec");
    default(spec, "replicas", json!(1));
    default(spec, "revisionHistoryLimit", json!(10));
    default(spec, "progressDeadlineSeconds", json!(600));
    let strategy = spec.entry("strategy").or_insert_with(|| json!({}));
    if let Some(strategy) = strategy.as_object_mut() {
        default(strategy, "type", json!("RollingUpdate"));
        if strategy["type"] == "RollingUpdate" {
            let rolling = strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
            if let Some(rolling) = rolling.as_object_mut() {
                default(rolling, "maxSurge", json!("25%"));
                default(rolling, "maxUnavailable", json!("25%"));
            }
        }
    }
    match meta::text(object, "/spec/strategy/type") {
        "RollingUpdate" | "Recreate" => {}
        other => {
            let cause = format!(
                "Unsupported value: \"{other}\": supported values: \"Recreate\", \"RollingUpdate\""
            );
            return Err(invalid(request, object, "spec.strategy.type", &cause));
        }
    }
    admit_replicated(request, object)
}

pub(super) fn admit_replica_set(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    default(meta::child(object, "spec"), "replicas", json!(1));
    admit_replicated(request, object)
}

fn admit_replicated(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    default_template(object);
    not_negative(request, object, &["replicas", "revisionHistoryLimit", "minReadySeconds"])?;
    let wanted = &object["spec"]["selector"]["matchLabels"];
    let has_terms = wanted.as_object().is_some_and(|terms| !terms.is_empty());
    if !has_terms && meta::list(object, "/spec/selector/matchExpressions").is_empty() {
        return Err(invalid(request, object, "spec.selector", "Required value"));
    }
    let labels = &object["spec"]["template"]["metadata"]["labels"];
    if !selects(&object["spec"]["selector"], labels) {
        let cause = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        return Err(invalid(request, object, "spec.template.metadata.labels", &cause));
    }
    if meta::text(object, "/spec/template/spec/restartPolicy") != "Always" {
        let cause = "Unsupported value: supported values: \"Always\"";
        return Err(invalid(request, object, "spec.template.spec.restartPolicy", cause));
    }
    pods::check_spec(request, object, "spec.template.spec")?;
    immutable(request, object, "selector")
}

pub(super) fn admit_job(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    let name = meta::name(object).to_owned();
    let uid = request.stored.map_or(request.stamp.uid.as_str(), meta::uid).to_owned();
    let spec = meta::child(object, "spec");
    if spec.get("completions").is_none_or(Value::is_null)
        && spec.get("parallelism").is_none_or(Value::is_null)
    {
        default(spec, "completions", json!(1));
    }
    default(spec, "parallelism", json!(1));
    default(spec, "backoffLimit", json!(6));
    default(spec, "suspend", json!(false));
    default(spec, "completionMode", json!("NonIndexed"));
    default(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
    default(spec, "selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    default_template(object);
    let metadata = &mut object["spec"]["template"]["metadata"];
    let labels = meta::child(metadata, "labels");
    for prefix in ["", "batch.kubernetes.io/"] {
        default(labels, &format!("{prefix}controller-uid"), json!(uid));
        if !name.is_empty() {
            default(labels, &format!("{prefix}job-name"), json!(name));
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
        return Err(invalid(request, object, "spec.completionMode", cause));
    }
    if !matches!(meta::text(object, "/spec/template/spec/restartPolicy"), "Never" | "OnFailure") {
        let cause = "Required value: valid values: \"OnFailure\", \"Never\"";
        return Err(invalid(request, object, "spec.template.spec.restartPolicy", cause));
    }
    pods::check_spec(request, object, "spec.template.spec")?;
    immutable(request, object, "completions")?;
    immutable(request, object, "selector")?;
    immutable(request, object, "template")
}

fn default_template(object: &mut Value) {
    let template = &mut object["spec"]["template"];
    if !template.is_object() {
        *template = json!({});
    }
    pods::default_spec(&mut template["spec"]);
}

fn not_negative(request: &Request<'_>, object: &Value, fields: &[&str]) -> Result<(), Refusal> {
    for field in fields {
        if let Some(number) = meta::number(object, &format!("/spec/{field}"))
            && number < 0
        {
            let cause = format!("Invalid value: {number}: must be greater than or equal to 0");
            return Err(invalid(request, object, &format!("spec.{field}"), &cause));
        }
    }
    Ok(())
}

fn immutable(request: &Request<'_>, object: &Value, field: &str) -> Result<(), Refusal> {
    let Some(stored) = request.stored else { return Ok(()) };
    if stored["spec"][field] == object["spec"][field] {
        return Ok(());
    }
    let cause = format!("Invalid value: {}: field is immutable", object["spec"][field]);
    Err(invalid(request, object, &format!("spec.{field}"), &cause))
}

/// Whether a label selector selects these labels; an empty one selects everything.
#[must_use]
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let empty = Map::new();
    let terms = selector["matchLabels"].as_object().unwrap_or(&empty);
    let labels_match = terms.iter().all(|(key, value)| labels.get(key) == Some(value));
    let holds = |expression: &Value| {
        let label = labels.get(meta::text(expression, "/key"));
        let listed = label.is_some_and(|label| meta::list(expression, "/values").contains(label));
        match meta::text(expression, "/operator") {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    };
    labels_match && meta::list(selector, "/matchExpressions").iter().all(holds)
}

/// The 32-bit FNV-1a hash, which Kubernetes uses for pod templates.
pub(crate) fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// A hash as Kubernetes writes it into names and labels.
#[must_use]
pub(crate) fn encoded(hash: u32) -> String {
    let letter = |digit: u8| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]);
    hash.to_string().bytes().map(letter).collect()
}
