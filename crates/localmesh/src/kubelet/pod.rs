//! One pod's life: scheduled, planned, put on the network, run, and taken away again. This task is
//! the only one that writes the pod's status.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::sandbox::{self, Planned, Sandbox, Trouble};
use super::status::{End, PodView, State};
use super::supervise::{self, App, Backoff, GRACE_MAX, RestartPolicy, Told};
use super::{Config, NODE, SIDECAR, changed, now};
use crate::control_plane::xds;
use crate::envoy::Spec;
use crate::kinds;
use crate::metrics;
use crate::network::PodNet;
use crate::store::Part;

/// How long a ready pod goes on serving after its deletion was asked for, so that the callers'
/// sidecars learn of it before connections are cut; they were measured to learn within 100 ms.
const DRAIN: Duration = Duration::from_millis(200);

/// What supervisors tell is read at once; a few per container fit.
const TOLD_MAX: usize = 16;

/// Lives one pod's life to its end, which `stop` asks for.
pub(super) async fn live(config: Arc<Config>, pod: Arc<Value>, stop: CancellationToken) {
    let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
    let life = Life {
        namespace: text("namespace"),
        name: text("name"),
        uid: text("uid"),
        view: PodView::new(&pod, &now(&config.cluster)),
        config,
        pod,
        stop,
    };
    life.live().await;
}

struct Life {
    config: Arc<Config>,
    /// The pod as it was first seen; its spec does not change.
    pod: Arc<Value>,
    namespace: String,
    name: String,
    uid: String,
    view: PodView,
    stop: CancellationToken,
}

/// The pod's running parts.
struct Running {
    sandbox: Sandbox,
    /// Waiting to be started once the sidecar is ready.
    planned: Vec<Planned>,
    apps: JoinSet<()>,
    /// The Envoy's supervisor.
    sidecar: JoinSet<()>,
    /// The telemetry page.
    pages: JoinSet<()>,
    apps_stop: CancellationToken,
    sidecar_stop: CancellationToken,
    told: mpsc::Receiver<(String, Told)>,
    tell: supervise::Teller,
}

// === impl Life ===

impl Life {
    async fn live(mut self) {
        if !self.stop.is_cancelled() {
            self.schedule();
            self.publish();
            if let Some(mut running) = self.begin().await {
                self.run(&mut running).await;
                self.end(running).await;
            }
        }
        let Self { config, namespace, name, uid, .. } = self;
        // A newer pod of this name, made after ours was removed by force, keeps its log.
        let present = config.cluster.get(&kinds::POD, &namespace, &name);
        if present.is_none_or(|pod| pod["metadata"]["uid"] == uid.as_str()) {
            config.logs.forget(&namespace, &name);
        }
        config.cluster.finalize_pod(&namespace, &name, &uid);
    }

    /// Writes that the pod is on our node.
    fn schedule(&self) {
        let (cluster, uid) = (&self.config.cluster, self.uid.as_str());
        let told = cluster.update(&kinds::POD, &self.namespace, &self.name, Part::Spec, |pod| {
            if pod["metadata"]["uid"] == uid {
                pod["spec"]["nodeName"] = NODE.into();
            }
        });
        if let Err(refusal) = told {
            tracing::debug!("pod {} was not scheduled: {refusal}", self.name);
        }
        let at = format!("Successfully assigned {}/{} to {NODE}", self.namespace, self.name);
        self.event("Normal", "Scheduled", &at);
    }

    /// Writes the pod's status as it is now.
    fn publish(&self) {
        let (cluster, view, now) = (&self.config.cluster, &self.view, self.now());
        let told = cluster.update(&kinds::POD, &self.namespace, &self.name, Part::Status, |pod| {
            // A newer pod of the same name has a status of its own.
            if pod["metadata"]["uid"] == view.uid.as_str() {
                pod["status"] = view.status(&pod["status"], &now);
            }
        });
        if let Err(refusal) = told {
            tracing::debug!("the status of pod {} was not written: {refusal}", self.name);
        }
    }

    fn event(&self, sort: &str, reason: &str, message: &str) {
        self.config.cluster.record_event(&self.pod, sort, reason, message, "kubelet");
    }

    fn now(&self) -> String {
        now(&self.config.cluster)
    }

