//! The load agents of a run: pods of Faultless's own image beside the clients' workloads, started
//! when a run begins.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::application::{Application, Client};
use crate::cluster::image::{AgentImage, VERSION};
use crate::cluster::{Cluster, ObjectRef, OwnPods, Pod};
use crate::error::{Error, Result};
use crate::evidence::agents::drive::Handles;
use crate::evidence::agents::manifest::{deployment, labels, workload};
use crate::load::{agent, wire};
use crate::safety::labels::RUN_LABEL;
use crate::safety::{Applier, Scope};

/// Between two looks at the agents' pods.
const PAUSE: Duration = Duration::from_millis(20);

/// What the journal calls them.
const SUBJECT: &str = "load agents";

/// An agent that says nothing of itself may be one that does not know the question.
const NO_WORD: &str = "if its image is of another version, make it anew with `faultless image`";

/// The agents of a run.
#[derive(Debug)]
pub struct Agents {
    handles: Handles,
}

// === impl Agents ===

impl Agents {
    /// Starts an agent beside each client and waits until all are ready; tells what keeps them. The
    /// run's session removes them.
    pub async fn start(
        cluster: &Cluster,
        application: &Application,
        run: &str,
        applier: &Applier,
        stop: &CancellationToken,
        tell: &dyn Fn(&str),
    ) -> Result<Self> {
        let mut agents = Self { handles: Handles::default() };
        let up = Box::pin(agents.bring_up(cluster, application, run, applier, tell));
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
        tell: &dyn Fn(&str),
    ) -> Result<()> {
        for (name, client) in &application.clients {
            let deployment = deployment(client, run, cluster.agent_image());
            applier
                .add(Scope::Run, SUBJECT, &deployment)
                .await
                .map_err(|error| error.hint(format!("this is the load agent for client {name}")))?;
        }
        for (name, client) in &application.clients {
            let pod = ready(cluster, name, client, run, tell).await?;
            if !pod.sidecar {
                let doing = format!("starting the load agent of client {name}");
                return Err(Error::runner(doing, "its pod got no sidecar").hint(format!(
                    "label namespace {} with istio-injection=enabled",
                    client.namespace
                )));
            }
            let about = cluster.pod_get(&pod, agent::PORT, wire::ABOUT).await;
            let about = about.map_err(|error| error.hint(NO_WORD))?;
            if let Some(why) = stranger(name, &about) {
                let doing = format!("starting the load agent of client {name}");
                return Err(Error::runner(doing, why));
            }
            self.handles.pods.insert(name.clone(), pod);
        }
        Ok(())
    }

    /// The labels of the pods of a client's agent.
    pub(crate) fn labels(client: &Client, run: &str) -> [(&'static str, String); 5] {
        labels(client, run)
    }

    /// The Deployment of a client's agent, as a run adds it.
    pub(crate) fn deployment(client: &Client, run: &str, image: &AgentImage) -> serde_json::Value {
        deployment(client, run, image)
    }

    /// Namespace and workload of a client's agent, as telemetry names it.
    #[must_use]
    pub fn workload(client: &Client) -> (String, String) {
        (client.namespace.clone(), workload(client))
    }
}

/// Waits until a client's agent is ready.
async fn ready(
    cluster: &Cluster,
    name: &str,
    client: &Client,
    run: &str,
    tell: &dyn Fn(&str),
) -> Result<Pod> {
    let doing = format!("waiting for the load agent of client {name}");
    let selector = format!("app={},{RUN_LABEL}={run}", workload(client));
    let deployment = ObjectRef::of(&deployment(client, run, cluster.agent_image()))?;
    let mut pods = OwnPods::begin(doing, deployment, selector.clone());
    loop {
        let found = cluster.pods(&client.namespace, &selector).await?;
        if let Some(pod) = found.into_iter().find(|pod| pod.ready) {
            return Ok(pod);
        }
        if let Some(news) = pods.look(cluster).await? {
            tell(&news);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Why an agent that says this of itself must not be worked with. Pure.
fn stranger(client: &str, about: &str) -> Option<String> {
    let version = serde_json::from_str::<wire::About>(about).map(|about| about.version);
    let version = version.unwrap_or_else(|_| "of an unknown version".to_owned());
    (version != VERSION).then(|| {
        format!(
            "the load agent of client {client} is faultless {version}, this is {VERSION}: make its \
             image anew with `faultless image`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_of_another_version_is_refused_by_name() {
        let about = |version: &str| format!("{{\"version\": \"{version}\"}}");
        assert_eq!(stranger("web", &about(VERSION)), None);
        let why = stranger("web", &about("0.0.1")).unwrap();
        assert!(why.starts_with("the load agent of client web is faultless 0.0.1, this is"));
        assert!(why.contains("`faultless image`"), "{why}");
        assert!(stranger("web", "<html>").unwrap().contains("unknown version"));
    }
}
