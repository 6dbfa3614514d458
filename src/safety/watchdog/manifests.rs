//! What a watchdog consists of: an account, the least rights, and a pod. Pure.

use serde_json::{Value, json};

use crate::cluster::AgentImage;
use crate::safety::deadman::watchdogs_job;
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};
use crate::safety::lease;
use crate::safety::watchdog::args::WatchdogArgs;

pub(crate) fn name(run: &str) -> String {
    format!("faultless-{run}-watchdog")
}

/// All of it, in the order in which it is made.
pub(crate) fn objects(charge: &WatchdogArgs, image: &AgentImage) -> [Value; 4] {
    let WatchdogArgs { run, namespace, within: _, runner: _ } = charge;
    let name = name(run);
    let labels = json!({MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run});
    let object = |api_version: &str, kind: &str, fields: Value| {
        let mut object = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
        });
        for (key, value) in fields.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        object
    };
    let group = "rbac.authorization.k8s.io";
    let account = json!({"kind": "ServiceAccount", "name": name, "namespace": namespace});
    let role = json!({"apiGroup": group, "kind": "Role", "name": name});
    [
        object("v1", "ServiceAccount", json!({})),
        object("rbac.authorization.k8s.io/v1", "Role", json!({"rules": rules(charge)})),
        object(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            json!({"roleRef": role, "subjects": [account]}),
        ),
        object("apps/v1", "Deployment", json!({"spec": deployment(charge, &name, image)})),
    ]
}

/// The least that a watchdog needs: to find and change what it may have to give back, and to watch
/// and end its own Job.
pub(super) fn rules(charge: &WatchdogArgs) -> Value {
    let job = watchdogs_job(&charge.run, &charge.namespace).name;
    json!([
        {
            "apiGroups": ["networking.istio.io"],
            "resources": ["virtualservices", "destinationrules"],
            "verbs": ["get", "list", "patch"],
        },
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "patch"]},
        {
            "apiGroups": ["batch"],
            "resources": ["jobs"],
            "resourceNames": [job],
            "verbs": ["get", "patch", "delete"],
        },
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [lease::NAME],
            "verbs": ["get", "delete"],
        },
    ])
}

fn deployment(charge: &WatchdogArgs, name: &str, image: &AgentImage) -> Value {
    let mut spec = image.pod_spec("watchdog", &charge.args());
    spec["serviceAccountName"] = name.into();
    json!({
        "replicas": 1,
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {
                "labels": {
                    "app": name,
                    MANAGED_BY.0: MANAGED_BY.1,
                    RUN_LABEL: charge.run,
                    // It talks to the API server alone, whatever is done to the mesh.
                    "sidecar.istio.io/inject": "false",
                },
            },
            "spec": spec,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_watchdog_in_full() {
        let charge = WatchdogArgs {
            run: "r1".to_owned(),
            namespace: "shop".to_owned(),
            within: Duration::from_secs(60),
            runner: "0.1.0".to_owned(),
        };
        let image = AgentImage::named(Some("registry.example.com/faultless:1"), None, Vec::new());
        insta::assert_json_snapshot!(objects(&charge, &image.unwrap()));
    }
}
