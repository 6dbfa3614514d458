//! Services: their defaults and ports. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::addresses;
use super::fields::set_default;
use super::request::Request;
use crate::store::{Refusal, meta};

pub(super) fn admit(request: &Request<'_>, service: &mut Value) -> Result<(), Refusal> {
    let spec = meta::child(service, "spec");
    set_default(spec, "type", json!("ClusterIP"));
    set_default(spec, "sessionAffinity", json!("None"));
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let number = port["port"].clone();
        if let Some(port) = port.as_object_mut() {
            set_default(port, "protocol", json!("TCP"));
            set_default(port, "targetPort", number);
        }
    }
    let external = meta::text(service, "/spec/type") == "ExternalName";
    check_ports(request, service, external)?;
    if external {
        if meta::text(service, "/spec/externalName").is_empty() {
            return Err(request.invalid(service, "spec.externalName", "Required value"));
        }
        return Ok(());
    }
    if request.stored.is_none() {
        service["status"] = json!({"loadBalancer": {}});
    }
    let address = addresses::of(request, service)?;
    let spec = meta::child(service, "spec");
    spec.insert("clusterIP".to_owned(), json!(address));
    spec.insert("clusterIPs".to_owned(), json!([address]));
    set_default(spec, "ipFamilies", json!(["IPv4"]));
    set_default(spec, "ipFamilyPolicy", json!("SingleStack"));
    set_default(spec, "internalTrafficPolicy", json!("Cluster"));
    Ok(())
}

fn check_ports(request: &Request<'_>, service: &Value, external: bool) -> Result<(), Refusal> {
    let ports = meta::list(service, "/spec/ports");
    let headless = meta::text(service, "/spec/clusterIP") == "None";
    if ports.is_empty() && !external && !headless {
        return Err(request.invalid(service, "spec.ports", "Required value"));
    }
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (i, port) in ports.iter().enumerate() {
        let at = |field: &str| format!("spec.ports[{i}].{field}");
        let refuse = |field: &str, cause: &str| Err(request.invalid(service, &at(field), cause));
        let number = meta::number(port, "/port").unwrap_or(0);
        if !(1..=65535).contains(&number) {
            let cause = format!("Invalid value: {number}: must be between 1 and 65535, inclusive");
            return refuse("port", &cause);
        }
        if let Some(target) = meta::number(port, "/targetPort")
            && !(1..=65535).contains(&target)
        {
            let cause = format!("Invalid value: {target}: must be between 1 and 65535, inclusive");
            return refuse("targetPort", &cause);
        }
        let name = meta::text(port, "/name");
        if name.is_empty() && ports.len() > 1 {
            return refuse("name", "Required value");
        }
        if !names.insert(name) {
            return refuse("name", &format!("Duplicate value: \"{name}\""));
        }
        if !numbers.insert((number, meta::text(port, "/protocol"))) {
            return refuse("port", &format!("Duplicate value: {number}"));
        }
    }
    Ok(())
}
