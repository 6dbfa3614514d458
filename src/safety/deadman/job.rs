//! The Job that is a switch: without pods, with a deadline, the owner of what goes with it. Pure.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::ObjectRef;
use crate::safety::clock::Clock;
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};

/// The annotation by which a watchdog says on its Job that it watches; until then it is `STARTING`.
pub(crate) const WATCHDOG: &str = "faultless.dev/watchdog";

pub(crate) const STARTING: &str = "starting";

/// Which of the three in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Switch {
    VirtualServices,
    Rest,
    Watchdog,
}

// === impl Switch ===

impl Switch {
    /// The one that takes away objects of this kind.
    pub(crate) fn of(kind: &str) -> Self {
        match kind {
            "VirtualService" => Self::VirtualServices,
            _ => Self::Rest,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) object: ObjectRef,
    pub(crate) uid: String,
    /// Before it was made, so that its deadline is never earlier than counted from here.
    pub(crate) since: Clock,
    pub(crate) within: Duration,
}

// === impl Job ===

impl Job {
    /// Itself as the owner of what goes with it.
    pub(crate) fn reference(&self) -> Value {
        json!({
            "apiVersion": self.object.api_version,
            "kind": self.object.kind,
            "name": self.object.name,
            "uid": self.uid,
        })
    }
}

/// The watchdog's switch, whose deadline it watches.
pub(crate) fn watchdogs_job(run: &str, namespace: &str) -> ObjectRef {
    ObjectRef {
        api_version: "batch/v1".to_owned(),
        kind: "Job".to_owned(),
        namespace: namespace.to_owned(),
        name: name(run, Switch::Watchdog),
    }
}

pub(crate) fn name(run: &str, switch: Switch) -> String {
    let which = match switch {
        Switch::VirtualServices => "first",
        Switch::Rest => "then",
        Switch::Watchdog => "last",
    };
    format!("faultless-{run}-{which}")
}

pub(crate) fn manifest(run: &str, namespace: &str, switch: Switch, within: Duration) -> Value {
    let labels = json!({MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run});
    let annotations = match switch {
        Switch::VirtualServices | Switch::Rest => json!({}),
        Switch::Watchdog => json!({WATCHDOG: STARTING}),
    };
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name(run, switch),
            "namespace": namespace,
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {
            "parallelism": 0,
            "activeDeadlineSeconds": within.as_secs(),
            "ttlSecondsAfterFinished": 0,
            "template": {
                "metadata": {"labels": labels},
                // Never run: a Job of no pods needs a template all the same.
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "none", "image": "faultless.dev/none"}],
                },
            },
        },
    })
}
