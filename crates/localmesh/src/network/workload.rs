//! What a pod is called in telemetry: Istio's rules, as a function of the pod object. Pure.

use serde_json::Value;

/// What a workload is called in Istio's telemetry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Workload {
    /// Name of the Deployment or Job (for a bare pod: the pod's own name).
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// `app` label, `unknown` without one.
    pub app: String,
    /// `version` label, `unknown` without one.
    pub version: String,
    /// Canonical service name (`service.istio.io/canonical-name`, `app.kubernetes.io/name`, `app`
    /// label, else the workload's name).
    pub canonical_name: String,
    /// Canonical revision (`…/canonical-revision`, `app.kubernetes.io/version`, `version` label,
    /// else `latest`).
    pub canonical_revision: String,
}

// === impl Workload ===

impl Workload {
    /// The workload a pod belongs to, from the pod object alone, as Istio's injector derives it.
    #[must_use]
    pub fn of(pod: &Value) -> Self {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let label = |name: &str| {
            let value = pod.pointer("/metadata/labels").and_then(|labels| labels.get(name));
            value.and_then(Value::as_str).filter(|value| !value.is_empty())
        };
        let name = owner(pod).unwrap_or_else(|| text("/metadata/name").to_owned());
        let or_unknown = |label: Option<&str>| label.unwrap_or("unknown").to_owned();
        let canonical_name = label("service.istio.io/canonical-name")
            .or_else(|| label("app.kubernetes.io/name"))
            .or_else(|| label("app"))
            .unwrap_or(&name)
            .to_owned();
        let canonical_revision = label("service.istio.io/canonical-revision")
            .or_else(|| label("app.kubernetes.io/version"))
            .or_else(|| label("version"))
            .unwrap_or("latest")
            .to_owned();
        Self {
            namespace: text("/metadata/namespace").to_owned(),
            app: or_unknown(label("app")),
            version: or_unknown(label("version")),
            canonical_name,
            canonical_revision,
            name,
        }
    }
}

/// The name of what made the pod: the Deployment behind its ReplicaSet, its Job, any other owner.
fn owner(pod: &Value) -> Option<String> {
    let owners = pod.pointer("/metadata/ownerReferences")?.as_array()?;
    let controls = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let owner = owners.iter().find(controls).or_else(|| owners.first())?;
    let name = owner.get("name")?.as_str()?;
    if owner.get("kind").and_then(Value::as_str) != Some("ReplicaSet") {
        return Some(name.to_owned());
    }
    let hash = pod.pointer("/metadata/labels/pod-template-hash").and_then(Value::as_str);
    let deployment = hash
        .filter(|hash| !hash.is_empty())
        .and_then(|hash| name.strip_suffix(hash)?.strip_suffix('-'))
        .filter(|deployment| !deployment.is_empty());
    Some(deployment.unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_is_known_through_its_replica_set() {
        let pod = json!({"metadata": {
            "name": "travels-v1-5d4f8c-x7k2p", "namespace": "travel-agency",
            "labels": {"app": "travels", "version": "v1", "pod-template-hash": "5d4f8c"},
            "ownerReferences": [
                {"kind": "ConfigMap", "name": "other"},
                {"kind": "ReplicaSet", "name": "travels-v1-5d4f8c", "controller": true}],
        }});
        let workload = Workload::of(&pod);
        assert_eq!(workload.name, "travels-v1");
        assert_eq!(workload.namespace, "travel-agency");
        assert_eq!((workload.app.as_str(), workload.version.as_str()), ("travels", "v1"));
        assert_eq!(workload.canonical_name, "travels");
        assert_eq!(workload.canonical_revision, "v1");
    }

    #[test]
    fn jobs_bare_pods_and_nonsense_have_a_name_too() {
        let job = json!({"metadata": {"name": "once-abc", "namespace": "n",
            "ownerReferences": [{"kind": "Job", "name": "once", "controller": true}]}});
        assert_eq!(Workload::of(&job).name, "once");
        let bare = Workload::of(&json!({"metadata": {"name": "bare", "namespace": "n"}}));
        assert_eq!((bare.name.as_str(), bare.app.as_str()), ("bare", "unknown"));
        assert_eq!(bare.canonical_name, "bare");
        assert_eq!(
            (bare.version.as_str(), bare.canonical_revision.as_str()),
            ("unknown", "latest")
        );
        // A ReplicaSet of its own, without a Deployment, keeps its name.
        let alone = json!({"metadata": {"name": "rs-1", "namespace": "n",
            "ownerReferences": [{"kind": "ReplicaSet", "name": "rs"}]}});
        assert_eq!(Workload::of(&alone).name, "rs");
        assert_eq!(Workload::of(&json!(null)).name, "");
    }

    #[test]
    fn canonical_labels_win() {
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "labels": {
            "app": "a", "app.kubernetes.io/name": "b", "service.istio.io/canonical-name": "c",
            "version": "1", "app.kubernetes.io/version": "2"}}});
        let workload = Workload::of(&pod);
        assert_eq!((workload.app.as_str(), workload.version.as_str()), ("a", "1"));
        assert_eq!(workload.canonical_name, "c");
        assert_eq!(workload.canonical_revision, "2");
    }
}
