//! How a pod begins: planned, put on the network, its Envoy started.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::config::{SIDECAR, changed};
use super::life::{Life, Running};
use super::plan::{Trouble, plan};
use super::restart::Backoff;
use super::sandbox::Sandbox;
use super::sidecar;
use super::view::State;
use crate::control_plane::xds;
use crate::envoy::{Spec, admin};
use crate::metrics;
use crate::network::PodNet;

/// What supervisors tell is read at once; a few per container fit.
const TOLD_MAX: usize = 16;

// === impl Life ===

impl Life {
    /// Plans the pod and makes its sandbox, as often as it takes; `None` when it is to stop first.
    pub(super) async fn begin(&mut self) -> Option<Running> {
        let mut versions = self.config.registry.versions();
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
        let planned = plan(&self.config, &self.pod, ip)?;
        let mut sandbox = Sandbox::new(&self.config, &self.pod, ip, number)
            .map_err(|error| refused(&first, &error))?;
        let (tell, told) = mpsc::channel(TOLD_MAX);
        let sidecar_stop = CancellationToken::new();
        let (mut sidecar, mut pages) = (JoinSet::new(), JoinSet::new());
        let threads = metrics::Threads::default();
        if sandbox.net.sidecar {
            let (net, control_plane) = (&sandbox.net, &self.config.control_plane);
            control_plane.join(Arc::clone(net));
            let log = self.config.logs.writer(&self.namespace, &self.name, SIDECAR);
            let log = control_plane.listening(net, log);
            let (tell, stop) = (tell.clone(), sidecar_stop.clone());
            let spec = self.envoy(net);
            sidecar.spawn(sidecar::supervise(SIDECAR.to_owned(), spec, log, tell, stop));
            if let Some(listener) = sandbox.telemetry.take() {
                let admin = net.dir.join(admin::SOCKET);
                let (pod, network) = (PodNet::clone(net), self.config.network.clone());
                let threads = threads.clone();
                pages.spawn(metrics::serve(listener, admin, pod, network, threads));
            }
        }
        self.view.ip = Some(ip);
        let (apps, apps_stop) = (JoinSet::new(), CancellationToken::new());
        Ok(Running {
            sandbox,
            planned,
            apps,
            threads,
            sidecar,
            pages,
            apps_stop,
            sidecar_stop,
            told,
            tell,
        })
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
}
