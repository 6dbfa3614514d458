//! Arming a switch: made after the journal knows it, and believed in only when the cluster would
//! really fire it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cluster::{Cluster, ObjectRef};
use crate::error::{Error, Result};
use crate::safety::clock::Clock;
use crate::safety::deadman::job::{Job, Switch, manifest};
use crate::safety::deadman::switches::DeadMan;
use crate::safety::journal::{Journal, Scope, Undo};
use crate::safety::labels::RUN_LABEL;

/// A Job controller starts a Job within a second; one that needs longer than this is not running,
/// and then nothing would fire.
const ARMED_WITHIN: Duration = Duration::from_secs(10);

/// Between two looks at a new Job.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

impl DeadMan {
    pub(crate) async fn arm(
        &self,
        cluster: &Cluster,
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
        let made = match cluster.create(&manifest).await {
            Ok(made) => made,
            // The answer may have been lost on the way from a server that did it.
            Err(error) => match cluster.get(&object).await {
                Ok(Some(made)) if made["metadata"]["labels"][RUN_LABEL] == *self.0.run => made,
                Ok(_) | Err(_) => return Err(unprotected(error)),
            },
        };
        journal.done(id, None);
        let uid = made["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let started = Instant::now();
        loop {
            let read = cluster.get(&object).await?;
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

pub(crate) fn unprotected(error: Error) -> Error {
    error.also(
        "without it nothing would clean up after a runner that dies; --no-dead-man runs all the \
         same, and the report says that it was unprotected",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
