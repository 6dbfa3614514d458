//! Which pods a service selects, which of them may be sent to, and which of their ports it means.
//! Functions of the objects. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

/// A service's selector, if it has one.
pub(crate) fn selector(service: &Value) -> Option<BTreeMap<&str, &str>> {
    let selector = service.pointer("/spec/selector")?.as_object()?;
    let pairs = selector.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    Some(pairs.collect::<BTreeMap<_, _>>()).filter(|selector| !selector.is_empty())
}

/// Whether a pod carries all labels of a selector.
pub(crate) fn selects(selector: &BTreeMap<&str, &str>, pod: &Value) -> bool {
    let labels = &pod["metadata"]["labels"];
    selector.iter().all(|(key, value)| labels[*key].as_str() == Some(value))
}

/// Whether traffic may be sent to a pod: it says it is ready, and it is not being deleted.
pub(crate) fn is_ready(pod: &Value) -> bool {
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    pod["metadata"]["deletionTimestamp"].is_null()
        && pod["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(ready))
}

/// The containerPort a service's `targetPort` means: a number, or the name of a pod's port.
pub(crate) fn container_port(pod: &Value, target: &Value) -> Option<u16> {
    if let Some(number) = target.as_u64() {
        return u16::try_from(number).ok();
    }
    let name = target.as_str()?;
    let containers = pod.pointer("/spec/containers")?.as_array()?;
    let mut ports = containers.iter().filter_map(|each| each["ports"].as_array()).flatten();
    let found = ports.find(|port| port["name"] == name)?;
    u16::try_from(found["containerPort"].as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_mean_numbers_or_names() {
        let pod = json!({"spec": {"containers": [
            {"name": "a"}, {"ports": [{"name": "web", "containerPort": 8080}]}]}});
        assert_eq!(container_port(&pod, &json!("web")), Some(8080));
        assert_eq!(container_port(&pod, &json!(9000)), Some(9000));
        assert_eq!(container_port(&pod, &json!("none")), None);
        assert_eq!(container_port(&pod, &json!(70_000)), None);
    }

    #[test]
    fn an_empty_selector_selects_nothing() {
        assert_eq!(selector(&json!({"spec": {"selector": {}}})), None);
        assert_eq!(selector(&json!({"spec": {}})), None);
        let service = json!({"spec": {"selector": {"app": "a", "tier": "b"}}});
        let selector = selector(&service).unwrap();
        assert!(selects(&selector, &json!({"metadata": {"labels": {"app": "a", "tier": "b"}}})));
        assert!(!selects(&selector, &json!({"metadata": {"labels": {"app": "a"}}})));
        assert!(!selects(&selector, &json!({})));
    }
}
