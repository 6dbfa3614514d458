//! An API server small enough to hold in one's head, under a real `kube` client: what it stores,
//! how it refuses, and a switch that makes it lose answers.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::cluster::granted::granted;

/// The server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// By path of the object.
    objects: BTreeMap<String, Value>,
    version: u64,
    /// How many requests are answered with 500 although they took effect.
    answers_to_lose: u32,
    /// How many requests are refused with 500.
    refusals: u32,
    /// Requests for paths with this in them are answered with 403.
    forbidden: Option<&'static str>,
    /// Everything that was asked: method and path.
    asked: Vec<(Method, String)>,
    /// What the next requests meet, whatever they are.
    fates: VecDeque<Fate>,
}

/// What a request meets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    /// It is answered.
    Answered,
    /// It is refused.
    Refused,
    /// It is done, and nobody hears of it.
    Lost,
}

impl Fake {
    /// A cluster behind which this server answers.
    pub(crate) fn cluster(&self) -> Cluster {
        let this = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let this = this.clone();
            async move {
                let (head, body) = request.into_parts();
                let bytes = body
                    .collect()
                    .await
                    .map(http_body_util::Collected::to_bytes)
                    .unwrap_or_default();
                let answer = this.answer(&head.method, head.uri.path(), &bytes);
                Ok::<_, Infallible>(answer)
            }
        });
        Cluster::fake(kube::Client::new(service, "default"))
    }

    /// Everything that is stored, without what the server counts.
    pub(crate) fn contents(&self) -> BTreeMap<String, Value> {
        let mut objects = self.0.lock().unwrap().objects.clone();
        for object in objects.values_mut() {
            object["metadata"].as_object_mut().unwrap().shift_remove("resourceVersion");
        }
        objects
    }

    /// Puts an object there, as somebody else.
    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut state = self.0.lock().unwrap();
        state.version += 1;
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("u{}", state.version));
        }
        state.objects.insert(path.to_owned(), object);
    }

    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }

    pub(crate) fn remove(&self, path: &str) {
        self.0.lock().unwrap().objects.remove(path);
    }

    /// The next so many requests that change something take effect, but nobody hears of it.
    pub(crate) fn lose_answers(&self, count: u32) {
        self.0.lock().unwrap().answers_to_lose = count;
    }

    /// The next so many requests are refused.
    pub(crate) fn refuse(&self, count: u32) {
        self.0.lock().unwrap().refusals = count;
    }

    /// What the next requests meet.
    pub(crate) fn meet(&self, fates: impl IntoIterator<Item = Fate>) {
        self.0.lock().unwrap().fates = fates.into_iter().collect();
    }

    /// Requests for paths with this in them are refused from now on, for lack of rights.
    pub(crate) fn forbid(&self, part: &'static str) {
        self.0.lock().unwrap().forbidden = Some(part);
    }

    /// Everything that was asked so far: method and path.
    pub(crate) fn asked(&self) -> Vec<(Method, String)> {
        self.0.lock().unwrap().asked.clone()
    }

    fn answer(&self, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
        let mut state = self.0.lock().unwrap();
        state.asked.push((method.clone(), path.to_owned()));
        // What a run asks for is in the table of rights, whatever is tested here.
        if let Err(why) = granted(method, path) {
            return status(StatusCode::FORBIDDEN, &why);
        }
        if state.forbidden.is_some_and(|part| path.contains(part)) {
            return status(StatusCode::FORBIDDEN, "you have no right to do that");
        }
        if state.refusals > 0 {
            state.refusals -= 1;
            return status(StatusCode::INTERNAL_SERVER_ERROR, "refused");
        }
        let fate = state.fates.pop_front().unwrap_or(Fate::Answered);
        if matches!(fate, Fate::Refused) {
            return status(StatusCode::SERVICE_UNAVAILABLE, "refused");
        }
        let answer = state.act(method, path, body);
        if matches!(fate, Fate::Lost) {
            return status(StatusCode::GATEWAY_TIMEOUT, "lost");
        }
        if *method != Method::GET && state.answers_to_lose > 0 {
            state.answers_to_lose -= 1;
            return status(StatusCode::INTERNAL_SERVER_ERROR, "lost");
        }
        answer
    }
}

