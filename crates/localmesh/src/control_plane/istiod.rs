//! istiod's stand-in as a container: the debug pages from which `istioctl` and the runner learn
//! how far each proxy has come. It shows; the control plane itself runs with the mesh.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::BoxFuture;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::server::ControlPlane;
use super::status::ProxyStatus;
use crate::image::{Container, Image};

/// What `/version` and the metrics of a real one would call themselves.
const VERSION: &str = concat!("faultless-", env!("CARGO_PKG_VERSION"));

/// The image.
#[derive(Debug, Clone)]
pub struct Istiod {
    control_plane: ControlPlane,
}

/// Which proxy's configuration is asked for.
#[derive(Debug, Deserialize)]
struct ConfigDump {
    /// `<pod>.<namespace>`
    #[serde(rename = "proxyID")]
    proxy: Option<String>,
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

fn router(control_plane: ControlPlane) -> Router {
    Router::new()
        .route(
            "/debug/syncz",
            get(async |State(it): State<ControlPlane>| Json(syncz(&it.status()))),
        )
        .route("/debug/config_dump", get(config_dump))
        .route("/ready", get(async || ()))
        .route("/version", get(async || format!("{VERSION}\n")))
        .with_state(control_plane)
}

async fn config_dump(State(it): State<ControlPlane>, Query(of): Query<ConfigDump>) -> Response {
    match of.proxy.and_then(|proxy| it.sent(&proxy)) {
        Some(sent) => Json(sent).into_response(),
        None => {
            let text = "no such proxy: ?proxyID=<pod>.<namespace>\n";
            (StatusCode::NOT_FOUND, text).into_response()
        }
    }
}

/// The answer to `/debug/syncz` in istiod's shape, with two fields of ours: `error` and `observed`.
/// istiod shows nonces; here they are versions. Equal means accepted. Pure.
#[must_use]
fn syncz(proxies: &[ProxyStatus]) -> Value {
    let proxies = proxies.iter().map(|proxy| {
        json!({
            "cluster_id": "Kubernetes",
            "proxy": proxy.proxy,
            "proxy_type": "sidecar",
            "istio_version": VERSION,
            "cluster_sent": proxy.cluster.sent,
            "cluster_acked": proxy.cluster.acked,
            "listener_sent": proxy.listener.sent,
            "listener_acked": proxy.listener.acked,
            "route_sent": proxy.route.sent,
            "route_acked": proxy.route.acked,
            "endpoint_sent": proxy.endpoint.sent,
            "endpoint_acked": proxy.endpoint.acked,
            "error": proxy.error,
            "observed": proxy.observed,
        })
    });
    Value::Array(proxies.collect())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::control_plane::Ack;
    use crate::network::Network;
    use crate::registry::Registry;

    #[test]
    fn syncz_has_istiods_shape() {
        let ack = |sent: &str, acked: &str| Ack { sent: sent.to_owned(), acked: acked.to_owned() };
        let status = ProxyStatus {
            proxy: "hotels-v1-x.travel-agency".to_owned(),
            cluster: ack("a", "a"),
            listener: ack("b", "b"),
            route: ack("d", "c"),
            endpoint: ack("", ""),
            error: Some("rds/8000 rejected: why".to_owned()),
            observed: 17,
        };
        insta::assert_json_snapshot!(syncz(&[status]));
    }

    #[tokio::test]
    async fn unknown_pages_and_proxies_are_not_found() {
        let control_plane = ControlPlane::new(Registry::default(), Network::default());
        for (path, status) in [
            ("/ready", 200),
            ("/version", 200),
            ("/debug/syncz?x", 200),
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
