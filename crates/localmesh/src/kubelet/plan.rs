//! What the pod's containers are to be run with, or why one of them cannot.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde_json::Value;

use super::config::{Config, SIDECAR};
use super::env;
use super::field::Facts;
use crate::image::Image;
use crate::store::meta;

/// One of the pod's containers, ready to be run.
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) image: Arc<dyn Image>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) args: Vec<String>,
    pub(super) ports: Vec<u16>,
}

/// Why a container cannot be run, as `kubectl get pods` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) container: String,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// Init containers that only prepare what this mesh does not have (iptables); reported as done.
const NEEDLESS_INIT: [&str; 2] = ["istio-init", "istio-validation"];

/// What the pod's containers are to be run with.
pub(super) fn plan(config: &Config, pod: &Value, ip: Ipv4Addr) -> Result<Vec<Planned>, Trouble> {
    for init in meta::list(pod, "/spec/initContainers") {
        let name = init["name"].as_str().unwrap_or_default();
        if !NEEDLESS_INIT.contains(&name) {
            let message = "the local kubelet runs no init containers".to_owned();
            let container = name.to_owned();
            return Err(Trouble { container, reason: "CreateContainerConfigError", message });
        }
    }
    let containers =
        meta::list(pod, "/spec/containers").iter().filter(|each| each["name"] != SIDECAR);
    containers.map(|container| planned(config, pod, container, ip)).collect()
}

/// Whether the pod has an injected sidecar.
pub(super) fn has_sidecar(pod: &Value) -> bool {
    meta::list(pod, "/spec/containers").iter().any(|container| container["name"] == SIDECAR)
}

fn planned(
    config: &Config,
    pod: &Value,
    container: &Value,
    ip: Ipv4Addr,
) -> Result<Planned, Trouble> {
    let name = container["name"].as_str().unwrap_or_default().to_owned();
    let reference = container["image"].as_str().unwrap_or_default();
    let Some(image) = config.images.get(repository(reference)) else {
        let known: Vec<_> = config.images.keys().map(String::as_str).collect();
        let known = known.join(", ");
        let message = format!(
            "Failed to pull image \"{reference}\": the local mesh runs stand-ins, not images, and \
             has none for this one; it knows: {known}"
        );
        return Err(Trouble { container: name, reason: "ErrImagePull", message });
    };
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let lookup = |kind, name: &str| config.registry.get(kind, namespace, name);
    let env = env::resolve(container, Facts { pod, ip }, &lookup).map_err(|message| Trouble {
        container: name.clone(),
        reason: "CreateContainerConfigError",
        message,
    })?;
    let args = env::args(container, &env);
    let ports = tcp_ports(container).map(|(port, _)| port).collect();
    Ok(Planned { name, image: Arc::clone(image), env, args, ports })
}

/// An image reference without its tag and digest.
fn repository(reference: &str) -> &str {
    let reference = reference.split_once('@').map_or(reference, |(repository, _)| repository);
    match reference.rsplit_once(':') {
        // A colon before a slash belongs to the registry's port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => reference,
    }
}

/// A container's TCP ports with their names.
pub(super) fn tcp_ports(container: &Value) -> impl Iterator<Item = (u16, Option<&str>)> {
    let tcp = |port: &&Value| port["protocol"].as_str().is_none_or(|protocol| protocol == "TCP");
    meta::list(container, "/ports").iter().filter(tcp).filter_map(|port| {
        let number = port["containerPort"].as_u64().and_then(|number| u16::try_from(number).ok());
        number.filter(|number| *number > 0).map(|number| (number, port["name"].as_str()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_is_known_by_its_repository() {
        assert_eq!(
            repository("quay.io/kiali/demo_travels_cars:v1"),
            "quay.io/kiali/demo_travels_cars"
        );
        assert_eq!(repository("host:5000/a/b"), "host:5000/a/b");
        assert_eq!(repository("host:5000/a/b:v2@sha256:00"), "host:5000/a/b");
        assert_eq!(repository(""), "");
    }

    #[test]
    fn only_sensible_tcp_ports_count() {
        let container = json!({"ports": [
            {"containerPort": 8000, "name": "http"}, {"containerPort": 53, "protocol": "UDP"},
            {"containerPort": 0}, {"containerPort": 70_000}, {"containerPort": "x"},
        ]});
        assert_eq!(tcp_ports(&container).collect::<Vec<_>>(), [(8000, Some("http"))]);
        assert_eq!(tcp_ports(&json!({})).count(), 0);
    }
}
