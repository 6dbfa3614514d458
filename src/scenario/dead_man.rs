//! The mesh cleans up by itself when the runner is gone: added objects are owned by Jobs without
//! pods whose deadline the run keeps pushing back. When nobody does, the cluster ends the Jobs and
//! collects what they own: VirtualServices first, DestinationRules and load agents after them, and
//! last the healer, which watches its Job's deadline and gives back what was changed meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::journal::{Journal, Scope, Undo};
use super::lease;
use crate::cluster::Cluster;
use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::faults::{MANAGED_BY, RUN_LABEL};

/// How much later the second switch fires: the proxies have long forgotten the VirtualServices
/// when the DestinationRules go.
pub(super) const LATER: Duration = Duration::from_secs(10);

/// How much later the healer is collected, if it did not end by itself: it may try for as long as
/// any restore (3 minutes), after the pause between its two waves.
const HEALED: Duration = Duration::from_mins(4);

/// A Job controller starts a Job within a second; one that needs longer than this is not running,
/// and then nothing would fire.
const ARMED_WITHIN: Duration = Duration::from_secs(10);

/// Between two looks at a new Job.
const PAUSE: Duration = Duration::from_millis(20);

/// The annotation by which a healer says on its Job that it watches; until then it is `STARTING`.
pub(super) const HEALER: &str = "faultless.dev/healer";
const STARTING: &str = "starting";

/// The switches of a run; every clone is the same.
#[derive(Debug, Clone)]
pub(super) struct DeadMan(Arc<State>);

#[derive(Debug)]
struct State {
    run: String,
    /// How long after the last heartbeat they fire; `None`: there are none.
    within: Option<Duration>,
    armed: Mutex<Armed>,
}

#[derive(Debug)]
struct Armed {
    jobs: BTreeMap<(String, Switch), Job>,
    /// When the last heartbeat that reached all of them was begun.
    last: Clock,
}

/// Which of the three in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Switch {
    VirtualServices,
    Rest,
    Healer,
}

#[derive(Debug, Clone)]
struct Job {
    object: ObjectRef,
    uid: String,
    /// Before it was made, so that its deadline is never earlier than counted from here.
    since: Clock,
    within: Duration,
}

/// Two clocks, because each has a blind spot: the monotonic one stands still while a laptop
/// sleeps, the other one is set by people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    monotonic: Instant,
    wall: SystemTime,
}

/// What a heartbeat found.
#[derive(Debug)]
pub(super) enum Beat {
    /// All switches are pushed back.
    Pushed,
    /// The API server did not answer; the next one may reach it.
    Missed,
    /// A switch fired, or somebody took it away.
    Fired(String),
}

// === impl Clock ===

