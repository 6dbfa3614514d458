//! Why a pod is not ready, as its own status says it. Pure.

use serde_json::Value;

/// A container that ended so often is not in a race of the start: it will end again. With the
/// kubelet's growing pauses this many restarts take some ten seconds.
const RESTARTS_MAX: u64 = 3;

/// How much of a container's last words is shown.
const WORDS_MAX: usize = 2_000;

/// Why a pod is not ready.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) text: String,
    /// Whether waiting longer is in vain.
    pub(super) hopeless: bool,
}

/// What the status of a pod says about its first container in trouble. Pure.
pub(super) fn trouble(pod: &Value) -> Option<Trouble> {
    let text = |value: &Value| value.as_str().unwrap_or_default().trim_end().to_owned();
    let containers = pod["status"]["containerStatuses"].as_array()?;
    containers.iter().find_map(|container| {
        let waiting = &container["state"]["waiting"];
        let reason = text(&waiting["reason"]);
        let restarts = container["restartCount"].as_u64().unwrap_or_default();
        let last = text(&container["lastState"]["terminated"]["message"]);
        let message = if last.is_empty() { text(&waiting["message"]) } else { last };
        // Between being made and being started a container waits without any message.
        if reason.is_empty() || message.is_empty() {
            return None;
        }
        let message: String = message.chars().take(WORDS_MAX).collect();
        let (pod, name) = (text(&pod["metadata"]["name"]), text(&container["name"]));
        let text =
            format!("container {name} of pod {pod}, started {} times: {message}", restarts + 1);
        Some(Trouble { text, hopeless: restarts >= RESTARTS_MAX })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_that_keeps_ending_is_hopeless() {
        let pod = |restarts: u64, last: &str| {
            json!({
                "metadata": {"name": "p"},
                "status": {"containerStatuses": [
                    {"name": "app", "restartCount": 0, "state": {"running": {}}},
                    {
                        "name": "istio-proxy",
                        "restartCount": restarts,
                        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                        "lastState": {"terminated": {"message": last}},
                    },
                ]},
            })
        };
        let early = trouble(&pod(1, "boom\n")).unwrap();
        assert_eq!(early.text, "container istio-proxy of pod p, started 2 times: boom");
        assert!(!early.hopeless);
        assert!(trouble(&pod(3, "")).unwrap().hopeless);
        assert!(trouble(&pod(3, "")).unwrap().text.ends_with("back-off"));
        let long = trouble(&pod(9, &"ü".repeat(WORDS_MAX * 2))).unwrap();
        assert!(long.text.chars().count() < WORDS_MAX + 100);
    }

    #[test]
    fn a_pod_that_only_starts_has_no_trouble() {
        let waiting = json!({"status": {"containerStatuses": [
            {"name": "a", "state": {"waiting": {"reason": "ContainerCreating"}}},
            {"name": "b", "state": {"running": {}}, "lastState": {"terminated": {"message": "x"}}},
        ]}});
        assert_eq!(trouble(&waiting), None);
        assert_eq!(trouble(&json!({})), None);
    }
}
