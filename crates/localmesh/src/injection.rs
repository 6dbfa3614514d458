//! Istio's sidecar injection: whether a new pod gets a proxy, and what changes in it then. The
//! decision is that of the webhooks' selectors and of istiod (`pkg/kube/inject/inject.go`). Pure.

use serde_json::{Value, json};

use super::store::meta;

/// The container's name, by which everybody recognises a pod with a sidecar.
pub const CONTAINER: &str = "istio-proxy";

/// What the container says it runs; the kubelet starts an Envoy of its own for it.
const IMAGE: &str = "docker.io/istio/proxyv2:1.30.3";

/// Where pilot-agent serves the merged metrics.
const TELEMETRY_PORT: &str = "15020";

const INJECT: &str = "sidecar.istio.io/inject";
const REVISION: &str = "istio.io/rev";
/// The only revision the local mesh has.
const OURS: &str = "default";

/// The pod as Istio's webhook would hand it back: with a sidecar if its namespace's labels or its
/// own ask for one, else as it is.
#[must_use]
pub fn inject(mut pod: Value, namespace_labels: &Value) -> Value {
    let injected = meta::list(&pod, "/spec/containers").iter().any(|c| c["name"] == CONTAINER);
    if injected || !is_wanted(&pod, namespace_labels) {
        return pod;
    }
    let first = meta::text(&pod, "/spec/containers/0/name").to_owned();
    let name = canonical_name(&pod);
    let labels = &pod["metadata"]["labels"];
    let revision = ["app.kubernetes.io/version", "version"]
        .iter()
        .find_map(|label| labels[*label].as_str())
        .unwrap_or("latest")
        .to_owned();
    let metadata = &mut pod["metadata"];
    let labels = meta::child(metadata, "labels");
    labels.entry("service.istio.io/canonical-name").or_insert(json!(name));
    labels.entry("service.istio.io/canonical-revision").or_insert(json!(revision));
    let annotations = meta::child(metadata, "annotations");
    let status = json!({
        "initContainers": null,
        "containers": [CONTAINER],
        "volumes": null,
        "imagePullSecrets": null,
        "revision": OURS,
    });
    annotations.insert("sidecar.istio.io/status".to_owned(), json!(status.to_string()));
    annotations.insert(REVISION.to_owned(), json!(OURS));
    for which in ["default-container", "default-logs-container"] {
        annotations.entry(format!("kubectl.kubernetes.io/{which}")).or_insert(json!(first));
    }
    if annotations.get("prometheus.io/scrape") != Some(&json!("false")) {
        annotations.insert("prometheus.io/scrape".to_owned(), json!("true"));
        annotations.insert("prometheus.io/port".to_owned(), json!(TELEMETRY_PORT));
        annotations.insert("prometheus.io/path".to_owned(), json!("/stats/prometheus"));
    }
    let proxy = json!({
        "name": CONTAINER,
        "image": IMAGE,
        "args": ["proxy", "sidecar"],
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
    });
    if let Some(containers) = pod.pointer_mut("/spec/containers").and_then(Value::as_array_mut) {
        containers.push(proxy);
    }
    pod
}

/// `true`, `false`, or the namespace decides.
fn own_wish(pod: &Value) -> Option<bool> {
    let label = pod["metadata"]["labels"].get(INJECT);
    // The annotation is the older way to say it; the label wins.
    let wish = label.or_else(|| pod["metadata"]["annotations"].get(INJECT))?.as_str()?;
    match wish.to_ascii_lowercase().as_str() {
        "" => None,
        "y" | "yes" | "true" | "on" => Some(true),
        _ => Some(false),
    }
}

fn is_wanted(pod: &Value, namespace_labels: &Value) -> bool {
    // A sidecar in the host's network would capture the host's traffic.
    if pod.pointer("/spec/hostNetwork") == Some(&json!(true)) {
        return false;
    }
    if matches!(meta::namespace(pod), "kube-system" | "kube-public" | "kube-node-lease") {
        return false;
    }
    let wish = own_wish(pod);
    let of_namespace =
        (namespace_labels["istio-injection"].as_str(), namespace_labels[REVISION].as_str());
    let of_pod = pod["metadata"]["labels"][REVISION].as_str();
    let label_asks = pod["metadata"]["labels"][INJECT] == "true";
    let selected = match of_namespace {
        (Some(injection), _) => injection == "enabled",
        (None, Some(revision)) => revision == OURS,
        (None, None) => of_pod.map_or(label_asks, |revision| revision == OURS),
    };
    selected && wish.unwrap_or(true)
}

