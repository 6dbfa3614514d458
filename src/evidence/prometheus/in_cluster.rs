//! The way to a Prometheus in the cluster, through the API server's service proxy: no address of
//! its own and no credentials but the kubeconfig's.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use super::trouble::{Trouble, status};
use super::web::encoded;
use crate::cluster::Cluster;
use crate::error::{Error, Result};

/// The label by which charts and operators say what a Service is.
const LABEL: (&str, &str) = ("/metadata/labels/app.kubernetes.io~1name", "prometheus");

/// What the port of its API is called.
const PORTS: [&str; 3] = ["http", "web", "http-web"];

/// A Prometheus in the cluster.
#[derive(Debug, Default)]
pub(super) struct InCluster {
    service: OnceLock<Service>,
}

/// Its Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) port: String,
}

// === impl InCluster ===

impl InCluster {
    /// From what follows `cluster` in words: nothing, or `:NAMESPACE/SERVICE:PORT`.
    pub(super) fn new(said: &str) -> Result<Self> {
        let service = OnceLock::new();
        if !said.is_empty() {
            let named = said.strip_prefix(':').and_then(Service::parse).ok_or_else(|| {
                Error::feature("reading --prometheus", "it names no Service of the cluster")
                    .hint("it is `cluster`, or as `cluster:monitoring/prometheus:9090`")
            })?;
            let _ = service.set(named);
        }
        Ok(Self { service })
    }

    /// The Service, once it is known.
    pub(super) fn service(&self) -> Option<&Service> {
        self.service.get()
    }

    /// Finds the Service beside the control plane, unless it was named.
    pub(super) async fn find(&self, cluster: &Cluster, control_plane: &str) -> Result<(), Trouble> {
        if self.service.get().is_some() {
            return Ok(());
        }
        let path = format!("/api/v1/namespaces/{control_plane}/services?limit=500");
        let list =
            cluster.look(&path).await.map_err(|refusal| Trouble::Refused(refusal.to_string()))?;
        let all = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = Service::among(control_plane, all);
        let found = found.ok_or_else(|| Trouble::NoService(control_plane.to_owned()))?;
        // Another lane may have found the same.
        let _ = self.service.set(found);
        Ok(())
    }

    pub(super) async fn ask(
        &self,
        cluster: &Cluster,
        form: &[(&str, &str)],
        patience: Duration,
    ) -> Result<Vec<u8>, Trouble> {
        let known = self.service.get();
        let Service { namespace, name, port } =
            known.ok_or_else(|| Trouble::NoService(cluster.control_plane_namespace()))?;
        let path = format!("api/v1/query?{}", encoded(form));
        let service = format!("{namespace}/services/{name}:{port}");
        let asking = cluster.service_get(&service, &path);
        match tokio::time::timeout(patience, asking).await {
            Err(_) => Err(Trouble::Silent(patience.as_secs())),
            Ok(Err(error)) => Err(Trouble::Unreachable(error.to_string())),
            Ok(Ok((code, body))) => match refusal(&body) {
                Some(words) if code >= 400 => Err(Trouble::Refused(words)),
                _ => status(code, &body).map_or(Ok(body), Err),
            },
        }
    }
}

/// What the API server itself says in place of an answer.
fn refusal(body: &[u8]) -> Option<String> {
    let said: Value = serde_json::from_slice(body).ok()?;
    (said["kind"] == "Status").then(|| said["message"].as_str().unwrap_or("no").to_owned())
}

// === impl Service ===

impl Service {
    fn parse(said: &str) -> Option<Self> {
        let (namespace, rest) = said.split_once('/')?;
        let (name, port) = rest.split_once(':')?;
        // They become parts of a path.
        let plain = |text: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !text.is_empty() && text.chars().all(fits)
        };
        let [namespace, name, port] =
            [namespace, name, port].map(|part| plain(part).then(|| part.to_owned()));
        Some(Self { namespace: namespace?, name: name?, port: port? })
    }

    /// The one that is called so, else the first that is labelled so.
    fn among(namespace: &str, services: &[Value]) -> Option<Self> {
        let name = |service: &Value| {
            service.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned)
        };
        let labelled =
            |service: &&Value| service.pointer(LABEL.0).and_then(Value::as_str) == Some(LABEL.1);
        let called = services.iter().find(|one| name(one).as_deref() == Some("prometheus"));
        let found = called.or_else(|| services.iter().find(labelled))?;
        let ports = found.pointer("/spec/ports")?.as_array()?;
        let known = |port: &&Value| port["name"].as_str().is_some_and(|name| PORTS.contains(&name));
        let port = ports.iter().find(known).or_else(|| ports.first())?["port"].as_u64()?;
        Some(Self { namespace: namespace.to_owned(), name: name(found)?, port: port.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_service_is_named_or_looks_like_one() {
        let named = |said: &str| InCluster::new(said).map(|way| way.service().cloned());
        assert_eq!(named("").unwrap(), None);
        let one = named(":monitoring/prometheus-k8s:9090").unwrap().unwrap();
        assert_eq!(
            (&*one.namespace, &*one.name, &*one.port),
            ("monitoring", "prometheus-k8s", "9090")
        );
        for said in ["x", ":", ":a", ":a/b", ":a/b:", ":a/../b:1", ":a/b:1/c", ":A/b:1"] {
            let hint = named(said).unwrap_err().to_string();
            assert!(hint.contains("cluster:monitoring/prometheus:9090"), "{said}: {hint}");
        }
        let service = |name: &str, label: &str| {
            json!({"metadata": {"name": name, "labels": {"app.kubernetes.io/name": label}},
                "spec": {"ports": [{"name": "grpc", "port": 10901}, {"name": "web", "port": 80}]}})
        };
        let found = |services: &[Value]| Service::among("mesh", services).map(|one| one.name);
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[service("istiod", "istiod")]), None);
        assert_eq!(found(&[service("p8s", "prometheus")]).as_deref(), Some("p8s"));
        let both = [service("p8s", "prometheus"), service("prometheus", "x")];
        assert_eq!(found(&both).as_deref(), Some("prometheus"));
        assert_eq!(Service::among("mesh", &both).unwrap().port, "80");
    }
}
