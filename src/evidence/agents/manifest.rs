//! What an agent is made of. Pure.

use serde_json::{Map, Value, json};

use crate::application::Client;
use crate::cluster::AgentImage;
use crate::load::agent;
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};

pub(crate) fn workload(client: &Client) -> String {
    format!("faultless-load-{}", client.workload)
}

/// The labels of an agent's pods, by which rules may know who calls.
pub(crate) fn labels(client: &Client, run: &str) -> [(&'static str, String); 5] {
    [
        ("app", workload(client)),
        ("version", "v1".to_owned()),
        (MANAGED_BY.0, MANAGED_BY.1.to_owned()),
        (RUN_LABEL, run.to_owned()),
        ("sidecar.istio.io/inject", "true".to_owned()),
    ]
}

pub(crate) fn deployment(client: &Client, run: &str, image: &AgentImage) -> Value {
    let name = workload(client);
    let labels = labels(client, run).map(|(key, value)| (key.to_owned(), value.into()));
    let labels: Map<String, Value> = labels.into_iter().collect();
    let mut spec = image.pod_spec("agent", &["agent".to_owned()]);
    spec["containers"][0]["ports"] = json!([{"name": "http-agent", "containerPort": agent::PORT}]);
    // It asks nothing of the API server, and what it has not cannot be taken from it.
    spec["automountServiceAccountToken"] = false.into();
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": client.namespace,
            "labels": {MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run},
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations()},
                "spec": spec,
            },
        },
    })
}

/// The runner reaches the agent through the API server, which is no part of the mesh: where only
/// mTLS is let in, that port must not be the sidecar's.
fn annotations() -> Value {
    json!({"traffic.sidecar.istio.io/excludeInboundPorts": agent::PORT.to_string()})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_agent_in_full() {
        let client = Client {
            namespace: "shop".to_owned(),
            workload: "web".to_owned(),
            calls: "cart".to_owned(),
            paths: vec!["/".to_owned()],
            expect_json_nonempty: false,
            headers: BTreeMap::new(),
            settings: None,
        };
        let name = Some("registry.example.com/faultless:1");
        let image = AgentImage::named(name, None, vec!["key".to_owned()]).unwrap();
        insta::assert_json_snapshot!(deployment(&client, "r1", &image));
    }
}
