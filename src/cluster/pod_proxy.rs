//! Pods and what they serve, read through the API server's pod proxy: statistics of sidecars, the
//! control plane's debug pages and the load agents' interface.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt as _;
use http_body_util::Limited;
use kube::client::Body;
use serde_json::Value;

use super::connect::REQUEST_TIMEOUT;
use super::failure::failed;
use super::handle::Cluster;
use super::pod::Pod;
use crate::error::{Error, Result};

/// The largest page that is read: a busy sidecar's statistics were 2 MB in a mesh of 200 services.
const PAGE_MAX: usize = 32 * 1024 * 1024;

/// How often a pod is asked that is only asked, if the connection fails: opening one takes a
/// process a few turns, and on a starved machine more than the 5 s that it is given.
const GET_TRIES: u32 = 3;
const GET_PAUSE: Duration = Duration::from_millis(200);

// === impl Cluster ===

impl Cluster {
    /// The pods of a namespace that match a label selector (empty: all), by name.
    pub async fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<Pod>> {
        let (objects, _) = self.list("v1", "Pod", namespace, selector).await?;
        self.learn_control_plane(&objects);
        let mut pods: Vec<Pod> = objects.iter().filter_map(Pod::of).collect();
        pods.sort();
        Ok(pods)
    }

    /// What a pod answers to GET on one of its ports.
    pub async fn pod_get(&self, pod: &Pod, port: u16, path: &str) -> Result<String> {
        self.pod_request(Method::GET, pod, port, path, None).await
    }

    /// What a pod answers to a request with a JSON body.
    pub async fn pod_request(
        &self,
        method: Method,
        pod: &Pod,
        port: u16,
        path: &str,
        body: Option<&Value>,
    ) -> Result<String> {
        let Pod { namespace, name, .. } = pod;
        let path = path.trim_start_matches('/');
        let uri = format!("/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy/{path}");
        let doing = format!("asking pod {namespace}/{name} on port {port} for /{path}");
        let bytes = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let request = || {
            Request::builder()
                .method(&method)
                .uri(&uri)
                .header("content-type", "application/json")
                .body(Body::from(bytes.clone()))
                .map_err(|cause| Error::runner(doing.clone(), cause))
        };
        // Whoever only asks may ask again.
        let tries = if method == Method::GET { GET_TRIES } else { 1 };
        tokio::time::timeout(REQUEST_TIMEOUT, self.send_bounded(request, tries, &doing))
            .await
            .map_err(|_| Error::runner(doing.clone(), "no answer within 20 s"))?
    }

    async fn send_bounded(
        &self,
        request: impl Fn() -> Result<Request<Body>>,
        tries: u32,
        doing: &str,
    ) -> Result<String> {
        let mut tried = 0;
        let answer = loop {
            tried += 1;
            match self.client.send(request()?).await {
                Err(kube::Error::Service(_) | kube::Error::HyperError(_)) if tried < tries => {
                    tokio::time::sleep(GET_PAUSE).await;
                }
                answer => break answer.map_err(|cause| failed(doing.to_owned(), cause))?,
            }
        };
        let status = answer.status();
        let body = Limited::new(answer.into_body(), PAGE_MAX).collect().await;
        let body = body.map_err(|cause| Error::runner(doing, cause))?.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() {
            Ok(text)
        } else {
            // Enough to see what it is; the page may be anything.
            let start: String = text.chars().take(300).collect();
            Err(Error::runner(doing, format!("answered {status}: {start}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use http::Response;

    use super::*;

    /// A cluster whose first connections fail, and how often it was asked.
    fn unsteady(failures: u32) -> (Cluster, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let asking = Arc::clone(&asked);
        let service = tower::service_fn(move |_: Request<Body>| {
            let number = asking.fetch_add(1, Ordering::SeqCst);
            async move {
                match number < failures {
                    true => Err(io::Error::from(io::ErrorKind::TimedOut)),
                    false => Ok(Response::new(Body::from(b"page".to_vec()))),
                }
            }
        });
        (Cluster::fake(kube::Client::new(service, "default")), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn who_only_asks_asks_again_and_who_sends_does_not() {
        let pod = Pod::fake("shop", "cart-1");
        let count = |asked: &AtomicU32| asked.load(Ordering::SeqCst);
        let (cluster, asked) = unsteady(2);
        assert_eq!(cluster.pod_get(&pod, 15020, "/stats").await.expect("at last"), "page");
        assert_eq!(count(&asked), 3);

        let (cluster, asked) = unsteady(3);
        let error = cluster.pod_get(&pod, 15020, "/stats").await.expect_err("never").to_string();
        assert!(error.contains("asking pod shop/cart-1 on port 15020 for /stats"), "{error}");
        assert_eq!(count(&asked), 3);

        let (cluster, asked) = unsteady(1);
        cluster.pod_request(Method::POST, &pod, 8099, "/streams", None).await.expect_err("once");
        assert_eq!(count(&asked), 1);
    }
}