    /// Plans the pod and makes its sandbox, as often as it takes; `None` when it is to stop first.
    async fn begin(&mut self) -> Option<Running> {
        let mut versions = self.config.cluster.versions();
        let mut backoff = Backoff::new();
        let (mut known, mut address) = (None, None);
        loop {
            versions.borrow_and_update();
            let trouble = match self.try_begin(&mut address).await {
                Ok(running) => return Some(running),
                Err(trouble) => trouble,
            };
            // What a secret or config map can mend is tried again when the cluster changes; what
            // the machine refused, after a while. Known trouble is not told again.
            let machine = trouble.reason == "CreateContainerError";
            if known.as_ref() != Some(&trouble) {
                self.waits(&trouble);
                known = Some(trouble);
            }
            let wait = if machine { backoff.after(Duration::ZERO) } else { Duration::MAX };
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(wait), if machine => {}
                () = changed(&mut versions), if !machine => {}
            }
        }
    }

    /// Shows why a container waits.
    fn waits(&mut self, trouble: &Trouble) {
        if let Some(container) = self.view.container(&trouble.container) {
            let message = trouble.message.clone();
            container.state = State::Waiting { reason: trouble.reason, message };
        }
        self.publish();
        self.event("Warning", "Failed", &format!("Error: {}", trouble.message));
    }

    #[expect(clippy::unused_async, reason = "it binds sockets, which needs the runtime")]
    async fn try_begin(
        &mut self,
        address: &mut Option<(Ipv4Addr, u32)>,
    ) -> Result<Running, Trouble> {
        let first = self.view.containers.first().map(|c| c.name.clone()).unwrap_or_default();
        let refused = |container: &str, error: &dyn std::fmt::Display| Trouble {
            container: container.to_owned(),
            reason: "CreateContainerError",
            message: error.to_string(),
        };
        let (ip, number) = match *address {
            Some(known) => known,
            None => self.config.network.allocate().map_err(|error| refused(&first, &error))?,
        };
        *address = Some((ip, number));
        let planned = sandbox::plan(&self.config, &self.pod, ip)?;
        let mut sandbox = Sandbox::new(&self.config, &self.pod, ip, number)
            .map_err(|error| refused(&first, &error))?;
        let (tell, told) = mpsc::channel(TOLD_MAX);
        let sidecar_stop = CancellationToken::new();
        let (mut sidecar, mut pages) = (JoinSet::new(), JoinSet::new());
        if sandbox.net.sidecar {
            let (net, control_plane) = (&sandbox.net, &self.config.control_plane);
            control_plane.join(Arc::clone(net));
            let log = self.config.logs.writer(&self.namespace, &self.name, SIDECAR);
            let log = control_plane.listening(net, log);
            let (tell, stop) = (tell.clone(), sidecar_stop.clone());
            let spec = self.envoy(net);
            sidecar.spawn(supervise::sidecar(SIDECAR.to_owned(), spec, log, tell, stop));
            if let Some(listener) = sandbox.telemetry.take() {
                let admin = net.dir.join("admin.sock");
                let (pod, network) = (PodNet::clone(net), self.config.network.clone());
                pages.spawn(metrics::serve(listener, admin, pod, network));
            }
        }
        self.view.ip = Some(ip);
        let (apps, apps_stop) = (JoinSet::new(), CancellationToken::new());
        Ok(Running { sandbox, planned, apps, sidecar, pages, apps_stop, sidecar_stop, told, tell })
    }

    fn envoy(&self, net: &PodNet) -> Spec {
        Spec {
            binary: self.config.envoy.clone(),
            shim: self.config.shim.clone(),
            dir: net.dir.clone(),
            xds: self.config.dir.join(xds::SOCKET),
            node: net.node(),
        }
    }

    /// Runs the containers until the pod is to stop.
    async fn run(&mut self, running: &mut Running) {
        self.publish();
        if !running.sandbox.net.sidecar {
            self.start_apps(running);
        }
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                Some((container, told)) = running.told.recv() => {
                    let sidecar_started = container == SIDECAR && matches!(told, Told::Started);
                    self.note(&container, told);
                    if sidecar_started && !running.planned.is_empty() {
                        // Applications start behind a ready sidecar, so their first request works.
                        self.start_apps(running);
                    }
                    self.publish();
                    if self.completed(running).await {
                        return self.stop.cancelled().await;
                    }
                }
            }
        }
    }

    fn start_apps(&self, running: &mut Running) {
        let net = &running.sandbox.net;
        let policy = RestartPolicy::of(self.pod["spec"]["restartPolicy"].as_str());
        let grace = self.pod["spec"]["terminationGracePeriodSeconds"].as_u64();
        let grace = grace.map_or(GRACE_MAX, |s| Duration::from_secs(s).min(GRACE_MAX));
        for planned in running.planned.drain(..) {
            let listeners = &mut running.sandbox.listeners;
            let own =
                planned.ports.iter().filter_map(|port| Some((*port, listeners.remove(port)?)));
            let own = own.collect();
            let app = App {
                dial: self.config.network.dial(&self.config.cluster, net),
                log: self.config.logs.writer(&self.namespace, &self.name, &planned.name),
                net: Arc::clone(net),
                planned,
                policy,
                grace,
            };
            let (tell, stop) = (running.tell.clone(), running.apps_stop.clone());
            running.apps.spawn(app.supervise(Some(own), tell, stop));
        }
    }

    /// Notes what happened to a container, in the view and as an event.
    fn note(&mut self, name: &str, told: Told) {
        let now = self.now();
        let Some(container) = self.view.container(name) else { return };
        match told {
            Told::Started => {
                container.state = State::Running { since: now };
                let image = container.image.clone();
                let stands_in = format!("A stand-in for image \"{image}\" is present");
                self.event("Normal", "Pulled", &stands_in);
                self.event("Normal", "Started", &format!("Started container {name}"));
            }
            Told::Ended { outcome, again } => {
                let started = match &container.state {
                    State::Running { since } => since.clone(),
                    State::Waiting { .. } | State::Ended(_) => now.clone(),
                };
                // One line; all of it is in the log and in the last state.
                let why = outcome.as_ref().err().map_or("completed", |why| why.as_str());
                let why = why.lines().next().unwrap_or_default().to_owned();
                let end = End { outcome, started, finished: now };
                let Some(wait) = again else {
                    container.state = State::Ended(end);
                    return;
                };
                let message = format!(
                    "back-off {} s restarting failed container={name} pod={}: {why}",
                    wait.as_secs(),
                    self.name
                );
                container.restarts += 1;
                container.last = Some(end);
                container.state =
                    State::Waiting { reason: "CrashLoopBackOff", message: message.clone() };
                self.event("Warning", "BackOff", &message);
            }
        }
    }

    /// Whether all of the application's containers have ended for good; then the sidecar is
    /// stopped too, as Kubernetes does with native sidecars, and the pod is done.
    async fn completed(&mut self, running: &mut Running) -> bool {
        let ended = |state: &State| matches!(state, State::Ended(_));
        let mut apps = self.view.containers.iter().filter(|c| c.name != SIDECAR);
        if self.view.containers.is_empty() || !apps.all(|c| ended(&c.state)) {
            return false;
        }
        self.leave(running).await;
        let now = self.now();
        if let Some(sidecar) = self.view.container(SIDECAR) {
            let started = match &sidecar.state {
                State::Running { since } => since.clone(),
                State::Waiting { .. } | State::Ended(_) => now.clone(),
            };
            sidecar.state = State::Ended(End { outcome: Ok(()), started, finished: now });
        }
        self.publish();
        true
    }

    /// Stops the pod's parts: the application first, then its sidecar.
    async fn leave(&self, running: &mut Running) {
        // Nobody listens to the supervisors any more, so none of them may wait to be heard.
        running.told.close();
        running.apps_stop.cancel();
        while running.apps.join_next().await.is_some() {}
        running.sidecar_stop.cancel();
        while running.sidecar.join_next().await.is_some() {}
        running.pages.shutdown().await;
        let net = &running.sandbox.net;
        if net.sidecar {
            self.config.control_plane.leave(net);
        }
        self.config.network.remove(net);
    }

    /// The farewell of a pod that is deleted.
    async fn end(&self, mut running: Running) {
        if running.sandbox.net.sidecar && self.view.phase() == "Running" {
            tokio::time::sleep(DRAIN).await;
        }
        self.event("Normal", "Killing", "Stopping containers");
        self.leave(&mut running).await;
        let dir = &running.sandbox.net.dir;
        if let Err(error) = std::fs::remove_dir_all(dir) {
            tracing::debug!("{} was not removed: {error}", dir.display());
        }
    }
}
