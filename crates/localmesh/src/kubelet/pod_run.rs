//! How a pod goes on while it runs: its containers are started, and what is heard of them is noted.

use std::sync::Arc;
use std::time::Duration;

use super::app::{App, GRACE_MAX};
use super::config::SIDECAR;
use super::life::{Life, Running};
use super::restart::RestartPolicy;
use super::told::Told;
use super::view::{End, State};

// === impl Life ===

impl Life {
    /// Runs the containers until the pod is to stop.
    pub(super) async fn run(&mut self, running: &mut Running) {
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
                dial: self.config.network.dial(&self.config.registry, net),
                log: self.config.logs.writer(&self.namespace, &self.name, &planned.name),
                net: Arc::clone(net),
                threads: running.threads.clone(),
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
}
