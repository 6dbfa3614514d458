//! Which address a request through the `proxy` sub-resource means: a pod's port, or that of a ready
//! pod of a service. A pod is reached where other pods reach it, through its sidecar; port 15020 is
//! its telemetry.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;

use super::answer::{unavailable, unreachable};
use super::path::Target;
use super::proxy_name::Port;
use super::request::App;
use crate::kinds;
use crate::network::PodNet;
use crate::store::Refusal;

/// Istio's merged telemetry port.
const TELEMETRY_PORT: u16 = 15020;

/// The address behind a pod's or a service's name and port.
pub(super) fn address(app: &App, target: &Target, port: &Port) -> Result<SocketAddr, Refusal> {
    let name = target.name.as_deref().unwrap_or_default();
    let object = app.stored(target)?;
    let (pod, port) = if target.kind == &kinds::SERVICE {
        endpoint(app, target, &object, port)?
    } else {
        (running(app, target, name)?, pod_port(&object, port)?)
    };
    reached(&pod, port)
}

fn running(app: &App, target: &Target, name: &str) -> Result<Arc<PodNet>, Refusal> {
    app.network
        .pod(target.namespace(), name)
        .ok_or_else(|| unavailable(format!("pod \"{name}\" is not running")))
}

/// The number of a pod's port; `None` means its first.
fn pod_port(pod: &Value, port: &Port) -> Result<Option<u16>, Refusal> {
    match port {
        Port::First => Ok(None),
        Port::Number(number) => Ok(Some(*number)),
        Port::Name(name) => named_port(pod, name)
            .map(Some)
            .ok_or_else(|| Refusal::bad_request(format!("the pod has no port named \"{name}\""))),
    }
}

fn named_port(pod: &Value, name: &str) -> Option<u16> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.filter_map(|c| c["ports"].as_array()).flatten();
    let port = ports.find(|port| port["name"] == name)?;
    u16::try_from(port["containerPort"].as_u64()?).ok()
}

/// A ready pod of a service, and the port behind the service's port.
fn endpoint(
    app: &App,
    target: &Target,
    service: &Value,
    port: &Port,
) -> Result<(Arc<PodNet>, Option<u16>), Refusal> {
    let name = target.name.as_deref().unwrap_or_default();
    let mut ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let found = ports.find(|candidate| match port {
        Port::First => true,
        Port::Number(number) => candidate["port"] == *number,
        Port::Name(name) => candidate["name"] == name.as_str(),
    });
    let none = || unavailable(format!("no endpoints available for service \"{name}\""));
    let found = found.ok_or_else(none)?;
    let selector = service["spec"]["selector"].as_object().filter(|s| !s.is_empty());
    let selector = selector.ok_or_else(none)?;
    let pods = app.registry.list(&kinds::POD, target.namespace.as_deref());
    let ready = pods.iter().find_map(|pod| {
        let labels = &pod["metadata"]["labels"];
        let selected = selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        let net = (selected && is_ready(pod)).then(|| {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            app.network.pod(target.namespace(), name)
        });
        net.flatten().map(|net| (pod, net))
    });
    let (pod, net) = ready.ok_or_else(none)?;
    let number = match &found["targetPort"] {
        Value::String(name) => named_port(pod, name).ok_or_else(none)?,
        Value::Number(number) => as_port(number.as_u64()).ok_or_else(none)?,
        _ => as_port(found["port"].as_u64()).ok_or_else(none)?,
    };
    Ok((net, Some(number)))
}

fn as_port(number: Option<u64>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok())
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let mut ready = conditions.filter(|c| c["type"] == "Ready");
    pod["metadata"]["deletionTimestamp"].is_null() && ready.any(|c| c["status"] == "True")
}

fn reached(pod: &PodNet, port: Option<u16>) -> Result<SocketAddr, Refusal> {
    let found = match port {
        None => pod.ports.first().map(|port| port.reach),
        Some(TELEMETRY_PORT) => pod.telemetry,
        Some(number) => pod.ports.iter().find(|port| port.port == number).map(|port| port.reach),
    };
    found.ok_or_else(|| {
        let port = port.map_or_else(|| "any port".to_owned(), |port| format!("port {port}"));
        unreachable(&format!("dial tcp {}: {port}: connection refused", pod.ip))
    })
}
