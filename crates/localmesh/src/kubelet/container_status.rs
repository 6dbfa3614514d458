//! A container's status as the API shows it. Pure.

use serde_json::{Value, json};

use super::view::{ContainerView, End, State};

// === impl ContainerView ===

impl ContainerView {
    /// The status of a container of the pod with this uid.
    pub(super) fn status(&self, uid: &str) -> Value {
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
