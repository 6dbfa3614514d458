//! What an agent is made of. Pure.

use serde_json::{Value, json};

use crate::application::Client;
use crate::cluster::image;
use crate::load::agent;
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};

pub(crate) fn workload(client: &Client) -> String {
    format!("faultless-load-{}", client.workload)
}

pub(crate) fn deployment(client: &Client, run: &str) -> Value {
    let name = workload(client);
    let labels = json!({
        "app": name,
        "version": "v1",
        MANAGED_BY.0: MANAGED_BY.1,
        RUN_LABEL: run,
        "sidecar.istio.io/inject": "true",
    });
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
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{
                        "name": "agent",
                        "image": image::reference(),
                        "args": ["agent"],
                        "ports": [{"name": "http-agent", "containerPort": agent::PORT}],
                        "securityContext": image::security_context(),
                    }],
                    "terminationGracePeriodSeconds": 5,
                },
            },
        },
    })
}
