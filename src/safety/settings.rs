//! How pods are asked for their settings, and told them. They keep them in their memory and nowhere
//! else.

use std::fmt;

use http::Method;
use serde_json::Value;

use crate::application::settings::Endpoint;
use crate::cluster::{Cluster, Pod};
use crate::error::{Error, Result};

impl Endpoint {
    /// What a pod is set to.
    pub(crate) async fn read(&self, cluster: &Cluster, pod: &Pod) -> Result<Value> {
        let doing = || format!("reading the settings of pod {}/{}", pod.namespace, pod.name);
        let page = cluster.pod_get(pod, self.port, &self.read).await?;
        let page: Value =
            serde_json::from_str(&page).map_err(|cause| Error::runner(doing(), cause))?;
        let none = || {
            Error::runner(doing(), format!("{} answers nothing at `{}`", self.read, self.pointer))
                .hint("the application's description says where its settings are")
        };
        page.pointer(&self.pointer).cloned().ok_or_else(none)
    }

    /// Sets a pod.
    pub(crate) async fn write(&self, cluster: &Cluster, pod: &Pod, settings: &Value) -> Result<()> {
        let put = cluster.pod_request(Method::PUT, pod, self.port, &self.write, Some(settings));
        put.await.map(drop)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the pods {} in {}", self.write, self.selector, self.namespace)
    }
}
