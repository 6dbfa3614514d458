//! What a pod's task knows of it: what its containers do, and the phase that follows. Pure: time
//! comes in as text.

use std::net::Ipv4Addr;

use serde_json::Value;

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
}

// === impl ContainerView ===

impl ContainerView {
    /// Whether it runs.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// How it ended, if it did for good.
    pub(super) fn end(&self) -> Option<&End> {
        match &self.state {
            State::Ended(end) => Some(end),
            State::Waiting { .. } | State::Running { .. } => None,
        }
    }
}
