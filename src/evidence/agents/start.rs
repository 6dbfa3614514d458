//! The load agents of a run: pods of Faultless's own image beside the clients' workloads, started
//! when a run begins.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::application::{Application, Client};
use crate::cluster::Cluster;
use crate::error::{Error, Result};
use crate::evidence::agents::drive::Handles;
use crate::evidence::agents::manifest::{deployment, workload};
use crate::safety::labels::RUN_LABEL;
use crate::safety::{Applier, Scope};

/// Pulling an image in a cluster takes tens of seconds; more than this is a broken cluster.
const READY_DEADLINE: Duration = Duration::from_mins(2);

/// Between two looks at the agents' pods.
const PAUSE: Duration = Duration::from_millis(20);

/// What the journal calls them.
const SUBJECT: &str = "load agents";

/// The agents of a run.
#[derive(Debug)]
pub struct Agents {
    handles: Handles,
}

// === impl Agents ===

impl Agents {
    /// Starts an agent beside each client and waits until all are ready. The run's session removes
    /// them.
    pub async fn start(
        cluster: &Cluster,
        application: &Application,
        run: &str,
        applier: &Applier,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let mut agents = Self { handles: Handles::default() };
        let up = Box::pin(agents.bring_up(cluster, application, run, applier));
        let interrupted = || Err(Error::runner("starting the load agents", "interrupted"));
        applier.until(stop.cancelled(), up).await.unwrap_or_else(interrupted).map(|()| agents)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.handles.pods.len()
    }

    /// How scenarios reach them.
    #[must_use]
    pub fn handles(&self) -> Handles {
        self.handles.clone()
    }

    async fn bring_up(
        &mut self,
        cluster: &Cluster,
        application: &Application,
        run: &str,
        applier: &Applier,
    ) -> Result<()> {
        for (name, client) in &application.clients {
            let deployment = deployment(client, run);
            applier
                .add(Scope::Run, SUBJECT, &deployment)
                .await
                .map_err(|error| error.hint(format!("this is the load agent for client {name}")))?;
        }
        let started = Instant::now();
        for (name, client) in &application.clients {
            let selector = format!("app={},{RUN_LABEL}={run}", workload(client));
            let pod = loop {
                let pods = cluster.pods(&client.namespace, &selector).await?;
                if let Some(pod) = pods.into_iter().find(|pod| pod.ready) {
                    break pod;
                }
                if started.elapsed() > READY_DEADLINE {
                    let doing = format!("waiting for the load agent of client {name}");
                    return Err(Error::runner(doing, "its pod is not ready after 2 minutes"));
                }
                tokio::time::sleep(PAUSE).await;
            };
            if !pod.sidecar {
                let doing = format!("starting the load agent of client {name}");
                return Err(Error::runner(doing, "its pod got no sidecar").hint(format!(
                    "label namespace {} with istio-injection=enabled",
                    client.namespace
                )));
            }
            self.handles.pods.insert(name.clone(), pod);
        }
        Ok(())
    }

    /// The Deployment of a client's agent, as a run adds it.
    pub(crate) fn deployment(client: &Client, run: &str) -> serde_json::Value {
        deployment(client, run)
    }

    /// Namespace and workload of a client's agent, as telemetry names it.
    #[must_use]
    pub fn workload(client: &Client) -> (String, String) {
        (client.namespace.clone(), workload(client))
    }
}
