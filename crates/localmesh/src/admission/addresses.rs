//! An address of its own for each service. Pure.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::hash::fnv;
use super::request::Request;
use crate::kinds;
use crate::store::{Refusal, meta};

/// Where cluster addresses come from: Kubernetes' usual service range, 10.96.0.0/16 of it.
const RANGE: [u8; 2] = [10, 96];

/// The service's address: what it has, what it asks for, or a free one.
pub(super) fn of(request: &Request<'_>, service: &Value) -> Result<String, Refusal> {
    let wanted = meta::text(service, "/spec/clusterIP");
    let has = request.stored.map_or("", |stored| meta::text(stored, "/spec/clusterIP"));
    if !has.is_empty() {
        if wanted.is_empty() || wanted == has {
            return Ok(has.to_owned());
        }
        let cause = format!("Invalid value: [\"{wanted}\"]: may not change once set");
        return Err(request.invalid(service, "spec.clusterIPs[0]", &cause));
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
            Err(request.invalid(service, "spec.clusterIPs", &cause))
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
    let start = fnv(format!("{namespace}/{name}").as_bytes()) % size;
    (0..size).map(move |i| {
        let [_, _, high, low] = ((start + i) % size + 1).to_be_bytes();
        Ipv4Addr::new(RANGE[0], RANGE[1], high, low)
    })
}
