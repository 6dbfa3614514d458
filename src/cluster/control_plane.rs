//! Where the control plane is: the pods of istiod, in the namespace that the sidecars name.

use serde_json::Value;

use super::handle::Cluster;
use super::pod::Pod;
use crate::error::Result;

/// Where Istio is installed unless something else is said.
const NAMESPACE: &str = "istio-system";

/// The labels of its pods, whatever their revision.
const SELECTOR: &str = "app=istiod";

/// The variable in which the injection tells a sidecar its control plane's address.
const ADDRESS: &str = "CA_ADDR";

// === impl Cluster ===

impl Cluster {
    /// The pods of the control planes that are ready, of all revisions; none where the control
    /// plane is elsewhere. `namespaces` are those whose sidecars know where it is.
    pub(super) async fn control_planes(&self, namespaces: &[String]) -> Result<Vec<Pod>> {
        for namespace in namespaces {
            if self.control_plane.get().is_none() {
                self.pods(namespace, "").await?;
            }
        }
        // Where no sidecar tells, it is where it usually is.
        self.control_plane.get_or_init(|| NAMESPACE.to_owned());
        let mut pods = self.pods(&self.control_plane_namespace(), SELECTOR).await?;
        pods.retain(|pod| pod.ready);
        Ok(pods)
    }

    /// The namespace of the control plane.
    #[must_use]
    pub fn control_plane_namespace(&self) -> String {
        self.control_plane.get().cloned().unwrap_or_else(|| NAMESPACE.to_owned())
    }

    /// Learns from the sidecars of a namespace where their control plane is.
    pub(super) fn learn_control_plane(&self, pods: &[Value]) {
        if self.control_plane.get().is_none()
            && let Some(namespace) = pods.iter().find_map(named_by)
        {
            // Somebody else may have learnt the same meanwhile.
            let _ = self.control_plane.set(namespace);
        }
    }
}

/// The namespace in the address of a sidecar's control plane:
/// `istiod-canary.istio-system.svc:15012`.
fn named_by(pod: &Value) -> Option<String> {
    let containers = ["/spec/containers", "/spec/initContainers"];
    let containers = containers.iter().filter_map(|path| pod.pointer(path)?.as_array()).flatten();
    let mut variables = containers
        .filter(|c| c["name"] == "istio-proxy")
        .filter_map(|c| c["env"].as_array())
        .flatten();
    let address = variables.find(|variable| variable["name"] == ADDRESS)?["value"].as_str()?;
    let mut parts = address.split(':').next()?.split('.');
    let (service, namespace, svc) = (parts.next()?, parts.next()?, parts.next()?);
    (service.starts_with("istiod") && svc == "svc").then(|| namespace.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sidecar_names_its_control_plane() {
        let pod = |address: &str| {
            let env = json!([{"name": "X"}, {"name": "CA_ADDR", "value": address}]);
            json!({"spec": {"initContainers": [{"name": "istio-proxy", "env": env}]}})
        };
        let of = |address| named_by(&pod(address));
        assert_eq!(of("istiod.istio-system.svc:15012").as_deref(), Some("istio-system"));
        assert_eq!(of("istiod-canary.mesh.svc.x.y:15012").as_deref(), Some("mesh"));
        assert_eq!(of("meshca.example.com:443"), None);
        assert_eq!(named_by(&json!({})), None);
    }
}
