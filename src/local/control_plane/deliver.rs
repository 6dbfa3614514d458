//! Brings its configuration to one proxy: files, written aside and renamed into folders that Envoy
//! watches, only when their content changed, in an order in which traffic never meets a half: what
//! is new is made before it is used, what is old is removed after its last use.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, Key, Outcome, QUERY};
use super::{Ack, ProxyStatus, Target, Targets, rejections};
use crate::local::envoy::{admin, bootstrap};
use crate::local::network::PodNet;
use crate::local::translate::Resources;

#[cfg(test)]
const EDS: &str = "envoy.config.endpoint.v3.ClusterLoadAssignment";
const CDS: &str = "envoy.config.cluster.v3.Cluster";
const LDS: &str = "envoy.config.listener.v3.Listener";
const RDS: &str = "envoy.config.route.v3.RouteConfiguration";

/// Looks at the proxy after a write; most changes are in effect at the first or second.
const POLL_FIRST: Duration = Duration::from_millis(2);
/// Looks get rarer up to this: an Envoy that is only starting needs no fast answers.
const POLL_MAX: Duration = Duration::from_millis(40);
/// A proxy that has not answered by now is reported; it is looked at again with the next change.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// A refusal counts when it is still true after this: the count may come from a last look at the
/// earlier file, a moment before the one that is asked about.
const REFUSAL_STANDS: Duration = Duration::from_millis(15);
/// How long the reason may take from Envoy's log to us.
const REASON_WITHIN: Duration = Duration::from_millis(200);

/// A proxy that is followed.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) pod: Arc<PodNet>,
    pub(super) target: Targets,
    progress: Mutex<Progress>,
}

/// What a proxy was sent and what it made of it.
#[derive(Debug, Default)]
struct Progress {
    /// The files as they are: version by subscription.
    sent: BTreeMap<Key, String>,
    /// The versions that are accepted and in use.
    acked: BTreeMap<Key, String>,
    /// The clusters in the file, which may still hold some that are to go.
    clusters: BTreeMap<String, Value>,
    /// How many files of a subscription had been refused at the end of the last delivery.
    refused: BTreeMap<Key, u64>,
    /// Versions that were rejected, with the reason.
    rejected: BTreeMap<Key, (String, String)>,
    /// Why the last delivery stopped.
    error: Option<String>,
    observed: u64,
}

/// Why a delivery stopped.
enum Stop {
    /// Something newer is to be delivered.
    Newer,
    /// The proxy refuses, with its reason; or does not answer.
    Error(String),
}

// === impl Member ===

