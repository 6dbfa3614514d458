//! The spec of pods and of pod templates: defaults and rules. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fields::set_default;
use super::request::Request;
use crate::store::{Refusal, is_label, meta};

/// Fills in what Kubernetes fills in.
pub(super) fn default(spec: &mut Value) {
    if !spec.is_object() {
        *spec = json!({});
    }
    if let Some(fields) = spec.as_object_mut() {
        set_default(fields, "restartPolicy", json!("Always"));
        set_default(fields, "terminationGracePeriodSeconds", json!(30));
        set_default(fields, "dnsPolicy", json!("ClusterFirst"));
        set_default(fields, "securityContext", json!({}));
        set_default(fields, "schedulerName", json!("default-scheduler"));
    }
    for list in ["containers", "initContainers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            default_container(container);
        }
    }
}

/// The same for the pod template of an object.
pub(super) fn default_template(object: &mut Value) {
    let template = &mut object["spec"]["template"];
    if !template.is_object() {
        *template = json!({});
    }
    default(&mut template["spec"]);
}

fn default_container(container: &mut Value) {
    let image = meta::text(container, "/image");
    let tag = image.rsplit('/').next().and_then(|last| last.split_once(':'));
    let moves = !image.contains('@') && tag.is_none_or(|(_, tag)| tag == "latest");
    let Some(fields) = container.as_object_mut() else { return };
    set_default(fields, "imagePullPolicy", json!(if moves { "Always" } else { "IfNotPresent" }));
    set_default(fields, "resources", json!({}));
    set_default(fields, "terminationMessagePath", json!("/dev/termination-log"));
    set_default(fields, "terminationMessagePolicy", json!("File"));
    let ports = fields.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        set_default(port, "protocol", json!("TCP"));
    }
}

/// Checks the pod spec at a field of an object, e.g. `spec.template.spec`.
pub(super) fn check(request: &Request<'_>, object: &Value, field: &str) -> Result<(), Refusal> {
    let at = |rest: &str| format!("{field}.{rest}");
    let spec = object.pointer(&format!("/{}", field.replace('.', "/"))).unwrap_or(&Value::Null);
    let containers = meta::list(spec, "/containers");
    if containers.is_empty() {
        return Err(request.invalid(object, &at("containers"), "Required value"));
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
                return Err(request.invalid(object, &at("name"), &cause));
            }
        }
    }
    let policy = meta::text(spec, "/restartPolicy");
    if !matches!(policy, "Always" | "OnFailure" | "Never") {
        let cause = format!(
            "Unsupported value: \"{policy}\": supported values: \"Always\", \"OnFailure\", \
             \"Never\""
        );
        return Err(request.invalid(object, &at("restartPolicy"), &cause));
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
        return Err(request.invalid(object, &at("name"), "Required value"));
    }
    if !is_label(name) || name.len() > 63 {
        let cause = format!("Invalid value: \"{name}\": a lowercase RFC 1123 label is required");
        return Err(request.invalid(object, &at("name"), &cause));
    }
    if meta::text(container, "/image").is_empty() {
        return Err(request.invalid(object, &at("image"), "Required value"));
    }
    for (i, port) in meta::list(container, "/ports").iter().enumerate() {
        let number = meta::number(port, "/containerPort").unwrap_or(0);
        if !(1..=65535).contains(&number) {
            let field = at(&format!("ports[{i}].containerPort"));
            let cause = format!("Invalid value: {number}: must be between 1 and 65535, inclusive");
            return Err(request.invalid(object, &field, &cause));
        }
    }
    Ok(())
}
