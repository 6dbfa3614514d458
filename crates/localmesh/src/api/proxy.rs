//! The `proxy` sub-resource: a request goes on to a pod, or to a ready pod of a service, and its
//! answer comes back as it is. A pod is reached where other pods reach it, through its sidecar;
//! port 15020 is its telemetry.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::App;
use super::answer::not_allowed;
use super::handlers::{BODY_MAX, stored};
use super::path::Target;
use crate::kinds;
use crate::network::PodNet;
use crate::store::Refusal;

/// Istio's merged telemetry port.
const TELEMETRY_PORT: u16 = 15020;

/// A connection on loopback is made at once or never.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long a pod may take to begin its answer: more than the longest delay that is injected and
/// timed out on the way (`units::Span` ends at an hour, tests stay in seconds).
const HEAD_MAX: Duration = Duration::from_mins(2);

/// How long a whole exchange may take; an agent streams its progress for as long as load runs.
const EXCHANGE_MAX: Duration = Duration::from_hours(4);

/// The largest answer: a day's telemetry of the largest pod is far below.
const ANSWER_MAX: usize = 256 << 20;

/// Headers that belong to one connection (RFC 9110 §7.6.1), and the caller's own credentials.
const NOT_FORWARDED: &[header::HeaderName] = &[
    header::AUTHORIZATION,
    header::CONNECTION,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
];

/// Which port of a pod or service is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Port {
    First,
    Number(u16),
    Name(String),
}

/// Answers a request that is to go on to a pod.
pub(super) async fn answer(
    app: &App,
    target: &Target,
    path: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let forwarded = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH];
    if !forwarded.contains(request.method()) && request.method() != Method::DELETE {
        return Err(not_allowed());
    }
    let (name, port) = split_name(target.name.as_deref().unwrap_or_default())?;
    let mut target = target.clone();
    target.name = Some(name.to_owned());
    let object = stored(app, &target)?;
    let (pod, port) = if target.kind == &kinds::SERVICE {
        endpoint(app, &target, &object, &port)?
    } else {
        (running(app, &target, name)?, pod_port(&object, &port)?)
    };
    let address = address(&pod, port)?;
    forward(address, path, request).await
}

/// `name`, `name:port` or `http:name:port`.
fn split_name(text: &str) -> Result<(&str, Port), Refusal> {
    let parts: Vec<&str> = text.split(':').collect();
    let (name, port) = match parts.as_slice() {
        [name] | ["http", name, ""] => (*name, ""),
        [name, port] | ["http" | "", name, port] => (*name, *port),
        ["https", _, _] => {
            return Err(Refusal::bad_request("the local mesh's pods are reached by http only"));
        }
        _ => return Err(Refusal::bad_request(format!("invalid proxy request \"{text}\""))),
    };
    let port = match (port, port.parse()) {
        ("", _) => Port::First,
        (_, Ok(number)) => Port::Number(number),
        (name, Err(_)) => Port::Name(name.to_owned()),
    };
    Ok((name, port))
}

fn running(app: &App, target: &Target, name: &str) -> Result<Arc<PodNet>, Refusal> {
    app.network
        .pod(target.namespace(), name)
        .ok_or_else(|| unavailable(format!("pod \"{name}\" is not running")))
}

/// The number of a pod's port; `None` means its first.
fn pod_port(pod: &Value, port: &Port) -> Result<Option<u16>, Refusal> {
    match port {
        Port::First => Ok(None),
        Port::Number(number) => Ok(Some(*number)),
        Port::Name(name) => named_port(pod, name)
            .map(Some)
            .ok_or_else(|| Refusal::bad_request(format!("the pod has no port named \"{name}\""))),
    }
}

fn named_port(pod: &Value, name: &str) -> Option<u16> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.filter_map(|c| c["ports"].as_array()).flatten();
    let port = ports.find(|port| port["name"] == name)?;
    u16::try_from(port["containerPort"].as_u64()?).ok()
}

/// A ready pod of a service, and the port behind the service's port.
fn endpoint(
    app: &App,
    target: &Target,
    service: &Value,
    port: &Port,
) -> Result<(Arc<PodNet>, Option<u16>), Refusal> {
    let name = target.name.as_deref().unwrap_or_default();
    let mut ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let found = ports.find(|candidate| match port {
        Port::First => true,
        Port::Number(number) => candidate["port"] == *number,
        Port::Name(name) => candidate["name"] == name.as_str(),
    });
    let none = || unavailable(format!("no endpoints available for service \"{name}\""));
    let found = found.ok_or_else(none)?;
    let selector = service["spec"]["selector"].as_object().filter(|s| !s.is_empty());
    let selector = selector.ok_or_else(none)?;
    let pods = app.cluster.list(&kinds::POD, target.namespace.as_deref());
    let ready = pods.iter().find_map(|pod| {
        let labels = &pod["metadata"]["labels"];
        let selected = selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        let net = (selected && is_ready(pod)).then(|| {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            app.network.pod(target.namespace(), name)
        });
        net.flatten().map(|net| (pod, net))
    });
    let (pod, net) = ready.ok_or_else(none)?;
    let number = match &found["targetPort"] {
        Value::String(name) => named_port(pod, name).ok_or_else(none)?,
        Value::Number(number) => as_port(number.as_u64()).ok_or_else(none)?,
        _ => as_port(found["port"].as_u64()).ok_or_else(none)?,
    };
    Ok((net, Some(number)))
}

