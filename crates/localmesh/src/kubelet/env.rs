//! A container's environment and arguments from its manifest: literal values, secrets, config maps
//! and the pod's own fields, with `$(NAME)` expanded. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::expand::expand;
use super::field::{Facts, field, text};
use crate::kinds::{self, Kind};

/// How secrets and config maps of the pod's namespace are found.
pub(super) type Lookup<'a> = &'a dyn Fn(&'static Kind, &str) -> Option<Arc<Value>>;

/// The environment of a container; an error says what is missing, in the kubelet's usual words.
pub(super) fn resolve(
    container: &Value,
    facts: Facts<'_>,
    lookup: Lookup<'_>,
) -> Result<BTreeMap<String, String>, String> {
    let mut env = BTreeMap::new();
    env.insert("HOSTNAME".to_owned(), text(&facts.pod["metadata"]["name"]).to_owned());
    for source in list(&container["envFrom"]) {
        from_all(source, lookup, &mut env)?;
    }
    for variable in list(&container["env"]) {
        let name = text(&variable["name"]);
        let from = &variable["valueFrom"];
        let value = if from.is_null() {
            Some(expand(text(&variable["value"]), &env))
        } else {
            value_from(from, facts, lookup)?
        };
        if let Some(value) = value
            && !name.is_empty()
        {
            env.insert(name.to_owned(), value);
        }
    }
    Ok(env)
}

/// The container's arguments with `$(NAME)` expanded.
pub(super) fn args(container: &Value, env: &BTreeMap<String, String>) -> Vec<String> {
    list(&container["args"]).iter().map(|arg| expand(text(arg), env)).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// One `envFrom` source.
fn from_all(
    source: &Value,
    lookup: Lookup<'_>,
    env: &mut BTreeMap<String, String>,
) -> Result<(), String> {
    let prefix = text(&source["prefix"]);
    let (kind, reference) = match (&source["secretRef"], &source["configMapRef"]) {
        (Value::Null, Value::Null) => return Ok(()),
        (Value::Null, reference) => (&kinds::CONFIG_MAP, reference),
        (reference, _) => (&kinds::SECRET, reference),
    };
    let Some(object) = object(kind, reference, lookup)? else { return Ok(()) };
    let keys = ["stringData", "data"].into_iter().filter_map(|part| object[part].as_object());
    for key in keys.flat_map(|part| part.keys()) {
        if let Some(value) = entry(kind, &object, key)? {
            env.insert(format!("{prefix}{key}"), value);
        }
    }
    Ok(())
}

/// One `valueFrom`; `None` for something optional that is not there.
fn value_from(
    from: &Value,
    facts: Facts<'_>,
    lookup: Lookup<'_>,
) -> Result<Option<String>, String> {
    let (kind, reference) = match (&from["secretKeyRef"], &from["configMapKeyRef"]) {
        (Value::Null, Value::Null) => {
            return field(&from["fieldRef"]["fieldPath"], facts).map(Some);
        }
        (Value::Null, reference) => (&kinds::CONFIG_MAP, reference),
        (reference, _) => (&kinds::SECRET, reference),
    };
    let Some(object) = object(kind, reference, lookup)? else { return Ok(None) };
    let key = text(&reference["key"]);
    let found = entry(kind, &object, key)?;
    if found.is_none() && reference["optional"] != true {
        let namespace = text(&facts.pod["metadata"]["namespace"]);
        let name = text(&reference["name"]);
        return Err(format!("couldn't find key {key} in {} {namespace}/{name}", kind.kind));
    }
    Ok(found)
}

fn object(
    kind: &'static Kind,
    reference: &Value,
    lookup: Lookup<'_>,
) -> Result<Option<Arc<Value>>, String> {
    let name = text(&reference["name"]);
    match lookup(kind, name) {
        Some(object) => Ok(Some(object)),
        None if reference["optional"] == true => Ok(None),
        None => Err(format!("{} \"{name}\" not found", kind.kind.to_lowercase())),
    }
}

/// One key of a secret (whose `data` is base64) or of a config map.
fn entry(kind: &'static Kind, object: &Value, key: &str) -> Result<Option<String>, String> {
    if let Some(plain) = object["stringData"][key].as_str() {
        return Ok(Some(plain.to_owned()));
    }
    let data = &object["data"][key];
    if data.is_null() || kind != &kinds::SECRET {
        return Ok(data.as_str().map(str::to_owned));
    }
    let bytes = serde_json::from_value::<k8s_openapi::ByteString>(data.clone())
        .map_err(|error| format!("key {key} of the secret is not base64: {error}"))?;
    Ok(Some(String::from_utf8_lossy(&bytes.0).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use serde_json::json;

    use super::*;

    fn check(container: &Value) -> Result<BTreeMap<String, String>, String> {
        let pod = json!({"metadata": {"name": "p-1", "namespace": "shop",
            "labels": {"app.kubernetes.io/name": "p"}}});
        let lookup = |kind: &'static Kind, name: &str| match (kind.kind, name) {
            ("Secret", "db") => Some(Arc::new(json!({"data": {"pw": "cGFzc3dvcmQ="}}))),
            ("Secret", "bad") => Some(Arc::new(json!({"data": {"pw": "%%%"}}))),
            ("ConfigMap", "cm") => Some(Arc::new(json!({"data": {"a": "1", "b": "2"}}))),
            _ => None,
        };
        resolve(container, Facts { pod: &pod, ip: Ipv4Addr::new(127, 63, 0, 1) }, &lookup)
    }

    fn secret(name: &str, key: &str, optional: bool) -> Value {
        json!({"env": [{"name": "X", "valueFrom": {
            "secretKeyRef": {"name": name, "key": key, "optional": optional}}}]})
    }

    #[test]
    fn values_secrets_maps_and_fields() {
        let env = check(&json!({
            "envFrom": [{"configMapRef": {"name": "cm"}, "prefix": "CM_"}],
            "env": [
                {"name": "A", "value": "a"},
                {"name": "B", "value": "$(A)-$(CM_b)-$(NONE)-$$(A)-$"},
                {"name": "PW", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw"}}},
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "L", "valueFrom": {"fieldRef":
                    {"fieldPath": "metadata.labels['app.kubernetes.io/name']"}}},
                {"name": "EMPTY"},
            ],
        }));
        let env = env.unwrap();
        assert_eq!(env["B"], "a-2-$(NONE)-$(A)-$");
        assert_eq!(env["PW"], "password");
        assert_eq!((env["IP"].as_str(), env["L"].as_str()), ("127.63.0.1", "p"));
        assert_eq!((env["EMPTY"].as_str(), env["CM_a"].as_str()), ("", "1"));
        assert_eq!(env["HOSTNAME"], "p-1");
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |name, key| check(&secret(name, key, false)).unwrap_err();
        assert_eq!(missing("none", "pw"), "secret \"none\" not found");
        assert_eq!(missing("db", "no"), "couldn't find key no in Secret shop/db");
        assert!(missing("bad", "pw").contains("not base64"));
        for (name, key) in [("none", "pw"), ("db", "no")] {
            assert!(!check(&secret(name, key, true)).unwrap().contains_key("X"));
        }
        let field = json!({"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]});
        assert!(check(&field).unwrap_err().contains("`x`"));
    }

    #[test]
    fn arguments_are_expanded() {
        let env = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let container = json!({"args": ["--a=$(A)", "$(B)", 3]});
        assert_eq!(args(&container, &env), ["--a=1", "$(B)", ""]);
    }
}
