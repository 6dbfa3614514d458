//! A `Table` of objects, row by row. Pure; the time comes in.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::columns;
use crate::kinds::Kind;

/// What a row carries of its object (`includeObject`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Include {
    /// Nothing.
    None,
    /// Its metadata: the default.
    Metadata,
    /// All of it.
    Object,
}

/// A table without its list metadata.
pub(in super::super) fn table<'a>(
    kind: &Kind,
    objects: impl IntoIterator<Item = &'a Value>,
    include: Include,
    with_columns: bool,
    now: Timestamp,
) -> Value {
    let columns = columns::of(kind);
    let rows: Vec<Value> = objects
        .into_iter()
        .map(|object| {
            let cells: Vec<Value> =
                columns.iter().map(|(_, _, cell)| cell.of(object, now)).collect();
            let mut row = json!({ "cells": cells });
            match include {
                Include::None => {}
                Include::Metadata => row["object"] = metadata_only(object),
                Include::Object => row["object"] = object.clone(),
            }
            row
        })
        .collect();
    let definitions: Vec<Value> = columns
        .iter()
        .filter(|_| with_columns)
        .map(|(name, priority, cell)| {
            json!({
                "name": name,
                "type": cell.kind(),
                "format": if *name == "Name" { "name" } else { "" },
                "description": "",
                "priority": priority,
            })
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": definitions,
        "rows": rows,
    })
}

/// The object's `PartialObjectMetadata`.
pub(in super::super) fn metadata_only(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    /// Name and cell of each column that is shown without `-o wide`, and with it after a bar.
    #[track_caller]
    fn check(kind: &Kind, object: Value, expect: &str) {
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        let table = table(kind, [&object], Include::None, true, now);
        let cells = table["rows"][0]["cells"].as_array().unwrap();
        let columns = table["columnDefinitions"].as_array().unwrap();
        let text = |cell: &Value| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
        let shown = |priority: u8| {
            let shown = columns.iter().zip(cells).filter(|(c, _)| c["priority"] == priority);
            let shown =
                shown.map(|(c, cell)| format!("{}={}", c["name"].as_str().unwrap(), text(cell)));
            shown.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(format!("{} | {}", shown(0), shown(1)).trim_end(), expect);
    }

    fn meta(name: &str) -> Value {
        json!({"name": name, "namespace": "a", "creationTimestamp": "2026-01-01T00:55:00Z"})
    }

    #[test]
    fn pods() {
        let running = json!({"state": {"running": {}}, "ready": true, "restartCount": 1});
        let mut pod = json!({
            "metadata": meta("p"),
            "spec": {"nodeName": "n", "containers": [{"name": "a"}, {"name": "b"}]},
            "status": {
                "phase": "Running",
                "podIP": "127.9.0.1",
                "containerStatuses": [running, running],
            },
        });
        let wide = "IP=127.9.0.1 Node=n Nominated Node=<none> Readiness Gates=<none>";
        let row = "Name=p Ready=2/2 Status=Running Restarts=2 Age=5m";
        check(&kinds::POD, pod.clone(), &format!("{row} | {wide}"));
        pod["status"]["containerStatuses"][0] =
            json!({"state": {"waiting": {"reason": "ErrImagePull"}}, "ready": false});
        let row = "Name=p Ready=1/2 Status=ErrImagePull Restarts=1 Age=5m";
        check(&kinds::POD, pod.clone(), &format!("{row} | {wide}"));
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:59:00Z");
        let row = "Name=p Ready=1/2 Status=Terminating Restarts=1 Age=5m";
        check(&kinds::POD, pod, &format!("{row} | {wide}"));
    }

    #[test]
    fn workloads() {
        let template = json!({"spec": {"containers": [{"name": "c", "image": "i:1"}]}});
        let deployment = json!({
            "metadata": meta("d"),
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "d"}},
                "template": template,
            },
            "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
        });
        check(
            &kinds::DEPLOYMENT,
            deployment,
            "Name=d Ready=1/2 Up-to-date=2 Available=1 Age=5m | \
             Containers=c Images=i:1 Selector=app=d",
        );
        let job = json!({
            "metadata": meta("j"),
            "spec": {"completions": 1, "template": template},
            "status": {
                "succeeded": 1,
                "startTime": "2026-01-01T00:55:00Z",
                "completionTime": "2026-01-01T00:55:10Z",
                "conditions": [{"type": "Complete", "status": "True"}],
            },
        });
        check(
            &kinds::JOB,
            job,
            "Name=j Status=Complete Completions=1/1 Duration=10s Age=5m | \
             Containers=c Images=i:1 Selector=<none>",
        );
    }

    #[test]
    fn services_and_istio() {
        let service = json!({
            "metadata": meta("s"),
            "spec": {
                "type": "ClusterIP",
                "clusterIP": "10.0.0.1",
                "selector": {"app": "s"},
                "ports": [{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
            },
        });
        check(
            &kinds::SERVICE,
            service,
            "Name=s Type=ClusterIP Cluster-IP=10.0.0.1 External-IP=<none> Port(s)=80/TCP,53/UDP \
             Age=5m | Selector=app=s",
        );
        check(
            &kinds::VIRTUAL_SERVICE,
            json!({"metadata": meta("v"), "spec": {"hosts": ["a", "b"]}}),
            "Name=v Gateways=null Hosts=[\"a\",\"b\"] Age=5m |",
        );
        check(
            &kinds::DESTINATION_RULE,
            json!({"metadata": meta("v"), "spec": {"host": "a"}}),
            "Name=v Host=a Age=5m |",
        );
    }

    #[test]
    fn nonsense_in_an_object_does_not_panic() {
        for kind in crate::kinds::ALL {
            let odd = json!({
                "metadata": {"name": 1, "creationTimestamp": "yesterday"},
                "spec": {"containers": 7, "replicas": "x", "ports": {"a": 1}, "selector": []},
                "status": {"containerStatuses": [1, null, "x"], "conditions": {}},
            });
            let table = table(kind, [&odd, &json!({})], Include::Metadata, true, Timestamp::MIN);
            assert_eq!(table["rows"].as_array().unwrap().len(), 2);
        }
    }
}
