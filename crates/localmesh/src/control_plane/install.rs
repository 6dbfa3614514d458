//! Istio's control plane in the cluster.

use serde_json::json;

use super::istiod::Istiod;
use crate::kinds;
use crate::registry::{Registry, WriteMode};
use crate::store::Refusal;

/// Istio's control plane as a Deployment, so that it is found where it is found in any cluster.
pub(crate) fn install_istiod(registry: &Registry) -> Result<(), Refusal> {
    let mode = WriteMode::default();
    let namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "istio-system"},
    });
    registry.create(&kinds::NAMESPACE, namespace, mode)?;
    let labels = json!({"app": "istiod", "istio": "pilot"});
    let istiod = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "istiod", "namespace": "istio-system", "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{
                    "name": "discovery",
                    "image": Istiod::IMAGE,
                    "ports": [{"name": "http-monitoring", "containerPort": 15014}],
                }]},
            },
        },
    });
    registry.create(&kinds::DEPLOYMENT, istiod, mode)?;
    Ok(())
}
