//! A pod's status as the API shows it, from what its containers do. Pure: time comes in as text.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) outcome: Result<(), String>,
    pub(super) started: String,
    pub(super) finished: String,
}

/// What a container does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Not running, and why.
    Waiting { reason: &'static str, message: String },
    /// Running since.
    Running { since: String },
    /// Ended for good.
    Ended(End),
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContainerView {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) state: State,
    pub(super) last: Option<End>,
    pub(super) restarts: u32,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PodView {
    pub(super) uid: String,
    pub(super) ip: Option<Ipv4Addr>,
    pub(super) start: String,
    pub(super) containers: Vec<ContainerView>,
    /// Names and images of the init containers, which are reported as done.
    pub(super) init: Vec<(String, String)>,
}

// === impl PodView ===

impl PodView {
    /// A pod that has just been seen.
    pub(super) fn new(pod: &Value, now: &str) -> Self {
        let list = |field: &str| {
            let all = pod["spec"][field].as_array().cloned().unwrap_or_default();
            all.into_iter().map(|container| {
                let text = |key: &str| container[key].as_str().unwrap_or_default().to_owned();
                (text("name"), text("image"))
            })
        };
        let containers = list("containers").map(|(name, image)| ContainerView {
            name,
            image,
            state: State::Waiting { reason: "ContainerCreating", message: String::new() },
            last: None,
            restarts: 0,
        });
        Self {
            uid: pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
            ip: None,
            start: now.to_owned(),
            containers: containers.collect(),
            init: list("initContainers").collect(),
        }
    }

    /// One of its containers.
    pub(super) fn container(&mut self, name: &str) -> Option<&mut ContainerView> {
        self.containers.iter_mut().find(|container| container.name == name)
    }

    /// `Pending` until each container ran once; then `Running` until all ended for good.
    pub(super) fn phase(&self) -> &'static str {
        let ends: Vec<_> = self.containers.iter().filter_map(ContainerView::end).collect();
        let waits = |c: &ContainerView| {
            matches!(c.state, State::Waiting { .. }) && c.last.is_none() && c.restarts == 0
        };
        if ends.len() == self.containers.len() && !ends.is_empty() {
            let failed = ends.iter().any(|end| end.outcome.is_err());
            return if failed { "Failed" } else { "Succeeded" };
        }
        if self.containers.iter().any(waits) { "Pending" } else { "Running" }
    }

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

// === impl ContainerView ===

impl ContainerView {
    fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    fn end(&self) -> Option<&End> {
        match &self.state {
            State::Ended(end) => Some(end),
            State::Waiting { .. } | State::Running { .. } => None,
        }
    }

    fn status(&self, uid: &str) -> Value {
        let running = self.is_running();
        let state = match &self.state {
            State::Waiting { reason, message } if message.is_empty() => {
                json!({"waiting": {"reason": reason}})
            }
            State::Waiting { reason, message } => {
                json!({"waiting": {"reason": reason, "message": message}})
            }
            State::Running { since } => json!({"running": {"startedAt": since}}),
            State::Ended(end) => json!({"terminated": end.terminated()}),
        };
        let last = self
            .last
            .as_ref()
            .map_or_else(|| json!({}), |end| json!({"terminated": end.terminated()}));
        let mut status = json!({
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "ready": running,
            "started": running,
            "restartCount": self.restarts,
            "state": state,
            "lastState": last,
        });
        if running || self.last.is_some() || self.end().is_some() {
            // The pod's uid, the container and the run name one container, as a runtime's id does.
            let id = format!("faultless://{uid}/{}/{}", self.name, self.restarts);
            status["containerID"] = id.into();
        }
        status
    }
}

// === impl End ===

impl End {
    fn terminated(&self) -> Value {
        let (code, reason) = if self.outcome.is_ok() { (0, "Completed") } else { (1, "Error") };
        let mut terminated = json!({
            "exitCode": code,
            "reason": reason,
            "startedAt": self.started,
            "finishedAt": self.finished,
        });
        if let Err(why) = &self.outcome {
            terminated["message"] = why.as_str().into();
        }
        terminated
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
    use super::*;

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