impl Member {
    pub(super) fn new(pod: Arc<PodNet>) -> Self {
        Self { pod, target: watch::channel(None).0, progress: Mutex::default() }
    }

    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.pod.name, self.pod.namespace)
    }

    pub(super) fn status(&self) -> ProxyStatus {
        let target = self.target.borrow().clone();
        let expected = target.map(|target| self.expected(&target)).unwrap_or_default();
        let progress = self.progress();
        let ack = |prefix: &str| {
            let sent = expected.iter().filter(|(key, _)| key.starts_with(prefix));
            let acked = sent.clone().filter_map(|(key, _)| progress.acked.get_key_value(key));
            Ack { sent: digest(sent), acked: digest(acked) }
        };
        ProxyStatus {
            proxy: self.name(),
            cluster: ack("cds"),
            listener: ack("lds"),
            route: ack("rds/"),
            endpoint: ack("eds/"),
            error: progress.error.clone(),
            observed: progress.observed,
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything at once, for an Envoy that is not running yet.
    pub(super) fn write_first(&self) -> io::Result<()> {
        let Some(target) = self.target.borrow().clone() else { return Ok(()) };
        for folder in ["cds", "lds", "rds", "out"] {
            std::fs::create_dir_all(self.pod.dir.join(folder))?;
        }
        rejections::clear(&self.pod.dir);
        for (name, route) in &target.resources.routes {
            self.send_route(name, route)?;
        }
        self.send_clusters(target.resources.clusters.clone())?;
        self.send_listeners(&target.resources)
    }

    /// Make before break: endpoints (`plan` wrote them) and clusters, then listeners, then routes;
    /// when all is in use, the clusters and routes that are used no more go.
    async fn deliver(&self, target: &Target, newer: &mut Newer) -> Result<(), Stop> {
        let resources = &*target.resources;
        let failed = |error: io::Error| Stop::Error(format!("cannot write its files: {error}"));
        let mut clusters = self.progress().clusters.clone();
        clusters.extend(resources.clusters.clone());
        let old = clusters.len() > resources.clusters.len();
        self.send_clusters(clusters).map_err(failed)?;
        self.accepted(target, newer, &|key| key == "cds" || key.starts_with("eds/")).await?;
        for (name, route) in &resources.routes {
            // A listener whose routes have no file yet would wait for it.
            if !self.progress().sent.contains_key(&format!("rds/{name}")) {
                self.send_route(name, route).map_err(failed)?;
            }
        }
        self.send_listeners(resources).map_err(failed)?;
        self.accepted(target, newer, &|key| key == "lds").await?;
        for (name, route) in &resources.routes {
            self.send_route(name, route).map_err(failed)?;
        }
        self.accepted(target, newer, &|key| key.starts_with("rds/")).await?;
        if old {
            self.send_clusters(resources.clusters.clone()).map_err(failed)?;
            self.accepted(target, newer, &|key| key == "cds").await?;
        }
        self.forget_routes(resources);
        Ok(())
    }

    fn send_clusters(&self, clusters: BTreeMap<String, Value>) -> io::Result<()> {
        self.send("cds", &bootstrap::cds_file(&self.pod.dir), CDS, clusters.values())?;
        self.progress().clusters = clusters;
        Ok(())
    }

    fn send_listeners(&self, resources: &Resources) -> io::Result<()> {
        self.send("lds", &bootstrap::lds_file(&self.pod.dir), LDS, resources.listeners.values())
    }

    fn send_route(&self, name: &str, route: &Value) -> io::Result<()> {
        let file = bootstrap::rds_file(&self.pod.dir, name);
        self.send(&format!("rds/{name}"), &file, RDS, [route])
    }

    /// Writes a file if its content is new. The files are small and on a local disk or in memory:
    /// writing one takes less time than handing it to another thread.
    fn send<'a>(
        &self,
        key: &str,
        file: &Path,
        kind: &str,
        resources: impl IntoIterator<Item = &'a Value>,
    ) -> io::Result<()> {
        let (version, text) = response(kind, resources);
        if self.progress().sent.get(key) != Some(&version) {
            replace(&self.pod.dir, file, &text)?;
            let mut progress = self.progress();
            progress.sent.insert(key.to_owned(), version);
            // Nobody knows any more which one is in use, until the proxy is asked.
            progress.acked.remove(key);
        }
        Ok(())
    }

    fn forget_routes(&self, resources: &Resources) {
        let mut progress = self.progress();
        let gone = |key: &Key| {
            key.strip_prefix("rds/").is_some_and(|name| !resources.routes.contains_key(name))
        };
        for key in progress.sent.keys().filter(|key| gone(key)) {
            let file = bootstrap::rds_file(&self.pod.dir, key.trim_start_matches("rds/"));
            // Nobody reads it any more; a file that stays is only untidy.
            let _ = std::fs::remove_file(file);
        }
        progress.sent.retain(|key, _| !gone(key));
    }

    /// The versions that must be accepted for this target.
    fn expected(&self, target: &Target) -> BTreeMap<Key, String> {
        let progress = self.progress();
        let mut expected = BTreeMap::new();
        for (key, version) in &progress.sent {
            // Routes that no listener asks for are never read.
            let asked = key.strip_prefix("rds/").is_none_or(|name| uses(&target.resources, name));
            if asked {
                expected.insert(key.clone(), version.clone());
            }
        }
        for (cluster, service) in eds_clusters(&target.resources) {
            if let Some(version) = target.endpoints.get(service) {
                expected.insert(format!("eds/{cluster}"), version.clone());
            }
        }
        expected
    }

    /// Waits until the proxy has accepted what was sent of these subscriptions and uses it.
    async fn accepted(
        &self,
        target: &Target,
        newer: &mut Newer,
        which: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<(), Stop> {
        let expected: BTreeMap<_, _> =
            self.expected(target).into_iter().filter(|(key, _)| which(key)).collect();
        if self.progress().known(&expected) {
            return Ok(());
        }
        let socket = self.pod.dir.join(admin::SOCKET);
        let (start, mut pause) = (Instant::now(), POLL_FIRST);
        let mut refused_at = None;
        while start.elapsed() < ANSWER_WITHIN {
            let answer = admin::get(&socket, QUERY).await.ok().filter(|a| a.status == 200);
            if let Some(answer) = answer.map(|answer| Answer::parse(&answer.body)) {
                let open = {
                    let mut progress = self.progress();
                    progress.restarted(&answer);
                    progress.compare(&expected, &answer)
                };
                match open {
                    Open::Nothing if !answer.warming => {
                        self.progress().settle(&expected, &answer);
                        return Ok(());
                    }
                    Open::Rejected(keys) => {
                        let since = *refused_at.get_or_insert_with(Instant::now);
                        if since.elapsed() >= REFUSAL_STANDS {
                            let error = self.rejected(&keys, &expected, &answer).await;
                            return Err(Stop::Error(error));
                        }
                    }
                    Open::Nothing | Open::Waits => refused_at = None,
                }
            }
            tokio::select! {
                () = sleep(pause) => pause = (pause * 3 / 2).min(POLL_MAX),
                () = newer.arrives() => return Err(Stop::Newer),
            }
        }
        Err(Stop::Error(format!("no answer from its Envoy within {} s", ANSWER_WITHIN.as_secs())))
    }

    /// Finds out and keeps why these were rejected.
    async fn rejected(
        &self,
        keys: &[Key],
        expected: &BTreeMap<Key, String>,
        answer: &Answer,
    ) -> String {
        let start = Instant::now();
        let mut reasons = rejections::read(&self.pod.dir);
        while reasons.is_empty() && start.elapsed() < REASON_WITHIN {
            sleep(POLL_FIRST).await;
            reasons = rejections::read(&self.pod.dir);
        }
        // The newest words belong to what was refused last; each reading of a file repeats them.
        let mut distinct: Vec<String> = Vec::new();
        for reason in reasons.into_iter().rev() {
            if distinct.len() < keys.len() && !distinct.contains(&reason) {
                distinct.push(reason);
            }
        }
        let reasons = distinct;
        let mut progress = self.progress();
        for key in keys {
            // Without words: Envoy was seen to count a refusal and log nothing when the file was
            // replaced while it read it. The one before then has the same reason.
            let known = progress.rejected.get(key).map(|(_, reason)| reason.clone());
            let reason = match (reasons.is_empty(), known) {
                (false, _) => reasons.join("; "),
                (true, Some(known)) => known,
                (true, None) => "Envoy gave no reason".to_owned(),
            };
            progress.rejected.insert(key.clone(), (expected[key].clone(), reason));
        }
        progress.refused.extend(answer.refused.clone());
        let said = keys.iter().map(|key| format!("{key} rejected: {}", progress.rejected[key].1));
        said.collect::<Vec<_>>().join("\n")
    }
}

// === impl Progress ===

enum Open {
    Nothing,
    Waits,
    Rejected(Vec<Key>),
}

impl Progress {
    /// Whether the status already says that all of this is accepted.
    fn known(&self, expected: &BTreeMap<Key, String>) -> bool {
        expected.iter().all(|(key, version)| self.acked.get(key) == Some(version))
    }

    /// An Envoy that was started again counts from nought.
    fn restarted(&mut self, answer: &Answer) {
        for (key, before) in &mut self.refused {
            *before = (*before).min(answer.refused.get(key).copied().unwrap_or(0));
        }
    }

    /// Takes down that all of this was accepted.
    fn settle(&mut self, expected: &BTreeMap<Key, String>, answer: &Answer) {
        self.acked.extend(expected.clone());
        self.rejected.retain(|key, _| !expected.contains_key(key));
        self.refused.extend(answer.refused.clone());
    }

    fn compare(&self, expected: &BTreeMap<Key, String>, answer: &Answer) -> Open {
        let mut open = Open::Nothing;
        let mut rejected = Vec::new();
        for (key, version) in expected {
            let before = self.refused.get(key).copied().unwrap_or(0);
            match answer.outcome(key, version, before) {
                Outcome::Accepted => {}
                Outcome::Rejected => rejected.push(key.clone()),
                // The same file as the one that was rejected is not read again.
                Outcome::NotYet if self.rejected.get(key).is_some_and(|(v, _)| v == version) => {
                    rejected.push(key.clone());
                }
                Outcome::NotYet => open = Open::Waits,
            }
        }
        if rejected.is_empty() { open } else { Open::Rejected(rejected) }
    }
}

// === one proxy's task ===

/// Hears of newer targets.
struct Newer(watch::Receiver<Option<Arc<Target>>>);

impl Newer {
    async fn arrives(&mut self) {
        if self.0.changed().await.is_err() {
            // The member is gone, and this task is about to be aborted.
            std::future::pending::<()>().await;
        }
    }
}

/// Delivers each newest target to one proxy, until the member is gone.
pub(super) async fn follow(member: Arc<Member>) {
    let mut newer = Newer(member.target.subscribe());
    loop {
        let target = newer.0.borrow_and_update().clone();
        if let Some(target) = target {
            match member.deliver(&target, &mut newer).await {
                Ok(()) => {
                    let mut progress = member.progress();
                    if progress.error.take().is_some() {
                        rejections::clear(&member.pod.dir);
                    }
                    progress.observed = target.version;
                }
                Err(Stop::Newer) => continue,
                Err(Stop::Error(error)) => {
                    tracing::warn!(proxy = member.name(), "{error}");
                    member.progress().error = Some(error);
                }
            }
        }
        newer.arrives().await;
    }
}

// === files ===

/// A discovery response as a file: its version (a hash of what it holds) and its text.
pub(super) fn response<'a>(
    kind: &str,
    resources: impl IntoIterator<Item = &'a Value>,
) -> (String, String) {
    let resources: Vec<Value> = resources
        .into_iter()
        .map(|resource| {
            let mut resource = resource.clone();
            resource["@type"] = json!(format!("type.googleapis.com/{kind}"));
            resource
        })
        .collect();
    let version = hash(json!(resources).to_string().as_bytes());
    let text = json!({ "version_info": version, "resources": resources }).to_string();
    (version, text)
}

