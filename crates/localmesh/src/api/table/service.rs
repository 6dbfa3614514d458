//! What `kubectl get services` says of a service's ports. Pure.

use serde_json::Value;

use super::cell::{items, joined, number};

/// `80/TCP,443/TCP`
pub(super) fn ports(service: &Value) -> Value {
    let ports = items(service, "/spec/ports").map(|port| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        match port["nodePort"].as_i64() {
            Some(node) => format!("{}:{node}/{protocol}", number(port, "/port")),
            None => format!("{}/{protocol}", number(port, "/port")),
        }
    });
    joined(ports, "<none>")
}
