//! A running pod, read from its object. Pure.

use serde_json::Value;

/// A running pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pod {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Whether Istio's sidecar runs in it.
    pub sidecar: bool,
    /// Whether it is ready.
    pub ready: bool,
    /// Tells its lives apart: its uid with its sidecar's restarts.
    pub incarnation: String,
}

// === impl Pod ===

impl Pod {
    /// A pod of tests: ready, in the mesh, in its first life.
    #[cfg(test)]
    pub(crate) fn fake(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            sidecar: true,
            ready: true,
            incarnation: "uid+0".to_owned(),
        }
    }

    /// From its object; `None` for one that does not run, or ends.
    pub(super) fn of(object: &Value) -> Option<Self> {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
        if text("/status/phase").as_deref() != Some("Running")
            || object.pointer("/metadata/deletionTimestamp").is_some()
        {
            return None;
        }
        let containers = |path: &str| {
            object.pointer(path).and_then(Value::as_array).is_some_and(|containers| {
                containers.iter().any(|container| container["name"] == "istio-proxy")
            })
        };
        let ready =
            object.pointer("/status/conditions").and_then(Value::as_array).is_some_and(|all| {
                all.iter()
                    .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
            });
        let statuses =
            |path: &str| object.pointer(path).and_then(Value::as_array).into_iter().flatten();
        let restarts = statuses("/status/containerStatuses")
            .chain(statuses("/status/initContainerStatuses"))
            .find(|status| status["name"] == "istio-proxy")
            .and_then(|status| status["restartCount"].as_u64())
            .unwrap_or_default();
        Some(Self {
            incarnation: format!("{}+{restarts}", text("/metadata/uid")?),
            namespace: text("/metadata/namespace")?,
            name: text("/metadata/name")?,
            // Since Kubernetes 1.29 Istio may run the sidecar as a restartable init container.
            sidecar: containers("/spec/containers") || containers("/spec/initContainers"),
            ready,
        })
    }
}
