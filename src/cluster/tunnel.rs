//! What a pod serves on its own loopback alone, read through a port-forward: an Envoy's admin
//! interface and istiod's debug pages, which answer nobody else (Istio, pilot/pkg/xds/debug.go,
//! `allowAuthenticatedOrLocalhost`).

use bytes::Bytes;
use http::Method;
use k8s_openapi::api::core::v1::Pod;
use kube::api::Api;
use serde_json::Value;

use super::connect::REQUEST_TIMEOUT;
use super::failure::failed;
use super::handle::Cluster;
use super::tunnels::{Question, Tunnel};
use crate::error::{Error, Result};

/// Why a pod's inside could not be asked.
#[derive(Debug)]
pub(super) enum Unreached {
    /// Nobody gave us the right, or what is between us and the API server lets no upgrade through.
    Forbidden,
    /// Anything else.
    Failed(Error),
}

impl From<Error> for Unreached {
    fn from(error: Error) -> Self {
        if error.is_of_rights() { Self::Forbidden } else { Self::Failed(error) }
    }
}

// === impl Cluster ===

impl Cluster {
    /// What a pod answers to GET on a port of its loopback.
    pub(super) async fn inside(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        path: &str,
    ) -> Result<String, Unreached> {
        let question = Question { method: Method::GET, path, body: Bytes::new() };
        self.ask_inside(namespace, pod, port, question).await
    }

    /// What a pod's own program answers to a request that may be sent twice: asked from within the
    /// pod, past its sidecar, which lets nobody in without a certificate of the mesh if it is told
    /// so; and if that cannot be, through the pod proxy.
    pub async fn program_request(
        &self,
        method: Method,
        pod: &super::pod::Pod,
        port: u16,
        path: &str,
        body: Option<&Value>,
    ) -> Result<String> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let question = Question { method: method.clone(), path, body: text.into() };
        match self.ask_inside(&pod.namespace, &pod.name, port, question).await {
            Ok(answer) => Ok(answer),
            Err(_) => self.pod_request(method, pod, port, path, body).await,
        }
    }

    async fn ask_inside(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        question: Question<'_>,
    ) -> Result<String, Unreached> {
        let path = question.path;
        let doing = format!("asking pod {namespace}/{pod} from within on port {port} for {path}");
        let asking = self.ask(namespace, pod, port, &question, &doing);
        match tokio::time::timeout(REQUEST_TIMEOUT, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::runner(doing, "no answer within 20 s").into()),
        }
    }

    async fn ask(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        question: &Question<'_>,
        doing: &str,
    ) -> Result<String, Unreached> {
        let kept = self.tunnels.kept((namespace.to_owned(), pod.to_owned(), port)).await;
        let mut kept = kept.lock().await;
        // A kept connection may have ended since; a new one is tried once.
        if let Some(tunnel) = kept.as_mut().filter(|tunnel| !tunnel.is_closed())
            && let Ok(page) = tunnel.ask(question, doing).await
        {
            return Ok(page);
        }
        *kept = None;
        let mut tunnel = self.open(namespace, pod, port, doing).await?;
        let page = tunnel.ask(question, doing).await?;
        *kept = Some(tunnel);
        Ok(page)
    }

    async fn open(
        &self,
        namespace: &str,
        pod: &str,
        port: u16,
        doing: &str,
    ) -> Result<Tunnel, Unreached> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let forward = match pods.portforward(pod, &[port]).await {
            Ok(forward) => forward,
            Err(kube::Error::UpgradeConnection(_)) => return Err(Unreached::Forbidden),
            Err(cause) => return Err(failed(doing.to_owned(), cause).into()),
        };
        Ok(Tunnel::through(forward, port, doing).await?)
    }
}
