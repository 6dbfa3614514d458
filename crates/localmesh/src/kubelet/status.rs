//! A pod's status as the API shows it, from what its containers do. Pure: time comes in as text.

use serde_json::{Value, json};

use super::view::{ContainerView, PodView};

// === impl PodView ===

impl PodView {
    /// The status object; `old` is the present one, whose transition times are kept.
    pub(super) fn status(&self, old: &Value, now: &str) -> Value {
        let phase = self.phase();
        let ready = self.containers.iter().all(ContainerView::is_running);
        let completed = phase == "Succeeded";
        let reason = match (ready, completed) {
            (true, _) => None,
            (false, true) => Some("PodCompleted"),
            (false, false) => Some("ContainersNotReady"),
        };
        let conditions = [
            ("PodReadyToStartContainers", self.ip.is_some(), None),
            ("Initialized", self.ip.is_some() || ready, None),
            ("Ready", ready, reason),
            ("ContainersReady", ready, reason),
            ("PodScheduled", true, None),
        ];
        let conditions = conditions.map(|(name, holds, reason)| {
            condition(name, holds, if holds { None } else { reason }, old, now)
        });
        let statuses: Vec<_> = self.containers.iter().map(|c| c.status(&self.uid)).collect();
        let mut status = json!({
            "phase": phase,
            "conditions": conditions,
            "hostIP": "127.0.0.1",
            "hostIPs": [{"ip": "127.0.0.1"}],
            "startTime": self.start,
            "containerStatuses": statuses,
            "qosClass": "BestEffort",
        });
        if let Some(ip) = self.ip {
            status["podIP"] = ip.to_string().into();
            status["podIPs"] = json!([{"ip": ip.to_string()}]);
        }
        if !self.init.is_empty() {
            let done = self.ip.is_some();
            let init = self.init.iter().map(|(name, image)| self.init_status(name, image, done));
            status["initContainerStatuses"] = init.collect();
        }
        status
    }

    fn init_status(&self, name: &str, image: &str, done: bool) -> Value {
        let state = if done {
            json!({"terminated": {"exitCode": 0, "reason": "Completed",
                "startedAt": self.start, "finishedAt": self.start}})
        } else {
            json!({"waiting": {"reason": "PodInitializing"}})
        };
        json!({"name": name, "image": image, "imageID": "", "ready": done, "started": false,
            "restartCount": 0, "state": state, "lastState": {}})
    }
}

fn condition(name: &str, holds: bool, reason: Option<&str>, old: &Value, now: &str) -> Value {
    let status = if holds { "True" } else { "False" };
    let before = old["conditions"].as_array().into_iter().flatten();
    let mut same = before.filter(|c| c["type"] == name && c["status"] == status);
    let since = same.find_map(|c| c["lastTransitionTime"].as_str()).unwrap_or(now);
    let mut condition = json!({
        "type": name,
        "status": status,
        "lastProbeTime": null,
        "lastTransitionTime": since,
    });
    if let Some(reason) = reason {
        condition["reason"] = reason.into();
    }
    condition
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::kubelet::view::{End, State};

    const T0: &str = "2026-01-01T00:00:00Z";
    const T1: &str = "2026-01-01T00:00:01Z";

    fn view() -> PodView {
        let containers = json!([{"name": "app", "image": "i:v1"}, {"name": "istio-proxy"}]);
        PodView::new(&json!({"metadata": {"uid": "u"}, "spec": {"containers": containers}}), T0)
    }

    fn set(view: &mut PodView, state: &State) {
        for container in &mut view.containers {
            container.state = state.clone();
        }
    }

    fn ended(outcome: Result<(), String>) -> State {
        State::Ended(End { outcome, started: T0.to_owned(), finished: T1.to_owned() })
    }

    fn status_of<'a>(status: &'a Value, condition: &str) -> &'a Value {
        let all = status["conditions"].as_array().unwrap();
        &all.iter().find(|c| c["type"] == condition).unwrap()["status"]
    }

    #[test]
    fn a_pod_is_pending_then_running_and_ready() {
        let mut view = view();
        let before = view.status(&Value::Null, T0);
        assert_eq!(before["phase"], "Pending");
        assert_eq!(
            before["containerStatuses"][0]["state"]["waiting"]["reason"],
            "ContainerCreating"
        );
        assert_eq!(status_of(&before, "Ready"), "False");
        assert_eq!(status_of(&before, "PodScheduled"), "True");

        view.ip = Some(Ipv4Addr::new(127, 64, 0, 1));
        set(&mut view, &State::Running { since: T1.to_owned() });
        let after = view.status(&before, T1);
        assert_eq!(after["phase"], "Running");
        assert_eq!(after["podIP"], "127.64.0.1");
        assert_eq!(status_of(&after, "Ready"), "True");
        // What did not change keeps its time; what changed has the new one.
        assert_eq!(after["conditions"][4]["lastTransitionTime"], T0);
        assert_eq!(after["conditions"][2]["lastTransitionTime"], T1);
        assert_eq!(view.status(&after, "later"), after);
    }

    #[test]
    fn a_crashed_container_leaves_the_pod_running_but_not_ready() {
        let mut view = view();
        set(&mut view, &State::Running { since: T0.to_owned() });
        let app = view.container("app").unwrap();
        app.restarts = 1;
        app.last = Some(End {
            outcome: Err("no data".to_owned()),
            started: T0.to_owned(),
            finished: T1.to_owned(),
        });
        app.state = State::Waiting { reason: "CrashLoopBackOff", message: "in 1s".to_owned() };
        let status = view.status(&Value::Null, T1);
        assert_eq!(status["phase"], "Running");
        assert_eq!(status_of(&status, "Ready"), "False");
        let app = &status["containerStatuses"][0];
        assert_eq!(app["restartCount"], 1);
        assert_eq!(app["lastState"]["terminated"]["message"], "no data");
        assert_eq!(app["lastState"]["terminated"]["reason"], "Error");
    }

    #[test]
    fn a_pod_whose_containers_all_ended_is_done() {
        let mut view = view();
        set(&mut view, &ended(Ok(())));
        assert_eq!(view.phase(), "Succeeded");
        view.containers[0].state = ended(Err("exit".to_owned()));
        assert_eq!(view.phase(), "Failed");
        view.containers[1].state = State::Running { since: T0.to_owned() };
        assert_eq!(view.phase(), "Running");
    }
}
