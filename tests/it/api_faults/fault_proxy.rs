//! A faulty API server: a proxy on loopback in front of a good one. Rules say which requests, by
//! verb and kind, meet which trouble; everything else is passed on. It is plain HTTP, so that its
//! kubeconfig needs no certificate; towards the good server it is a client like any other.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use faultless::cluster::granted::{granted, place};
use faultless::cluster::rights::{Need, covers};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is refused with this status.
    Status(u16),
    /// It is refused with 429 and this `Retry-After`, in seconds.
    TooMany(u64),
    /// It is never answered.
    Silence,
    /// Its connection is reset.
    Reset,
    /// It is done, and then its connection is reset.
    LostAnswer,
    /// It is passed on only after this time, whether the client still waits or not.
    Slow(Duration),
    /// From now on, for this long, all connections are reset.
    Outage(Duration),
}

/// Which requests meet which trouble.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// `GET`, `POST`, `PATCH`, `DELETE`; `WATCH`; or any, if it is empty.
    pub(super) verb: &'static str,
    /// Plural of a kind; any, if it is empty.
    pub(super) kind: &'static str,
    pub(super) trouble: Trouble,
    /// So many that fit go through before.
    pub(super) after: u32,
    /// So many that fit are hit.
    pub(super) times: u32,
}

/// The proxy; it ends when it is dropped.
pub(super) struct Proxy {
    address: SocketAddr,
    client: kube::Client,
    state: Arc<Mutex<State>>,
    runtime: Runtime,
}

#[derive(Debug, Default)]
struct State {
    /// With how many requests fitted so far, and how many were hit.
    rules: Vec<(Rule, u32, u32)>,
    down_until: Option<Instant>,
    watches: u32,
    /// Whether its client has the rights of the table alone.
    least: bool,
    /// What was refused because of that.
    refused: Vec<String>,
}

// === impl Rule ===

impl Rule {
    /// Hits the first so many requests of this verb on this kind.
    pub(super) const fn first(
        times: u32,
        verb: &'static str,
        kind: &'static str,
        trouble: Trouble,
    ) -> Self {
        Self { verb, kind, trouble, after: 0, times }
    }

    /// Hits all requests of this verb on this kind.
    pub(super) const fn all(verb: &'static str, kind: &'static str, trouble: Trouble) -> Self {
        Self::first(u32::MAX, verb, kind, trouble)
    }

    /// But not the first so many.
    pub(super) const fn but(self, after: u32) -> Self {
        Self { after, ..self }
    }

    fn fits(&self, verb: &str, path: &str) -> bool {
        let kind = || path.split('/').any(|part| part == self.kind);
        (self.verb.is_empty() || self.verb == verb) && (self.kind.is_empty() || kind())
    }
}

// === impl Proxy ===

impl Proxy {
    /// In front of the server that this kubeconfig reaches.
    pub(super) fn start(kubeconfig: &str) -> Self {
        // A second installation is refused, and the first is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let (client, listener) = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config = Kubeconfig::from_yaml(kubeconfig).unwrap();
            let mut config = kube::Config::from_custom_kubeconfig(config, &options).await.unwrap();
            config.default_retry = false;
            let client = kube::Client::try_from(config).unwrap();
            (client, TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
        });
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, client.clone(), Arc::clone(&state)));
        Self { address, client, state, runtime }
    }

    /// A kubeconfig whose only context is this proxy.
    pub(super) fn kubeconfig(&self) -> String {
        let context = json!({"cluster": "faulty", "user": "faulty"});
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "faulty",
                "cluster": {"server": format!("http://{}", self.address)},
            }],
            "users": [{"name": "faulty", "user": {}}],
            "contexts": [{"name": "faulty", "context": context}],
        })
        .to_string()
    }

    /// From now on these rules hold, and no others.
    pub(super) fn plan(&self, rules: &[Rule]) {
        let rules = rules.iter().map(|rule| (*rule, 0, 0)).collect();
        *self.state.lock().unwrap() = State { rules, ..State::default() };
    }

    /// From now on its client has the rights of the table, and no others.
    pub(super) fn least_rights(&self) {
        *self.state.lock().unwrap() = State { least: true, ..State::default() };
    }

    /// What was refused because of that.
    pub(super) fn refused(&self) -> Vec<String> {
        self.state.lock().unwrap().refused.clone()
    }

    /// How many requests were hit.
    pub(super) fn hits(&self) -> u32 {
        self.state.lock().unwrap().rules.iter().map(|(_, _, hits)| hits).sum()
    }

    /// How many watches were asked for.
    pub(super) fn watches(&self) -> u32 {
        self.state.lock().unwrap().watches
    }

    /// What the good server answers to GET; its items, if it is a list.
    pub(super) fn list(&self, path: &str) -> Vec<Value> {
        let request = Request::get(path).body(Vec::new()).unwrap();
        let page = self.runtime.block_on(self.client.request::<Value>(request)).unwrap();
        page["items"].as_array().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, client: kube::Client, state: Arc<Mutex<State>>) {
    // They end with the runtime, which the proxy owns.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        // What ends without an answer is reset, not closed.
        stream.set_zero_linger().unwrap();
        connections.spawn(connection(stream, client.clone(), Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, client: kube::Client, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (client, state) = (client.clone(), Arc::clone(&state));
        async move { answer(request, client, &state).await }
    });
    // What a client does to its connection is no error of ours.
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = serving.with_upgrades().await;
}

