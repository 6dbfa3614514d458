//! Services: their defaults, and an address of their own. Pure.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::super::kinds;
use super::super::store::{Refusal, meta};
use super::pods::default;
use super::{Request, invalid};

/// Where cluster addresses come from: Kubernetes' usual service range, 10.96.0.0/16 of it.
const RANGE: [u8; 2] = [10, 96];

pub(super) fn admit(request: &Request<'_>, service: &mut Value) -> Result<(), Refusal> {
    let spec = meta::child(service, "spec");
    default(spec, "type", json!("ClusterIP"));
    default(spec, "sessionAffinity", json!("None"));
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let number = port["port"].clone();
        if let Some(port) = port.as_object_mut() {
            default(port, "protocol", json!("TCP"));
            default(port, "targetPort", number);
        }
    }
    let external = meta::text(service, "/spec/type") == "ExternalName";
    check_ports(request, service, external)?;
    if external {
        if meta::text(service, "/spec/externalName").is_empty() {
            return Err(invalid(request, service, "spec.externalName", "Required value"));
        }
        return Ok(());
    }
    if request.stored.is_none() {
        service["status"] = json!({"loadBalancer": {}});
    }
    let address = address(request, service)?;
    let spec = meta::child(service, "spec");
    spec.insert("clusterIP".to_owned(), json!(address));
    spec.insert("clusterIPs".to_owned(), json!([address]));
    default(spec, "ipFamilies", json!(["IPv4"]));
    default(spec, "ipFamilyPolicy", json!("SingleStack"));
    default(spec, "internalTrafficPolicy", json!("Cluster"));
    Ok(())
}

fn check_ports(request: &Request<'_>, service: &Value, external: bool) -> Result<(), Refusal> {
    let ports = meta::list(service, "/spec/ports");
    let headless = meta::text(service, "/spec/clusterIP") == "None";
    if ports.is_empty() && !external && !headless {
        return Err(invalid(request, service, "spec.ports", "Required value"));
    }
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (i, port) in ports.iter().enumerate() {
        let at = |field: &str| format!("spec.ports[{i}].{field}");
        let refuse = |field: &str, cause: &str| Err(invalid(request, service, &at(field), cause));
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

/// The service's address: what it has, what it asks for, or a free one.
fn address(request: &Request<'_>, service: &Value) -> Result<String, Refusal> {
    let wanted = meta::text(service, "/spec/clusterIP");
    let has = request.stored.map_or("", |stored| meta::text(stored, "/spec/clusterIP"));
    if !has.is_empty() {
        if wanted.is_empty() || wanted == has {
            return Ok(has.to_owned());
        }
        let cause = format!("Invalid value: [\"{wanted}\"]: may not change once set");
        return Err(invalid(request, service, "spec.clusterIPs[0]", &cause));
    }
    if wanted == "None" {
        return Ok(wanted.to_owned());
    }
    let taken: BTreeSet<Ipv4Addr> = request
        .store
        .list(&kinds::SERVICE, None)
        .filter_map(|service| meta::text(service, "/spec/clusterIP").parse().ok())
        .collect();
    if !wanted.is_empty() {
        let refuse = |why: &str| {
            let cause =
                format!("Invalid value: [\"{wanted}\"]: failed to allocate IP {wanted}: {why}");
            Err(invalid(request, service, "spec.clusterIPs", &cause))
        };
        return match wanted.parse::<Ipv4Addr>() {
            Ok(ip) if ip.octets()[..2] != RANGE => {
                refuse("the provided IP is not in the valid range 10.96.0.0/16")
            }
            Ok(ip) if taken.contains(&ip) => refuse("provided IP is already allocated"),
            Ok(ip) => Ok(ip.to_string()),
            Err(_) => refuse("not a valid IP"),
        };
    }
    let free = candidates(meta::namespace(service), meta::name(service))
        .find(|candidate| !taken.contains(candidate));
    free.map(|ip| ip.to_string()).ok_or_else(|| {
        Refusal::new(500, "InternalError", "the range of service addresses is full: 10.96.0.0/16")
    })
}

/// All addresses of the range but its first and last, beginning where the name says: the same
/// manifests get the same addresses in every mesh.
fn candidates(namespace: &str, name: &str) -> impl Iterator<Item = Ipv4Addr> {
    let size = u32::from(u16::MAX) - 1;
    let start = super::workloads::fnv(format!("{namespace}/{name}").as_bytes()) % size;
    (0..size).map(move |i| {
        let [_, _, high, low] = ((start + i) % size + 1).to_be_bytes();
        Ipv4Addr::new(RANGE[0], RANGE[1], high, low)
    })
}