/// Writes a file so that a reader sees the old or the new one whole: aside, in `scratch`, and then
/// renamed. `scratch` is not a watched folder, so Envoy does not look before all is there.
pub(super) fn replace(scratch: &Path, file: &Path, text: &str) -> io::Result<()> {
    /// Two threads never write under one name.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let aside = scratch.join(format!(".{}.tmp", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, file).inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })
}

/// Sixteen hexadecimal digits of the SHA-256: two contents never share them by chance.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One version for several subscriptions; empty for none.
fn digest<'a>(versions: impl Iterator<Item = (&'a Key, &'a String)>) -> String {
    let text: String = versions.map(|(key, version)| format!("{key} {version}\n")).collect();
    if text.is_empty() { text } else { hash(text.as_bytes()) }
}

/// The clusters whose endpoints come as files, with the name under which EDS knows them: several
/// clusters may share one file.
pub(super) fn eds_clusters(resources: &Resources) -> impl Iterator<Item = (&str, &str)> {
    let clusters = resources.clusters.iter().filter(|(_, cluster)| cluster["type"] == "EDS");
    clusters.map(|(name, cluster)| {
        let service = cluster["eds_cluster_config"]["service_name"].as_str();
        (name.as_str(), service.filter(|service| !service.is_empty()).unwrap_or(name))
    })
}

/// Whether a listener asks for this route configuration.
fn uses(resources: &Resources, route: &str) -> bool {
    fn asks(value: &Value, route: &str) -> bool {
        match value {
            Value::Object(fields) => {
                fields.get("route_config_name").is_some_and(|name| name == route)
                    || fields.values().any(|value| asks(value, route))
            }
            Value::Array(values) => values.iter().any(|value| asks(value, route)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }
    resources.listeners.values().any(|listener| asks(listener, route))
}

#[cfg(test)]
mod tests;
