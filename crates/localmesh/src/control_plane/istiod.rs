//! istiod's stand-in as a container: the debug pages from which `istioctl` and the runner learn
//! how far each proxy has come. It shows; the control plane itself runs with the mesh.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures::future::BoxFuture;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use super::configz::config;
use super::server::ControlPlane;
use super::syncz::syncz;
use crate::image::{Container, Image};

/// What `/version` and the metrics of a real one would call themselves.
const VERSION: &str = concat!("faultless-", env!("CARGO_PKG_VERSION"));

/// The image.
#[derive(Debug, Clone)]
pub struct Istiod {
    control_plane: ControlPlane,
}

// === impl Istiod ===

impl Istiod {
    /// The image's name.
    pub const IMAGE: &str = "docker.io/istio/pilot";
    /// istiod's monitoring port, on which the debug pages are.
    pub const PORT: u16 = 15014;

    /// Shows this control plane.
    #[must_use]
    pub const fn new(control_plane: ControlPlane) -> Self {
        Self { control_plane }
    }
}

impl Image for Istiod {
    fn run(&self, mut container: Container) -> BoxFuture<'static, Result<(), String>> {
        let router = router(self.control_plane.clone());
        Box::pin(async move {
            let listener = container
                .listeners
                .remove(&Self::PORT)
                .ok_or_else(|| format!("the pod has no containerPort {}", Self::PORT))?;
            (container.log)(format!("debug pages on port {}", Self::PORT));
            tokio::select! {
                () = crate::http::serve(listener, router) => Ok(()),
                () = container.stop.cancelled() => Ok(()),
            }
        })
    }
}

/// What a debug page is asked.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// Only of proxies in this namespace.
    #[serde(default)]
    namespace: String,
    /// Of this proxy: `<pod>.<namespace>`.
    #[serde(rename = "proxyID")]
    proxy: Option<String>,
    /// For people.
    pretty: Option<String>,
}

fn router(control_plane: ControlPlane) -> Router {
    Router::new()
        .route("/debug/syncz", get(syncz_page))
        .route("/debug/configz", get(configz_page))
        .route("/debug/config_dump", get(config_dump))
        .route("/metrics", get(async |State(it): State<ControlPlane>| metrics(it.status().len())))
        .route("/ready", get(async || ()))
        .route("/version", get(async || format!("{VERSION}\n")))
        .with_state(control_plane)
}

async fn syncz_page(State(it): State<ControlPlane>, Query(asked): Query<Asked>) -> Response {
    let mut proxies = it.status();
    if !asked.namespace.is_empty() {
        let suffix = format!(".{}", asked.namespace);
        proxies.retain(|proxy| proxy.proxy.ends_with(&suffix));
    }
    page(&syncz(&proxies, VERSION), &asked)
}

async fn configz_page(State(it): State<ControlPlane>, Query(asked): Query<Asked>) -> Response {
    page(&it.configs().iter().map(|object| config(object)).collect(), &asked)
}

async fn config_dump(State(it): State<ControlPlane>, Query(asked): Query<Asked>) -> Response {
    match asked.proxy.as_deref().and_then(|proxy| it.sent(proxy)) {
        Some(sent) => page(&sent, &asked),
        None => {
            let text = "no such proxy: ?proxyID=<pod>.<namespace>\n";
            (StatusCode::NOT_FOUND, text).into_response()
        }
    }
}

fn page(value: &Value, asked: &Asked) -> Response {
    let json = HeaderValue::from_static("application/json");
    let text = if asked.pretty.is_some() { format!("{value:#}") } else { value.to_string() };
    ([(header::CONTENT_TYPE, json)], text).into_response()
}

/// Who it is and how many proxies it has, under istiod's names.
fn metrics(proxies: usize) -> String {
    format!(
        "# TYPE pilot_info gauge\npilot_info{{version=\"{VERSION}\"}} 1\n\
         # TYPE pilot_xds gauge\npilot_xds{{version=\"{VERSION}\"}} {proxies}\n"
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::network::Network;
    use crate::registry::Registry;

    #[tokio::test]
    async fn unknown_pages_and_proxies_are_not_found() {
        let control_plane = ControlPlane::new(Registry::default(), Network::default());
        for (path, status) in [
            ("/ready", 200),
            ("/version", 200),
            ("/metrics", 200),
            ("/debug/syncz?namespace=x", 200),
            ("/debug/configz?pretty", 200),
            ("/debug/config_dump", 404),
            ("/debug/config_dump?proxyID=a.b", 404),
            ("/", 404),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = router(control_plane.clone()).oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}
