//! The rights that are missing, as somebody can apply them. A Role has all that a run needs in its
//! namespace, not only what is missing: applied again it must not take away what it gave before.
//! Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::facts::{Asked, Facts};
use crate::cluster::rights::{Need, Place, rules};
use crate::error::{Error, Result};

const GROUP: &str = "rbac.authorization.k8s.io";

/// The Roles where rights are missing, with what binds them, as YAML; `None` if none is.
pub(super) fn roles(facts: &Facts) -> Result<Option<String>> {
    let lacks = |asked: &&Asked| asked.allowed == Ok(false);
    let places: BTreeSet<(Place, &str)> = facts
        .rights
        .iter()
        .filter(lacks)
        .map(|asked| (asked.place, asked.namespace.as_str()))
        .filter(|(_, name)| !gone(facts, name))
        .collect();
    let mut documents = Vec::new();
    for (place, namespace) in places {
        for object in objects(facts, place, namespace) {
            let text = serde_yaml::to_string(&object)
                .map_err(|cause| Error::runner("writing a Role", cause))?;
            documents.push(text);
        }
    }
    Ok((!documents.is_empty()).then(|| documents.join("---\n")))
}

/// Nothing can be put into a namespace that is not there.
fn gone(facts: &Facts, namespace: &str) -> bool {
    facts.namespaces.get(namespace).is_some_and(|known| matches!(known.itself, Ok(None)))
}

fn objects(facts: &Facts, place: Place, namespace: &str) -> Vec<Value> {
    let (role, binding, name) = match place {
        Place::Application => ("Role", "RoleBinding", "faultless"),
        // Another name: an application may be beside its control plane.
        Place::ControlPlane => ("Role", "RoleBinding", "faultless-control-plane"),
        Place::Cluster => ("ClusterRole", "ClusterRoleBinding", "faultless"),
        Place::Prometheus => ("Role", "RoleBinding", "faultless-prometheus"),
    };
    let metadata = match place {
        Place::Cluster => json!({"name": name}),
        _ => json!({"name": name, "namespace": namespace}),
    };
    let api_version = format!("{GROUP}/v1");
    let mut rules = rules(place);
    if place == Place::Application {
        rules.extend(deployed(facts, namespace));
    }
    let mut all = vec![json!({
        "apiVersion": api_version, "kind": role, "metadata": metadata, "rules": rules,
    })];
    if let Some(user) = &facts.user {
        all.push(json!({
            "apiVersion": api_version,
            "kind": binding,
            "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": role, "name": name},
            "subjects": [subject(user)],
        }));
    }
    all
}

/// What the application's own workloads need besides.
fn deployed(facts: &Facts, namespace: &str) -> Vec<Value> {
    let own = |asked: &&Asked| asked.need == Need::Deploy && asked.namespace == namespace;
    let kinds: BTreeSet<(&str, &str)> = (facts.rights.iter().filter(own))
        .map(|asked| (asked.group.as_str(), asked.resource.as_str()))
        .collect();
    let verbs = |kind: (&str, &str)| {
        let of = facts.rights.iter().filter(own);
        let of = of.filter(move |asked| (asked.group.as_str(), asked.resource.as_str()) == kind);
        of.map(|asked| asked.verb.clone()).collect::<Vec<_>>()
    };
    kinds
        .into_iter()
        .map(|(group, resource)| {
            let verbs = verbs((group, resource));
            json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})
        })
        .collect()
}

/// Whom a binding is for, by the name that the API server gave us.
fn subject(user: &str) -> Value {
    let account = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    match account {
        Some((namespace, name)) => {
            json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
        }
        None => json!({"apiGroup": GROUP, "kind": "User", "name": user}),
    }
}
