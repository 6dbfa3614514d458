//! istiod's stand-in as a container: the debug pages from which `istioctl` and the runner learn
//! how far each proxy has come. It shows; the control plane itself runs with the mesh.

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures::future::LocalBoxFuture;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use super::configz::config;
use super::server::ControlPlane;
use super::syncz::syncz;
use crate::http::Caller;
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
    fn run(&self, mut container: Container) -> LocalBoxFuture<'static, Result<(), String>> {
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
    let debug = Router::new()
        .route("/debug/syncz", get(syncz_page))
        .route("/debug/configz", get(configz_page))
        .route("/debug/config_dump", get(config_dump))
        .route_layer(from_fn(from_inside));
    debug
        .route("/metrics", get(async |State(it): State<ControlPlane>| metrics(it.status().len())))
        .route("/ready", get(async || ()))
        .route("/version", get(async || format!("{VERSION}\n")))
        .with_state(control_plane)
}

/// istiod's `allowAuthenticatedOrLocalhost`: 401 without a word for who comes from elsewhere, as
/// all do who come by the pod proxy. Nobody can authenticate here.
async fn from_inside(request: Request, next: Next) -> Response {
    match request.extensions().get::<Caller>() {
        Some(Caller::Inside) => next.run(request).await,
        Some(Caller::Outside) | None => StatusCode::UNAUTHORIZED.into_response(),
    }
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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::task::JoinSet;
    use tower::ServiceExt as _;

    use super::*;
    use crate::network::Network;
    use crate::registry::Registry;

    async fn status(path: &str, caller: Option<Caller>) -> u16 {
        let control_plane = ControlPlane::new(Registry::default(), Network::default());
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        router(control_plane).oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn debug_pages_are_for_who_is_inside() {
        for (path, inside, outside) in [
            ("/ready", 200, 200),
            ("/version", 200, 200),
            ("/metrics", 200, 200),
            ("/debug/syncz?namespace=x", 200, 401),
            ("/debug/configz?pretty", 200, 401),
            ("/debug/config_dump", 404, 401),
            ("/debug/config_dump?proxyID=a.b", 404, 401),
            ("/", 404, 404),
        ] {
            assert_eq!(status(path, Some(Caller::Inside)).await, inside, "{path}");
            assert_eq!(status(path, Some(Caller::Outside)).await, outside, "{path}");
            assert_eq!(status(path, None).await, outside, "{path}");
        }
    }

    /// By way of a real connection: the pod's own address is inside, and no other of the machine.
    #[tokio::test]
    async fn who_comes_from_the_pods_own_address_is_inside() {
        let control_plane = ControlPlane::new(Registry::default(), Network::default());
        let listener = TcpListener::bind("127.63.251.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(crate::http::serve(listener, router(control_plane)));
        for (from, code) in [("127.63.251.1", "200"), ("127.0.0.1", "401"), ("127.63.251.2", "401")]
        {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
            let mut stream = socket.connect(address).await.unwrap();
            let question = "GET /debug/syncz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(question.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{from}: {answer}");
        }
    }
}
