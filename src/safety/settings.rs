//! How pods are asked for their settings, and told them. They keep them in their memory and nowhere
//! else.

use std::fmt;

use http::Method;
use serde_json::Value;

use crate::application::settings::Endpoint;
use crate::cluster::{Cluster, Pod};
use crate::error::{Error, Result};
use crate::safety::applier::Applier;
use crate::safety::compare::same;
use crate::safety::journal::{Scope, Undo};

impl Endpoint {
    /// What a pod is set to.
    pub(crate) async fn read(&self, cluster: &Cluster, pod: &Pod) -> Result<Value> {
        let doing = || format!("reading the settings of pod {}/{}", pod.namespace, pod.name);
        let page = cluster.program_request(Method::GET, pod, self.port, &self.read, None).await?;
        let page: Value =
            serde_json::from_str(&page).map_err(|cause| Error::runner(doing(), cause))?;
        let none = || {
            Error::runner(doing(), format!("{} answers nothing at `{}`", self.read, self.pointer))
                .hint("the application's description says where its settings are")
        };
        page.pointer(&self.pointer).cloned().ok_or_else(none)
    }

    /// Sets a pod.
    pub(super) async fn write(&self, cluster: &Cluster, pod: &Pod, settings: &Value) -> Result<()> {
        let put = cluster.program_request(Method::PUT, pod, self.port, &self.write, Some(settings));
        put.await.map(drop)
    }
}

// === impl Applier ===

impl Applier {
    /// Tells pods these settings by `PUT`, after the journal knows how to undo that, and sees that
    /// they have them.
    pub(crate) async fn set(
        &self,
        scope: Scope,
        client: &str,
        endpoint: &Endpoint,
        pods: &[Pod],
        before: Value,
        wrote: Value,
    ) -> Result<()> {
        self.dead_man.check()?;
        let names = pods.iter().map(|pod| pod.name.clone()).collect();
        let undo =
            Undo::Put { endpoint: endpoint.clone(), pods: names, before, wrote: wrote.clone() };
        let id = self.journal.intend(scope, client, undo)?;
        let _in_flight = self.in_flight.begin();
        for pod in pods {
            endpoint.write(&self.cluster, pod, &wrote).await?;
            let now = endpoint.read(&self.cluster, pod).await?;
            if !same(&now, &wrote) {
                let cause = format!("pod {} was told {wrote} and has {now}", pod.name);
                let doing = format!("changing the settings of client {client}");
                return Err(Error::runner(doing, cause));
            }
        }
        self.journal.done(id, None);
        Ok(())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the pods {} in {}", self.write, self.selector, self.namespace)
    }
}
