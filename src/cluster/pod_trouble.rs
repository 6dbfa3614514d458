//! Why a pod is not ready, or is not even made, as the objects' own statuses say it. Pure.

use std::time::Duration;

use serde_json::Value;

/// A container that ended so often is not in a race of the start: it will end again. With the
/// kubelet's growing pauses this many restarts take some ten seconds.
const RESTARTS_MAX: u64 = 3;

/// How much of a container's last words is shown.
const WORDS_MAX: usize = 2_000;

/// What may pass by itself has this long to do so: a registry or a webhook that did not answer
/// once, a service account that was made a moment before its pod. The kubelet and the controllers
/// try again several times meanwhile.
const HICCUP: Duration = Duration::from_secs(5);

/// Why a pod is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) text: String,
    /// Once it has been seen for so long, waiting longer is in vain.
    pub(super) in_vain_after: Option<Duration>,
    /// Whether it is about the image.
    pub(super) of_image: bool,
}

// === impl Trouble ===

impl Trouble {
    /// Whether waiting longer is in vain at the first sight of it.
    pub(super) fn hopeless(&self) -> bool {
        self.in_vain_after.is_some_and(|after| after.is_zero())
    }
}

/// What the status of a pod says about its first container in trouble, or about its place.
pub(super) fn trouble(pod: &Value) -> Option<Trouble> {
    let statuses = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    statuses("/status/initContainerStatuses")
        .chain(statuses("/status/containerStatuses"))
        .find_map(|container| of_container(pod, container))
        .or_else(|| unscheduled(pod))
}

fn of_container(pod: &Value, container: &Value) -> Option<Trouble> {
    let waiting = &container["state"]["waiting"];
    let reason = text(&waiting["reason"]);
    let restarts = container["restartCount"].as_u64().unwrap_or_default();
    let last = text(&container["lastState"]["terminated"]["message"]);
    let message = if last.is_empty() { text(&waiting["message"]) } else { last };
    let (in_vain_after, of_image) = match reason.as_str() {
        // These two the kubelet does not even try, and that one it tried and gave up for longer
        // and longer.
        "ErrImageNeverPull" | "InvalidImageName" | "ImagePullBackOff" => {
            (Some(Duration::ZERO), true)
        }
        "ErrImagePull" | "RegistryUnavailable" | "ImageInspectError" => (Some(HICCUP), true),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            (Some(HICCUP), false)
        }
        _ if restarts >= RESTARTS_MAX => (Some(Duration::ZERO), false),
        _ => (None, false),
    };
    // Between being made and being started a container waits without any message.
    if reason.is_empty() || (message.is_empty() && in_vain_after.is_none()) {
        return None;
    }
    let message: String = message.chars().take(WORDS_MAX).collect();
    let (pod, name) = (text(&pod["metadata"]["name"]), text(&container["name"]));
    let text = if restarts == 0 {
        format!("container {name} of pod {pod}: {reason}: {message}")
    } else {
        format!("container {name} of pod {pod}, started {} times: {message}", restarts + 1)
    };
    Some(Trouble { text, in_vain_after, of_image })
}

/// No node takes the pod. That may change: some clusters grow.
fn unscheduled(pod: &Value) -> Option<Trouble> {
    let why = condition(pod, "PodScheduled", "False")?;
    let name = text(&pod["metadata"]["name"]);
    let text = format!("no node takes pod {name}: {}", text(&why["message"]));
    Some(Trouble { text, in_vain_after: None, of_image: false })
}

/// Why a Deployment's pods are not even made: a quota, Pod Security, a webhook.
pub(super) fn not_made(deployment: &Value) -> Option<Trouble> {
    let why = condition(deployment, "ReplicaFailure", "True")?;
    let name = text(&deployment["metadata"]["name"]);
    let text = format!("no pod of Deployment {name} is made: {}", text(&why["message"]));
    Some(Trouble { text, in_vain_after: Some(HICCUP), of_image: false })
}

/// What a pod's containers do, for somebody who waited in vain.
pub(super) fn state(pod: &Value) -> String {
    let statuses = |path: &str| pod.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let containers = statuses("/status/initContainerStatuses")
        .chain(statuses("/status/containerStatuses"))
        .filter(|container| container["ready"] != true)
        .map(|container| {
            let state = container["state"].as_object().and_then(|state| state.iter().next());
            let (state, reason) = state.map_or((String::new(), String::new()), |(state, more)| {
                (state.clone(), text(&more["reason"]))
            });
            let all = [text(&container["name"]), state, reason];
            all.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        });
    let containers = containers.collect::<Vec<_>>().join(", ");
    let (name, phase) = (text(&pod["metadata"]["name"]), text(&pod["status"]["phase"]));
    match containers.as_str() {
        "" => format!("pod {name} is {phase}"),
        _ => format!("pod {name} is {phase}, not ready in it: {containers}"),
    }
}

