//! Pods, and the pod templates of those who make pods: defaults and rules. Pure.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::kinds;
use super::super::store::{Refusal, is_label, meta};
use super::{Request, invalid};

/// How many pods a cluster takes: nine times what one Kubernetes node runs by default. It keeps a
/// mistyped `replicas` from filling the memory.
const PODS_MAX: usize = 1000;

const IMMUTABLE: &str = "Forbidden: pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn admit(request: &Request<'_>, pod: &mut Value) -> Result<(), Refusal> {
    default_spec(&mut pod["spec"]);
    check_spec(request, pod, "spec")?;
    if let Some(stored) = request.stored {
        if frozen(&stored["spec"], stored) != frozen(&pod["spec"], stored) {
            return Err(invalid(request, pod, "spec", IMMUTABLE));
        }
        return Ok(());
    }
    if request.store.list(&kinds::POD, None).count() >= PODS_MAX {
        let cause = format!("exceeded quota: the local mesh has {PODS_MAX} pods already");
        return Err(Refusal::forbidden(&kinds::POD, meta::name(pod), cause));
    }
    pod["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"});
    Ok(())
}

/// The parts of a pod's spec that may not change.
fn frozen(spec: &Value, stored: &Value) -> Value {
    let mut spec = spec.clone();
    for list in ["containers", "initContainers"] {
        if let Some(containers) = spec.get_mut(list).and_then(Value::as_array_mut) {
            for container in containers {
                container["image"] = Value::Null;
            }
        }
    }
    if let Some(fields) = spec.as_object_mut() {
        for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"] {
            fields.shift_remove(field);
        }
        // Binding a pod to its node is the one change everybody waits for.
        if meta::text(stored, "/spec/nodeName").is_empty() {
            fields.shift_remove("nodeName");
        }
    }
    spec
}

/// Fills in what Kubernetes fills in.
pub(super) fn default_spec(spec: &mut Value) {
    if !spec.is_object() {
        *spec = json!({});
    }
    if let Some(fields) = spec.as_object_mut() {
        default(fields, "restartPolicy", json!("Always"));
        default(fields, "terminationGracePeriodSeconds", json!(30));
        default(fields, "dnsPolicy", json!("ClusterFirst"));
        default(fields, "securityContext", json!({}));
        default(fields, "schedulerName", json!("default-scheduler"));
    }
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            default_container(container);
        }
    }
}

fn default_container(container: &mut Value) {
    let image = meta::text(container, "/image");
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':'));
    let moves = !image.contains('@') && tag.is_none_or(|(_, tag)| tag == "latest");
    let Some(fields) = container.as_object_mut() else { return };
    default(fields, "imagePullPolicy", json!(if moves { "Always" } else { "IfNotPresent" }));
    default(fields, "resources", json!({}));
    default(fields, "terminationMessagePath", json!("/dev/termination-log"));
    default(fields, "terminationMessagePolicy", json!("File"));
    let ports = fields.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        default(port, "protocol", json!("TCP"));
    }
}

/// Sets a field that is missing or null.
pub(super) fn default(fields: &mut Map<String, Value>, field: &str, value: Value) {
    if fields.get(field).is_none_or(Value::is_null) {
        fields.insert(field.to_owned(), value);
    }
}

/// Checks the pod spec at a field of an object, e.g. `spec.template.spec`.
pub(super) fn check_spec(
    request: &Request<'_>,
    object: &Value,
    field: &str,
) -> Result<(), Refusal> {
    let at = |rest: &str| format!("{field}.{rest}");
    let spec = object.pointer(&format!("/{}", field.replace('.', "/"))).unwrap_or(&Value::Null);
    let containers = meta::list(spec, "/containers");
    if containers.is_empty() {
        return Err(invalid(request, object, &at("containers"), "Required value"));
    }
    let mut names = BTreeSet::new();
    for (list, containers) in
        [("containers", containers), ("initContainers", meta::list(spec, "/initContainers"))]
    {
        for (i, container) in containers.iter().enumerate() {
            let at = |rest: &str| at(&format!("{list}[{i}].{rest}"));
            check_container(request, object, container, &at)?;
            let name = meta::text(container, "/name");
            if !names.insert(name) {
                let cause = format!("Duplicate value: \"{name}\"");
                return Err(invalid(request, object, &at("name"), &cause));
            }
        }
    }
    let policy = meta::text(spec, "/restartPolicy");
    if !matches!(policy, "Always" | "OnFailure" | "Never") {
        let cause = format!(
            "Unsupported value: \"{policy}\": supported values: \"Always\", \"OnFailure\", \
             \"Never\""
        );
        return Err(invalid(request, object, &at("restartPolicy"), &cause));
    }
    Ok(())
}

fn check_container(
    request: &Request<'_>,
    object: &Value,
    container: &Value,
    at: &dyn Fn(&str) -> String,
) -> Result<(), Refusal> {
    let name = meta::text(container, "/name");
    if name.is_empty() {
        return Err(invalid(request, object, &at("name"), "Required value"));
    }
    if !is_label(name) || name.len() > 63 {
        let cause = format!("Invalid value: \"{name}\": a lowercase RFC 1123 label is required");
        return Err(invalid(request, object, &at("name"), &cause));
    }
    if meta::text(container, "/image").is_empty() {
        return Err(invalid(request, object, &at("image"), "Required value"));
    }
    for (i, port) in meta::list(container, "/ports").iter().enumerate() {
        let number = meta::number(port, "/containerPort").unwrap_or(0);
        if !(1..=65535).contains(&number) {
            let field = at(&format!("ports[{i}].containerPort"));
            let cause = format!("Invalid value: {number}: must be between 1 and 65535, inclusive");
            return Err(invalid(request, object, &field, &cause));
        }
    }
    Ok(())
}