async fn answer(
    request: Request<Incoming>,
    client: kube::Client,
    state: &Mutex<State>,
) -> io::Result<Response<Body>> {
    if state.lock().unwrap().least {
        return Ok(with_least_rights(request, client, state).await);
    }
    let trouble = state.lock().unwrap().meets(request.method(), request.uri());
    let reset = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
    match trouble {
        None => Ok(forward(request, client).await),
        Some(Trouble::Status(code)) => Ok(refusal(code, None)),
        Some(Trouble::TooMany(after)) => Ok(refusal(429, Some(after))),
        Some(Trouble::Silence) => std::future::pending().await,
        Some(Trouble::Reset | Trouble::Outage(_)) => reset(),
        Some(Trouble::LostAnswer) => {
            forward(request, client).await;
            reset()
        }
        Some(Trouble::Slow(time)) => {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let late = async move {
                tokio::time::sleep(time).await;
                forward(Request::from_parts(head, Body::from(body)), client).await
            };
            // A handle that is dropped does not end its task: the request arrives all the same.
            Ok(tokio::runtime::Handle::current().spawn(late).await.unwrap())
        }
    }
}

/// What somebody is answered who has the rights of the table alone.
async fn with_least_rights(
    request: Request<Incoming>,
    client: kube::Client,
    state: &Mutex<State>,
) -> Response<Body> {
    if request.uri().path().ends_with("/selfsubjectaccessreviews") {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut review: Value = serde_json::from_slice(&body).unwrap();
        let text = |field: &str| review["spec"]["resourceAttributes"][field].as_str().unwrap();
        let resource = match text("subresource") {
            "" => text("resource").to_owned(),
            sub => format!("{}/{sub}", text("resource")),
        };
        let (place, verb) = (place(text("namespace")), text("verb"));
        let allowed = covers(place, Need::Sight, text("group"), &resource, verb);
        review["status"] = json!({"allowed": allowed});
        return Response::new(Body::from(review.to_string().into_bytes()));
    }
    match granted(request.method(), request.uri().path()) {
        Ok(()) => forward(request, client).await,
        Err(why) => {
            state.lock().unwrap().refused.push(why);
            refusal(403, None)
        }
    }
}

async fn forward<B>(mut request: Request<B>, client: kube::Client) -> Response<Body>
where
    B: hyper::body::Body<Data = bytes::Bytes, Error: std::fmt::Debug>,
{
    let ours = hyper::upgrade::on(&mut request);
    let (mut head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    for name in [header::HOST, header::AUTHORIZATION, header::CONTENT_LENGTH] {
        head.headers.remove(name);
    }
    let sent = client.send(Request::from_parts(head, Body::from(body.to_vec()))).await;
    let Ok(mut answer) = sent else { return refusal(502, None) };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let theirs = hyper::upgrade::on(&mut answer);
        // It ends with either side, or with the runtime, which the proxy owns.
        tokio::runtime::Handle::current().spawn(async move {
            if let (Ok(ours), Ok(theirs)) = (ours.await, theirs.await) {
                let (mut ours, mut theirs) = (TokioIo::new(ours), TokioIo::new(theirs));
                let _ = tokio::io::copy_bidirectional(&mut ours, &mut theirs).await;
            }
        });
    }
    answer
}

fn refusal(code: u16, retry_after: Option<u64>) -> Response<Body> {
    let reason = match code {
        403 => "Forbidden",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": format!("the test says {code}"), "reason": reason, "code": code,
    });
    let mut response = Response::builder()
        .status(StatusCode::from_u16(code).unwrap())
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(seconds) = retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    response.body(Body::from(status.to_string().into_bytes())).unwrap()
}

// === impl State ===

impl State {
    /// What this request meets.
    fn meets(&mut self, method: &Method, uri: &http::Uri) -> Option<Trouble> {
        let watch = uri.query().is_some_and(|query| query.contains("watch=true"));
        let verb = if watch { "WATCH" } else { method.as_str() };
        self.watches += u32::from(watch);
        if self.down_until.is_some_and(|until| Instant::now() < until) {
            return Some(Trouble::Reset);
        }
        let (rule, seen, hits) = self
            .rules
            .iter_mut()
            .find(|(rule, _, hits)| rule.fits(verb, uri.path()) && *hits < rule.times)?;
        *seen += 1;
        if *seen <= rule.after {
            return None;
        }
        *hits += 1;
        if let Trouble::Outage(time) = rule.trouble {
            self.down_until = Some(Instant::now() + time);
        }
        Some(rule.trouble)
    }
}
