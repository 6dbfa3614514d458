//! What Pod Security asks of a pod at its strictest level, held against one of ours. Pure.

use serde_json::Value;

/// What a pod's spec lacks for the level `restricted`; a line each, as its documentation names it.
pub(super) fn lacks(spec: &Value) -> Vec<&'static str> {
    let mut lacks = Vec::new();
    let of_pod = &spec["securityContext"];
    let containers = spec["containers"].as_array().into_iter().flatten();
    let all: Vec<&Value> = containers.map(|container| &container["securityContext"]).collect();
    let everywhere = |holds: &dyn Fn(&Value) -> bool| all.iter().all(|context| holds(context));
    let own = |context: &Value, field: &str| match &context[field] {
        Value::Null => of_pod[field].clone(),
        value => value.clone(),
    };
    if !everywhere(&|context| context["allowPrivilegeEscalation"] == false) {
        lacks.push("allowPrivilegeEscalation: false");
    }
    let drops = |context: &Value| {
        let dropped = context.pointer("/capabilities/drop").and_then(Value::as_array);
        dropped.is_some_and(|dropped| dropped.iter().any(|what| what == "ALL"))
    };
    if !everywhere(&drops) {
        lacks.push("capabilities.drop: [ALL]");
    }
    if !everywhere(&|context| own(context, "runAsNonRoot") == true) {
        lacks.push("runAsNonRoot: true");
    }
    let sealed = |context: &Value| {
        let kind = own(context, "seccompProfile");
        kind["type"] == "RuntimeDefault" || kind["type"] == "Localhost"
    };
    if !everywhere(&sealed) {
        lacks.push("seccompProfile.type: RuntimeDefault");
    }
    lacks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_pod_says_once_its_containers_need_not_say() {
        let container = json!({"securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}});
        let mut spec = json!({"containers": [container]});
        assert_eq!(lacks(&spec), ["runAsNonRoot: true", "seccompProfile.type: RuntimeDefault"]);
        spec["securityContext"] =
            json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
        assert!(lacks(&spec).is_empty());
        spec["containers"][0]["securityContext"]["runAsNonRoot"] = json!(false);
        assert_eq!(lacks(&spec), ["runAsNonRoot: true"]);
        assert_eq!(lacks(&json!({"containers": [{}]})).len(), 4);
    }
}