impl State {
    fn act(&mut self, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
        match *method {
            Method::GET if is_list(path) => {
                let within = format!("{path}/");
                let items: Vec<_> = self
                    .objects
                    .iter()
                    .filter(|(path, _)| path.starts_with(&within))
                    .map(|(_, object)| object.clone())
                    .collect();
                let version = self.version.to_string();
                let list = json!({"apiVersion": "v1", "kind": "List",
                    "metadata": {"resourceVersion": version}, "items": items});
                ok(&list)
            }
            // The control plane has no proxies; a pod may have a page.
            Method::GET if path.contains("/proxy/") => {
                ok(self.objects.get(path).unwrap_or(&json!([])))
            }
            Method::GET => match self.objects.get(path) {
                Some(object) => ok(object),
                None => status(StatusCode::NOT_FOUND, "not found"),
            },
            Method::POST => {
                let mut object: Value = serde_json::from_slice(body).unwrap();
                let path = format!("{path}/{}", object["metadata"]["name"].as_str().unwrap());
                if self.objects.contains_key(&path) {
                    return status(StatusCode::CONFLICT, "already exists");
                }
                self.version += 1;
                object["metadata"]["uid"] = json!(format!("u{}", self.version));
                object["metadata"]["resourceVersion"] = json!(self.version.to_string());
                if object["kind"] == "Job" {
                    // As the Job controller does.
                    object["status"]["startTime"] = json!("2026-01-01T00:00:00Z");
                }
                self.objects.insert(path, object.clone());
                ok(&object)
            }
            Method::PATCH => {
                let Some(object) = self.objects.get(path) else {
                    return status(StatusCode::NOT_FOUND, "not found");
                };
                let patch: json_patch::Patch = serde_json::from_slice(body).unwrap();
                let mut changed = object.clone();
                if let Err(cause) = json_patch::patch(&mut changed, &patch) {
                    return status(StatusCode::UNPROCESSABLE_ENTITY, &cause.to_string());
                }
                self.version += 1;
                changed["metadata"]["resourceVersion"] = json!(self.version.to_string());
                self.objects.insert(path.to_owned(), changed.clone());
                ok(&changed)
            }
            Method::PUT => self.set(path, body),
            Method::DELETE => {
                let Some(object) = self.objects.get(path) else {
                    return status(StatusCode::NOT_FOUND, "not found");
                };
                let options: Value = serde_json::from_slice(body).unwrap_or_default();
                let wanted = &options["preconditions"]["uid"];
                if !wanted.is_null() && *wanted != object["metadata"]["uid"] {
                    return status(StatusCode::CONFLICT, "another uid");
                }
                let gone = self.objects.remove(path).unwrap();
                ok(&gone)
            }
            _ => status(StatusCode::METHOD_NOT_ALLOWED, "not here"),
        }
    }
}

impl State {
    /// A pod that is told its settings shows them on its status page.
    fn set(&mut self, path: &str, body: &[u8]) -> Response<Body> {
        let page = path.replace("/proxy/settings", "/proxy/status");
        let Some(status_page) = self.objects.get_mut(&page) else {
            return status(StatusCode::NOT_FOUND, "not found");
        };
        status_page["settings"] = serde_json::from_slice(body).unwrap();
        ok(&json!({}))
    }
}

/// A list's path ends with a plural.
fn is_list(path: &str) -> bool {
    let plurals = ["virtualservices", "destinationrules", "deployments", "services", "pods"];
    path.rsplit('/').next().is_some_and(|last| plurals.contains(&last))
}

fn ok(object: &Value) -> Response<Body> {
    Response::new(Body::from(object.to_string().into_bytes()))
}

fn status(code: StatusCode, message: &str) -> Response<Body> {
    // The one reason that a client goes by.
    let reason = if code == StatusCode::NOT_FOUND { "NotFound" } else { "InternalError" };
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "message": message, "reason": reason, "code": code.as_u16(),
    });
    let body = Body::from(status.to_string().into_bytes());
    Response::builder().status(code).body(body).unwrap()
}