/// What Istio calls the service a pod belongs to, for telemetry.
fn canonical_name(pod: &Value) -> String {
    let labels = &pod["metadata"]["labels"];
    for label in ["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"] {
        if let Some(name) = labels[label].as_str() {
            return name.to_owned();
        }
    }
    let owner = meta::list(pod, "/metadata/ownerReferences")
        .iter()
        .find(|owner| owner["controller"] == json!(true));
    let Some(owner) = owner else { return meta::name(pod).to_owned() };
    let name = meta::text(owner, "/name");
    // A ReplicaSet of a Deployment is called after it, with the hash of the template behind.
    match labels["pod-template-hash"].as_str() {
        Some(hash) => name.strip_suffix(&format!("-{hash}")).unwrap_or(name).to_owned(),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(labels: &Value, annotations: &Value) -> Value {
        json!({
            "metadata": {
                "generateName": "hotels-v1-6d9f-",
                "namespace": "shop",
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [{"name": "hotels-v1-6d9f", "controller": true}],
            },
            "spec": {"containers": [{"name": "hotels", "image": "example.org/hotels:v1"}]},
        })
    }

    fn has_sidecar(pod: &Value) -> bool {
        meta::list(pod, "/spec/containers").iter().any(|c| c["name"] == CONTAINER)
    }

    #[test]
    fn labels_decide_as_in_istio() {
        let enabled = json!({"istio-injection": "enabled"});
        let disabled = json!({"istio-injection": "disabled"});
        let revision = json!({"istio.io/rev": "default"});
        let other = json!({"istio.io/rev": "canary"});
        let none = json!({});
        let no = json!({"sidecar.istio.io/inject": "false"});
        let yes = json!({"sidecar.istio.io/inject": "true"});
        let mine = json!({"istio.io/rev": "default"});
        for (namespace, labels, annotations, expected) in [
            (&enabled, &none, &none, true),
            (&disabled, &none, &none, false),
            (&none, &none, &none, false),
            (&Value::Null, &none, &none, false),
            (&revision, &none, &none, true),
            (&other, &none, &none, false),
            // The pod's label, and the older annotation, which the label overrides.
            (&enabled, &no, &none, false),
            (&enabled, &none, &no, false),
            (&enabled, &yes, &no, true),
            (&enabled, &no, &yes, false),
            (&revision, &no, &none, false),
            (&none, &yes, &none, true),
            // The webhook selects by labels: an annotation alone never reaches istiod.
            (&none, &none, &yes, false),
            (&none, &mine, &none, true),
            // A namespace that says no is not overruled.
            (&disabled, &yes, &none, false),
            (&other, &yes, &none, false),
        ] {
            let pod = inject(pod(labels, annotations), namespace);
            let why = format!("{namespace} {labels} {annotations}");
            assert_eq!(has_sidecar(&pod), expected, "{why}");
        }
    }

    #[test]
    fn the_hosts_network_and_system_namespaces_are_left_alone() {
        let enabled = json!({"istio-injection": "enabled"});
        let mut host = pod(&json!({}), &json!({}));
        host["spec"]["hostNetwork"] = json!(true);
        assert_eq!(inject(host.clone(), &enabled), host);
        let mut system = pod(&json!({}), &json!({}));
        system["metadata"]["namespace"] = json!("kube-system");
        assert_eq!(inject(system.clone(), &enabled), system);
    }

    #[test]
    fn what_a_sidecar_changes() {
        let enabled = json!({"istio-injection": "enabled"});
        let labels = json!({"app": "hotels", "version": "v1"});
        let injected = inject(pod(&labels, &Value::Null), &enabled);
        insta::assert_json_snapshot!(injected);
        assert_eq!(inject(injected.clone(), &enabled), injected, "once is enough");
    }

    #[test]
    fn the_canonical_name_is_istios() {
        let enabled = json!({"istio-injection": "enabled"});
        let name = |labels: Value| {
            let pod = inject(pod(&labels, &json!({})), &enabled);
            let labels = &pod["metadata"]["labels"];
            let text = |what: &str| labels[format!("service.istio.io/canonical-{what}")].clone();
            (text("name"), text("revision"))
        };
        let named = |name: &str, revision: &str| (json!(name), json!(revision));
        assert_eq!(name(json!({"pod-template-hash": "6d9f"})), named("hotels-v1", "latest"));
        assert_eq!(name(json!({})), named("hotels-v1-6d9f", "latest"));
        assert_eq!(
            name(json!({"app": "a", "app.kubernetes.io/name": "b", "version": "v2"})),
            named("b", "v2")
        );
    }

    #[test]
    fn a_pod_that_does_not_want_to_be_scraped_is_not() {
        let annotations = json!({"prometheus.io/scrape": "false"});
        let enabled = json!({"istio-injection": "enabled"});
        let pod = inject(pod(&json!({}), &annotations), &enabled);
        assert_eq!(pod["metadata"]["annotations"].get("prometheus.io/port"), None);
    }
}
