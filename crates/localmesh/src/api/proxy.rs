//! The `proxy` sub-resource: a request goes on to a pod, or to a ready pod of a service, and its
//! answer comes back as it is.

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request};

use super::answer::not_allowed;
use super::path::Target;
use super::proxy_forward::forward;
use super::proxy_name::split_name;
use super::proxy_target::address;
use super::request::App;
use crate::store::Refusal;

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
    let address = address(app, &target, &port)?;
    forward(address, path, request).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::SocketAddr;
    use std::time::Duration;

    use axum::body::to_bytes;
    use http::{StatusCode, header};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::super::auth::Token;
    use super::super::sub_resource::Part;
    use super::*;
    use crate::kinds;
    use crate::logs::Logs;
    use crate::network::{Network, PodNet, PodPort, Protocol, Workload};
    use crate::registry::{Registry, WriteMode};

    /// A pod `p` behind a service `s`, whose application and telemetry are this listener.
    fn app(reach: SocketAddr) -> App {
        let (registry, network) = (Registry::default(), Network::default());
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
        registry.create(&kinds::POD, pod.clone(), mode).unwrap();
        let ready = |stored: &mut Value| stored["status"] = pod["status"].clone();
        let part = crate::store::Part::Status;
        registry.update(&kinds::POD, "default", "p", part, ready).unwrap();
        registry.create(&kinds::SERVICE, service, mode).unwrap();
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
        App { registry, network, logs: Logs::default(), token: Token::random() }
    }

    async fn ask(
        app: &App,
        url: &str,
        body: &'static str,
    ) -> Result<(StatusCode, String), Refusal> {
        let path = url.split('?').next().unwrap();
        let target = Target::parse(path).unwrap();
        let Part::Proxy(onward) = target.part.clone() else { panic!("{url}") };
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