fn as_port(number: Option<u64>) -> Option<u16> {
    number.and_then(|number| u16::try_from(number).ok())
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let mut ready = conditions.filter(|c| c["type"] == "Ready");
    pod["metadata"]["deletionTimestamp"].is_null() && ready.any(|c| c["status"] == "True")
}

fn address(pod: &PodNet, port: Option<u16>) -> Result<SocketAddr, Refusal> {
    let found = match port {
        None => pod.ports.first().map(|port| port.reach),
        Some(TELEMETRY_PORT) => pod.telemetry,
        Some(number) => pod.ports.iter().find(|port| port.port == number).map(|port| port.reach),
    };
    found.ok_or_else(|| {
        let port = port.map_or_else(|| "any port".to_owned(), |port| format!("port {port}"));
        unreachable(&format!("dial tcp {}: {port}: connection refused", pod.ip))
    })
}

async fn forward(
    address: SocketAddr,
    path: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri: Uri = format!("{path}{query}")
        .parse()
        .map_err(|e| Refusal::bad_request(format!("the path cannot be forwarded: {e}")))?;
    let mut onward = Request::new(Limited::new(body, BODY_MAX));
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = uri;
    *onward.headers_mut() = parts.headers;
    remove_hop_by_hop(onward.headers_mut());
    let host = HeaderValue::from_str(&address.to_string())
        .map_err(|e| Refusal::bad_request(format!("the address is no host: {e}")))?;
    onward.headers_mut().insert(header::HOST, host);

    let failed = |e: &dyn std::fmt::Display| unreachable(&format!("dial tcp {address}: {e}"));
    let stream = timeout(CONNECT_MAX, TcpStream::connect(address))
        .await
        .map_err(|e| failed(&e))?
        .map_err(|e| failed(&e))?;
    let _ = stream.set_nodelay(true);
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(&e))?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // Its errors reach the caller through the body; at the time limit it is cut off.
        let _ = timeout(EXCHANGE_MAX, connection).await;
    });
    let Ok(response) = timeout(HEAD_MAX, sender.send_request(onward)).await else {
        let message = format!("{address} did not answer within {} s", HEAD_MAX.as_secs());
        return Err(Refusal::new(504, "Timeout", message));
    };
    let (mut parts, body) = response.map_err(|e| failed(&e))?.into_parts();
    remove_hop_by_hop(&mut parts.headers);
    let chunks = Limited::new(body, ANSWER_MAX).into_data_stream().map(move |chunk| {
        // The connection lives as long as its answer is read, and dies with it.
        let _ = (&driver, &sender);
        chunk
    });
    Ok(Response::from_parts(parts, Body::from_stream(chunks)))
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in NOT_FORWARDED {
        headers.remove(name);
    }
}

fn unavailable(message: String) -> Refusal {
    Refusal::new(503, "ServiceUnavailable", message)
}