fn condition<'a>(object: &'a Value, kind: &str, status: &str) -> Option<&'a Value> {
    let all = object.pointer("/status/conditions").and_then(Value::as_array)?;
    all.iter().find(|condition| condition["type"] == kind && condition["status"] == status)
}

fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default().trim_end();
    text.chars().take(WORDS_MAX).collect()
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
        assert!(!early.hopeless());
        assert!(trouble(&pod(3, "")).unwrap().hopeless());
        assert!(trouble(&pod(3, "")).unwrap().text.ends_with("back-off"));
        let long = trouble(&pod(9, &"ü".repeat(WORDS_MAX * 2))).unwrap();
        assert!(long.text.chars().count() < WORDS_MAX + 100);
    }

    #[test]
    fn a_pod_that_only_starts_has_no_trouble() {
        let waiting = json!({"status": {
            "containerStatuses": [
                {"name": "a", "state": {"waiting": {"reason": "ContainerCreating"}}},
                {"name": "b", "state": {"running": {}},
                 "lastState": {"terminated": {"message": "x"}}},
            ],
            "conditions": [{"type": "PodScheduled", "status": "True"}],
        }});
        assert_eq!(trouble(&waiting), None);
        assert_eq!(trouble(&json!({})), None);
        assert_eq!(not_made(&json!({"status": {"conditions": [{"type": "Available"}]}})), None);
    }

    #[test]
    fn an_image_that_cannot_be_had_is_told_from_one_that_is_late() {
        for (reason, in_vain_after, of_image) in [
            ("ErrImageNeverPull", Some(Duration::ZERO), true),
            ("InvalidImageName", Some(Duration::ZERO), true),
            ("ImagePullBackOff", Some(Duration::ZERO), true),
            ("ErrImagePull", Some(HICCUP), true),
            ("CreateContainerConfigError", Some(HICCUP), false),
            ("PodInitializing", None, false),
        ] {
            for list in ["containerStatuses", "initContainerStatuses"] {
                let waiting = json!({"waiting": {"reason": reason, "message": "why"}});
                let status = json!([{"name": "agent", "restartCount": 0, "state": waiting}]);
                let pod = json!({"metadata": {"name": "p"}, "status": {list: status}});
                let text = format!("container agent of pod p: {reason}: why");
                assert_eq!(trouble(&pod), Some(Trouble { text, in_vain_after, of_image }));
            }
        }
    }

    #[test]
    fn a_pod_that_has_no_node_and_one_that_is_not_made_say_why() {
        let pod = json!({"metadata": {"name": "p"}, "status": {"conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
             "message": "0/1 nodes are available: 1 Insufficient cpu."},
        ]}});
        let found = trouble(&pod).unwrap();
        assert_eq!(found.text, "no node takes pod p: 0/1 nodes are available: 1 Insufficient cpu.");
        assert_eq!(found.in_vain_after, None);
        let deployment = json!({"metadata": {"name": "d"}, "status": {"conditions": [
            {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"},
        ]}});
        let found = not_made(&deployment).unwrap();
        assert_eq!(found.text, "no pod of Deployment d is made: exceeded quota: q");
        assert_eq!(found.in_vain_after, Some(HICCUP));
    }

    #[test]
    fn a_pod_that_is_waited_for_in_vain_says_what_it_does() {
        let pod = json!({"metadata": {"name": "p"}, "status": {
            "phase": "Pending",
            "containerStatuses": [
                {"name": "agent", "ready": true, "state": {"running": {}}},
                {"name": "istio-proxy", "ready": false, "state": {"running": {}}},
                {"name": "x", "ready": false, "state": {"waiting": {"reason": "Creating"}}},
            ],
        }});
        let said = "pod p is Pending, not ready in it: istio-proxy running, x waiting Creating";
        assert_eq!(state(&pod), said);
        assert_eq!(
            state(&json!({"metadata": {"name": "p"}, "status": {"phase": "Pending"}})),
            "pod p is Pending"
        );
    }
}
