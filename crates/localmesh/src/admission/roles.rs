//! Roles and their bindings: what a real API server would refuse. They are kept and shown; nobody
//! is kept from anything by them, because the local mesh has one user, who may do everything. Pure.

use serde_json::{Value, json};

use super::request::Request;
use crate::store::{Refusal, meta};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn admit_role(request: &Request<'_>, role: &Value) -> Result<(), Refusal> {
    for (at, rule) in meta::list(role, "/rules").iter().enumerate() {
        for field in ["verbs", "apiGroups", "resources"] {
            // `nonResourceURLs` are for cluster-wide roles only, so a rule needs all three.
            if rule[field].as_array().is_none_or(Vec::is_empty) {
                let field = format!("rules[{at}].{field}");
                return Err(request.invalid(role, &field, "Required value"));
            }
        }
    }
    Ok(())
}

pub(super) fn admit_binding(request: &Request<'_>, binding: &mut Value) -> Result<(), Refusal> {
    if let Some(stored) = request.stored
        && stored["roleRef"] != binding["roleRef"]
    {
        return Err(request.invalid(binding, "roleRef", "Invalid value: cannot change roleRef"));
    }
    let kind = meta::text(binding, "/roleRef/kind").to_owned();
    if !matches!(kind.as_str(), "Role" | "ClusterRole") {
        let cause = format!("Unsupported value: {kind:?}: supported values: Role, ClusterRole");
        return Err(request.invalid(binding, "roleRef.kind", &cause));
    }
    if meta::text(binding, "/roleRef/apiGroup").is_empty() {
        binding["roleRef"]["apiGroup"] = json!(GROUP);
    }
    if meta::text(binding, "/roleRef/name").is_empty() {
        return Err(request.invalid(binding, "roleRef.name", "Required value"));
    }
    for (at, subject) in meta::list(binding, "/subjects").iter().enumerate() {
        let of_account = meta::text(subject, "/kind") == "ServiceAccount";
        if of_account && meta::text(subject, "/namespace").is_empty() {
            let field = format!("subjects[{at}].namespace");
            return Err(request.invalid(binding, &field, "Required value"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use crate::registry::{Registry, WriteMode};

    #[test]
    fn what_grants_nothing_to_nobody_is_refused() {
        let registry = Registry::default();
        let role = |rule: Value| {
            let object =
                json!({"metadata": {"name": "r", "namespace": "default"}, "rules": [rule]});
            registry.create(&kinds::ROLE, object, WriteMode::default())
        };
        assert!(role(json!({"apiGroups": [""], "resources": ["pods"]})).is_err());
        let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
        assert!(role(rule).is_ok());
        let binding = |name: &str, reference: Value, subject: Value| {
            let metadata = json!({"name": name, "namespace": "default"});
            let object = json!({"metadata": metadata, "roleRef": reference, "subjects": [subject]});
            registry.create(&kinds::ROLE_BINDING, object, WriteMode::default())
        };
        let account = json!({"kind": "ServiceAccount", "name": "a", "namespace": "default"});
        let to = |kind: &str| json!({"kind": kind, "name": "r"});
        assert!(binding("a", to("Rule"), account.clone()).is_err());
        assert!(binding("b", to("Role"), json!({"kind": "ServiceAccount", "name": "a"})).is_err());
        let made = binding("c", to("Role"), account).unwrap();
        assert_eq!(made["roleRef"]["apiGroup"], GROUP);
    }
}
