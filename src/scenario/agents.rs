//! The load agents of a run: one pod for each portal, beside the portal's own workload and behind
//! a sidecar like it, driven through the API server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use http::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::application::{Application, Portal};
use crate::cluster::{Cluster, Pod, image};
use crate::error::{Error, Result};
use crate::faults::{MANAGED_BY, RUN_LABEL};
use crate::load::client::Started;
use crate::load::{StreamReport, StreamSpec, agent, client};
use crate::safety::{Changes, Scope};

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

/// How to reach the agents, by portal.
#[derive(Debug, Clone, Default)]
pub struct Handles {
    pods: BTreeMap<String, Pod>,
}

// === impl Agents ===

impl Agents {
    /// Starts an agent beside each portal and waits until all are ready. The run's guard
    /// removes them.
    pub async fn start(
        target: &Cluster,
        application: &Application,
        run: &str,
        changes: &Changes,
        stop: &CancellationToken,
    ) -> Result<Self> {
        let mut agents = Self { handles: Handles::default() };
        let up = Box::pin(agents.bring_up(target, application, run, changes));
        let interrupted = || Err(Error::runner("starting the load agents", "interrupted"));
        changes.until(stop.cancelled(), up).await.unwrap_or_else(interrupted).map(|()| agents)
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
        target: &Cluster,
        application: &Application,
        run: &str,
        changes: &Changes,
    ) -> Result<()> {
        for (name, portal) in &application.portals {
            let deployment = deployment(portal, run);
            changes
                .add(Scope::Run, SUBJECT, &deployment)
                .await
                .map_err(|error| error.hint(format!("this is the load agent for portal {name}")))?;
        }
        let started = Instant::now();
        for (name, portal) in &application.portals {
            let selector = format!("app={},{RUN_LABEL}={run}", workload(portal));
            let pod = loop {
                let pods = target.pods(&portal.namespace, &selector).await?;
                if let Some(pod) = pods.into_iter().find(|pod| pod.ready) {
                    break pod;
                }
                if started.elapsed() > READY_DEADLINE {
                    let doing = format!("waiting for the load agent of portal {name}");
                    return Err(Error::runner(doing, "its pod is not ready after 2 minutes"));
                }
                tokio::time::sleep(PAUSE).await;
            };
            if !pod.sidecar {
                let doing = format!("starting the load agent of portal {name}");
                return Err(Error::runner(doing, "its pod got no sidecar").hint(format!(
                    "label namespace {} with istio-injection=enabled",
                    portal.namespace
                )));
            }
            self.handles.pods.insert(name.clone(), pod);
        }
        Ok(())
    }

    /// Namespace and workload of a portal's agent, as telemetry names it.
    #[must_use]
    pub fn workload(portal: &Portal) -> (String, String) {
        (portal.namespace.clone(), workload(portal))
    }
}

// === impl Handles ===

impl Handles {
    /// Starts one stream on each portal's agent; answers the streams' ids by portal.
    pub async fn send(
        &self,
        target: &Cluster,
        specs: BTreeMap<String, StreamSpec>,
    ) -> Result<BTreeMap<String, u64>> {
        let starting = specs.into_iter().map(|(portal, spec)| async move {
            let body = json!([spec]);
            let pod = self.pod(&portal)?;
            let path = client::STREAMS;
            let page =
                target.pod_request(Method::POST, pod, agent::PORT, path, Some(&body)).await?;
            let started: Started = answer(&page, &portal)?;
            let none = || Error::runner("starting load", "the agent answered no stream id");
            Ok((portal, started.ids.into_iter().next().ok_or_else(none)?))
        });
        Ok(try_join_all(starting).await?.into_iter().collect())
    }

    /// The reports of these streams, by portal.
    pub async fn reports(
        &self,
        target: &Cluster,
        ids: &BTreeMap<String, u64>,
    ) -> Result<BTreeMap<String, StreamReport>> {
        let asking = ids.iter().map(|(portal, id)| async move {
            let path = client::stream(*id);
            let page = target.pod_get(self.pod(portal)?, agent::PORT, &path).await?;
            Ok((portal.clone(), answer(&page, portal)?))
        });
        Ok(try_join_all(asking).await?.into_iter().collect())
    }

    /// Stops these streams; requests in flight end by themselves.
    pub async fn stop_streams(&self, target: &Cluster, ids: &BTreeMap<String, u64>) -> Result<()> {
        let stopping = ids.iter().map(|(portal, id)| async move {
            let path = client::stop(*id);
            target.pod_request(Method::POST, self.pod(portal)?, agent::PORT, &path, None).await
        });
        try_join_all(stopping).await.map(drop)
    }

    fn pod(&self, portal: &str) -> Result<&Pod> {
        self.pods
            .get(portal)
            .ok_or_else(|| Error::runner("driving load", format!("portal {portal} has no agent")))
    }
}

fn answer<T: serde::de::DeserializeOwned>(page: &str, portal: &str) -> Result<T> {
    serde_json::from_str(page).map_err(|cause| {
        Error::runner(format!("reading the answer of the load agent of portal {portal}"), cause)
    })
}

fn workload(portal: &Portal) -> String {
    format!("faultless-load-{}", portal.workload)
}

fn deployment(portal: &Portal, run: &str) -> Value {
    let name = workload(portal);
    let labels = json!({
        "app": name,
        "version": "v1",
        MANAGED_BY.0: MANAGED_BY.1,
        RUN_LABEL: run,
        "sidecar.istio.io/inject": "true",
    });
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": portal.namespace,
            "labels": {MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run},
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{
                        "name": "agent",
                        "image": image::reference(),
                        "args": ["agent"],
                        "ports": [{"name": "http-agent", "containerPort": agent::PORT}],
                        "securityContext": image::security_context(),
                    }],
                    "terminationGracePeriodSeconds": 5,
                },
            },
        },
    })
}