fn unreachable(cause: &str) -> Refusal {
    unavailable(format!("error trying to reach service: {cause}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::to_bytes;
    use http::StatusCode;
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::super::auth::Token;
    use super::*;
    use crate::cluster::{Cluster, WriteMode};
    use crate::logs::Logs;
    use crate::network::{Network, PodPort, Protocol, Workload};

    #[test]
    fn names_carry_ports() {
        let split = |text| split_name(text).unwrap();
        assert_eq!(split("p"), ("p", Port::First));
        assert_eq!(split("p:80"), ("p", Port::Number(80)));
        assert_eq!(split("p:http"), ("p", Port::Name("http".to_owned())));
        assert_eq!(split("http:p:80"), ("p", Port::Number(80)));
        assert!(split_name("https:p:443").is_err());
        assert!(split_name("a:b:c:d").is_err());
    }

    /// A pod `p` behind a service `s`, whose application and telemetry are this listener.
    fn app(reach: SocketAddr) -> App {
        let (cluster, network) = (Cluster::default(), Network::default());
        let ports = json!([{"name": "web", "containerPort": 8000}]);
        let pod = json!({
            "metadata": {"name": "p", "namespace": "default", "labels": {"app": "p"}},
            "spec": {"containers": [{"name": "c", "image": "x", "ports": ports}]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        let service = json!({
            "metadata": {"name": "s", "namespace": "default"},
            "spec": {
                "selector": {"app": "p"},
                "ports": [{"name": "http", "port": 80, "targetPort": "web"}],
            },
        });
        let mode = WriteMode::default();
        cluster.create(&kinds::POD, pod.clone(), mode).unwrap();
        let ready = |stored: &mut Value| stored["status"] = pod["status"].clone();
        let part = crate::store::Part::Status;
        cluster.update(&kinds::POD, "default", "p", part, ready).unwrap();
        cluster.create(&kinds::SERVICE, service, mode).unwrap();
        let _ = network.register(PodNet {
            namespace: "default".to_owned(),
            name: "p".to_owned(),
            uid: "u".to_owned(),
            ip: "127.99.0.1".parse().unwrap(),
            labels: BTreeMap::new(),
            workload: Workload::of(&pod),
            dir: "/nowhere".into(),
            sidecar: false,
            ports: vec![PodPort { port: 8000, protocol: Protocol::Http, reach, app: reach }],
            telemetry: Some(reach),
        });
        App { cluster, network, logs: Logs::default(), token: Token::random() }
    }

    async fn ask(
        app: &App,
        url: &str,
        body: &'static str,
    ) -> Result<(StatusCode, String), Refusal> {
        let path = url.split('?').next().unwrap();
        let target = Target::parse(path).unwrap();
        let super::super::path::Part::Proxy(onward) = target.part.clone() else { panic!("{url}") };
        let request = Request::post(url)
            .header(header::AUTHORIZATION, "Bearer secret")
            .header("portal", "travels.uk")
            .body(Body::from(body))
            .unwrap();
        let response = answer(app, &target, &onward, request).await?;
        let code = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Ok((code, String::from_utf8(body.to_vec()).unwrap()))
    }

    #[tokio::test]
    async fn a_request_goes_on_and_its_answer_comes_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = app(listener.local_addr().unwrap());
        let mut tasks = JoinSet::new();
        // Answers 418 with what it read, in two parts.
        tasks.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut seen = vec![0; 4096];
                let mut length = 0;
                while !seen[..length].ends_with(b"body") {
                    length += stream.read(&mut seen[length..]).await.unwrap();
                }
                let head = format!("HTTP/1.1 418 Teapot\r\ncontent-length: {length}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(&seen[..10]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.write_all(&seen[10..length]).await.unwrap();
            }
        });
        let pods = "/api/v1/namespaces/default/pods";
        for url in [
            format!("{pods}/p/proxy/a/b?c=d"),
            format!("{pods}/p:8000/proxy/a/b?c=d"),
            format!("{pods}/p:web/proxy/a/b?c=d"),
            format!("{pods}/p:15020/proxy/a/b?c=d"),
            "/api/v1/namespaces/default/services/s/proxy/a/b?c=d".to_owned(),
            "/api/v1/namespaces/default/services/http:s:http/proxy/a/b?c=d".to_owned(),
            "/api/v1/namespaces/default/services/s:80/proxy/a/b?c=d".to_owned(),
        ] {
            let (code, seen) = ask(&app, &url, "body").await.unwrap();
            assert_eq!(code, StatusCode::IM_A_TEAPOT);
            assert!(seen.starts_with("POST /a/b?c=d HTTP/1.1\r\n"), "{seen}");
            assert!(seen.contains("portal: travels.uk") && !seen.contains("secret"), "{seen}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_reached_is_said() {
        // A port that was free a moment ago and now refuses.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = app(listener.local_addr().unwrap());
        drop(listener);
        let code = async |url: &str| ask(&app, url, "").await.unwrap_err().code;
        let pods = "/api/v1/namespaces/default/pods";
        assert_eq!(code(&format!("{pods}/p/proxy/")).await, 503);
        assert_eq!(code(&format!("{pods}/p:9/proxy/")).await, 503);
        assert_eq!(code(&format!("{pods}/p:nothing/proxy/")).await, 400);
        assert_eq!(code(&format!("{pods}/nobody/proxy/")).await, 404);
        let services = "/api/v1/namespaces/default/services";
        assert_eq!(code(&format!("{services}/s:9/proxy/")).await, 503);
        app.network.remove(&app.network.pod("default", "p").unwrap());
        let refused = ask(&app, &format!("{pods}/p/proxy/"), "").await.unwrap_err();
        assert_eq!(refused.message, "pod \"p\" is not running");
        let refused = ask(&app, &format!("{services}/s/proxy/"), "").await.unwrap_err();
        assert_eq!(refused.message, "no endpoints available for service \"s\"");
    }
}
