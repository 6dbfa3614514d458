//! What a Service answers, read through the API server's service proxy.

use http::Request;
use http_body_util::BodyExt as _;
use http_body_util::Limited;
use kube::client::Body;

use super::chain::chain;
use super::failure::failed;
use super::handle::Cluster;
use crate::error::{Error, Result};

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 << 20;

// === impl Cluster ===

impl Cluster {
    /// What a Service (`NAMESPACE/services/NAME:PORT`) answers to GET: its status and its body,
    /// whatever they are. Whoever asks waits only as long as they want.
    pub async fn service_get(&self, service: &str, path: &str) -> Result<(u16, Vec<u8>)> {
        let doing = || format!("asking service {service}");
        let request = Request::get(format!("/api/v1/namespaces/{service}/proxy/{path}"))
            .body(Body::empty())
            .map_err(|cause| Error::runner(doing(), cause))?;
        let answer = self.client.send(request).await.map_err(|cause| failed(doing(), cause))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|cause| Error::runner(doing(), chain(&*cause)))?;
        Ok((status, body.to_bytes().to_vec()))
    }
}