impl Clock {
    pub(super) fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// The longer of what both clocks say.
    pub(super) fn elapsed(&self) -> Duration {
        self.monotonic.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

// === impl Switch ===

impl Switch {
    /// The one that takes away objects of this kind.
    pub(super) fn of(kind: &str) -> Self {
        match kind {
            "VirtualService" => Self::VirtualServices,
            _ => Self::Rest,
        }
    }
}

// === impl DeadMan ===

impl DeadMan {
    /// Switches that fire so long after the last heartbeat, or none at all.
    pub(super) fn new(run: &str, within: Option<Duration>) -> Self {
        let armed = Mutex::new(Armed { jobs: BTreeMap::new(), last: Clock::now() });
        Self(Arc::new(State { run: run.to_owned(), within, armed }))
    }

    /// How long after the last heartbeat they fire, if there are any.
    pub(super) fn within(&self) -> Option<Duration> {
        self.0.within
    }

    /// The owner reference for an object that is about to be added: its switch is armed first.
    pub(super) async fn owner(
        &self,
        target: &Cluster,
        journal: &Journal,
        namespace: &str,
        switch: Switch,
    ) -> Result<Option<Value>> {
        let Some(within) = self.0.within else { return Ok(None) };
        let within = match switch {
            Switch::VirtualServices => within,
            Switch::Rest => within + LATER,
            Switch::Healer => within + HEALED,
        };
        let key = (namespace.to_owned(), switch);
        let known = self.lock().jobs.get(&key).cloned();
        let job = match known {
            Some(job) => job,
            None => {
                let job = self.arm(target, journal, namespace, switch, within).await?;
                self.lock().jobs.insert(key, job.clone());
                let armed = self.lock().jobs.clone();
                let here = armed.into_values().filter(|job| job.object.namespace == namespace);
                let owners: Vec<_> = here.map(|job| job.reference()).collect();
                // In vain it only expires, which is enough for the next run.
                let _ = lease::goes_with(target, namespace, &self.0.run, &owners).await;
                job
            }
        };
        Ok(Some(job.reference()))
    }

    async fn arm(
        &self,
        target: &Cluster,
        journal: &Journal,
        namespace: &str,
        switch: Switch,
        within: Duration,
    ) -> Result<Job> {
        let manifest = manifest(&self.0.run, namespace, switch, within);
        let object = ObjectRef::of(&manifest)?;
        let since = Clock::now();
        if self.lock().jobs.is_empty() {
            self.lock().last = since;
        }
        let undo = Undo::Added { object: object.clone() };
        let id = journal.intend(Scope::Run, "", undo)?;
        let made = match target.create(&manifest).await {
            Ok(made) => made,
            // The answer may have been lost on the way from a server that did it.
            Err(error) => match target.get(&object).await {
                Ok(Some(made)) if made["metadata"]["labels"][RUN_LABEL] == *self.0.run => made,
                Ok(_) | Err(_) => return Err(unprotected(error)),
            },
        };
        journal.done(id, None);
        let uid = made["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let started = Instant::now();
        loop {
            let read = target.get(&object).await?;
            let why = match read.as_ref() {
                None => "it is gone again".to_owned(),
                Some(read) => match unarmed(read, &uid, within) {
                    None => return Ok(Job { object, uid, since, within }),
                    Some(Why::NotYet(_)) if started.elapsed() < ARMED_WITHIN => {
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    Some(Why::NotYet(why) | Why::Never(why)) => why,
                },
            };
            return Err(unprotected(Error::runner(format!("arming {object}"), why)));
        }
    }

    /// Pushes every deadline back.
    pub(super) async fn beat(&self, target: &Cluster) -> Beat {
        let jobs: Vec<Job> = self.lock().jobs.values().cloned().collect();
        let begun = Clock::now();
        for Job { object, uid, since, within } in &jobs {
            let seconds = (since.elapsed() + *within).as_secs() + 1;
            let patch = json!([
                {"op": "test", "path": "/metadata/uid", "value": uid},
                {"op": "replace", "path": "/spec/activeDeadlineSeconds", "value": seconds},
            ]);
            let Ok(patch) = serde_json::from_value(patch) else { return Beat::Missed };
            if target.patch(object, patch).await.is_ok() {
                continue;
            }
            match target.get(object).await {
                Ok(None) => return Beat::Fired(format!("{object} is gone: it fired")),
                Ok(Some(now)) if now["metadata"]["uid"].as_str() != Some(uid) => {
                    return Beat::Fired(format!("{object} is another one now"));
                }
                Ok(Some(_)) | Err(_) => return Beat::Missed,
            }
        }
        self.lock().last = begun;
        Beat::Pushed
    }

    /// Whether they may have fired, by the run's own clocks: a process that was frozen finds out
    /// before it does anything.
    pub(super) fn check(&self) -> Result<()> {
        let armed = self.lock();
        let Some(within) = self.0.within.filter(|_| !armed.jobs.is_empty()) else { return Ok(()) };
        let elapsed = armed.last.elapsed();
        if elapsed < within {
            return Ok(());
        }
        let cause = format!(
            "the last heartbeat is {:.0} s ago, and the mesh cleans up by itself after {:.0} s",
            elapsed.as_secs_f64(),
            within.as_secs_f64()
        );
        Err(Error::runner("keeping the run alive", cause)
            .hint("was this machine asleep, or the process stopped? Nothing is injected again"))
    }

    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.0.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Job ===

impl Job {
    /// Itself as the owner of what goes with it.
    fn reference(&self) -> Value {
        json!({
            "apiVersion": self.object.api_version,
            "kind": self.object.kind,
            "name": self.object.name,
            "uid": self.uid,
        })
    }
}

/// Why a Job is not armed.
enum Why {
    NotYet(String),
    Never(String),
}

fn unarmed(job: &Value, uid: &str, within: Duration) -> Option<Why> {
    let spec = &job["spec"];
    let manager = spec["managedBy"].as_str().unwrap_or("kubernetes.io/job-controller");
    if job["metadata"]["uid"].as_str() != Some(uid) {
        Some(Why::Never("somebody replaced it".to_owned()))
    } else if spec["suspend"] == true {
        Some(Why::Never("it is suspended; a queueing webhook does that".to_owned()))
    } else if manager != "kubernetes.io/job-controller" {
        Some(Why::Never(format!("it is managed by {manager}")))
    } else if spec["activeDeadlineSeconds"].as_u64() != Some(within.as_secs()) {
        Some(Why::Never("somebody changed its deadline".to_owned()))
    } else if job.pointer("/status/startTime").is_none() {
        Some(Why::NotYet("no Job controller started it within 10 s".to_owned()))
    } else {
        None
    }
}

/// The healer's switch, whose deadline it watches.
pub(super) fn healers_job(run: &str, namespace: &str) -> ObjectRef {
    ObjectRef {
        api_version: "batch/v1".to_owned(),
        kind: "Job".to_owned(),
        namespace: namespace.to_owned(),
        name: name(run, Switch::Healer),
    }
}

pub(super) fn unprotected(error: Error) -> Error {
    error.hint(
        "without it nothing would clean up after a runner that dies; --no-dead-man runs all the \
         same, and the report says that it was unprotected",
    )
}

fn name(run: &str, switch: Switch) -> String {
    let which = match switch {
        Switch::VirtualServices => "first",
        Switch::Rest => "then",
        Switch::Healer => "last",
    };
    format!("faultless-{run}-{which}")
}

fn manifest(run: &str, namespace: &str, switch: Switch, within: Duration) -> Value {
    let labels = json!({MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run});
    let annotations = match switch {
        Switch::VirtualServices | Switch::Rest => json!({}),
        Switch::Healer => json!({HEALER: STARTING}),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_would_not_fire_is_told_from_one_that_will() {
        let within = Duration::from_secs(60);
        let armed = json!({
            "metadata": {"uid": "u"},
            "spec": {"activeDeadlineSeconds": 60, "suspend": false},
            "status": {"startTime": "2026-01-01T00:00:00Z"},
        });
        assert!(unarmed(&armed, "u", within).is_none());
        assert!(matches!(unarmed(&armed, "other", within), Some(Why::Never(_))));
        for (path, value) in [
            ("suspend", json!(true)),
            ("managedBy", json!("kueue.x-k8s.io/multikueue")),
            ("activeDeadlineSeconds", json!(99_999)),
        ] {
            let mut job = armed.clone();
            job["spec"][path] = value;
            assert!(matches!(unarmed(&job, "u", within), Some(Why::Never(_))), "{path}");
        }
        let mut job = armed;
        job["status"] = json!({});
        assert!(matches!(unarmed(&job, "u", within), Some(Why::NotYet(_))));
    }

    #[test]
    fn without_switches_nothing_can_fire() {
        let none = DeadMan::new("r1", None);
        assert!(none.check().is_ok());
        let unarmed = DeadMan::new("r1", Some(Duration::ZERO));
        assert!(unarmed.check().is_ok());
    }
}
