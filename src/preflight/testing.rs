//! A cluster for tests of the preflight, under a real `kube` client: what is at each path, what is
//! refused, and which rights are held.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};

use crate::application::Application;
use crate::cluster::Cluster;

const SHOP: &str = "
application: shop
namespaces: [shop]
services:
  cart: {namespace: shop, port: 80, versions: [v1, v2]}
  db: {namespace: shop, port: 3306, protocol: tcp, versions: [v1]}
clients:
  web:
    {namespace: front, workload: web, calls: cart, paths: [/],
     settings: {port: 8000, write: /settings, read: /settings}}
";

pub(super) fn shop() -> Application {
    Application::parse(SHOP, PathBuf::new()).unwrap()
}

/// The cluster. Requests that it does not know are answered with 404.
#[derive(Clone, Default)]
pub(super) struct Fake {
    /// By path, without a query.
    there: BTreeMap<String, Value>,
    /// By method and path.
    refused: BTreeMap<(Method, String), (u16, &'static str)>,
    /// The only rights, as `namespace verb resource`; `None`: all.
    only: Option<Vec<String>>,
    /// Whether nothing answers at all, and in which words.
    dead: Option<&'static str>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// One in which a shop is ready to be tested.
    pub(super) fn ready() -> Self {
        let mut fake = Self::default();
        fake.put("/version", json!({"gitVersion": "v1.34.4"}));
        fake.serve("networking.istio.io/v1", &["virtualservices", "destinationrules"]);
        fake.serve("apps/v1", &["deployments"]);
        fake.serve("batch/v1", &["jobs"]);
        fake.serve("coordination.k8s.io/v1", &["leases"]);
        fake.serve("rbac.authorization.k8s.io/v1", &["roles", "rolebindings"]);
        let kinds = [json!({"name": "serviceaccounts"}), json!({"name": "pods"})];
        fake.put("/api/v1", json!({"resources": kinds}));
        for namespace in ["shop", "front"] {
            fake.namespace(namespace, json!({"istio-injection": "enabled"}));
        }
        let service = |name: &str, port: u16| {
            json!({"metadata": {"name": name},
                "spec": {"ports": [{"port": port}], "selector": {"app": name}}})
        };
        fake.list("/api/v1/namespaces/shop/services", [service("cart", 80), service("db", 3306)]);
        let pods = [pod("cart-v1-x", "cart", true), pod("db-v1-x", "db", true)];
        fake.list("/api/v1/namespaces/shop/pods", pods);
        fake.list("/api/v1/namespaces/front/pods", [pod("web-x", "web", true)]);
        fake.list(
            "/apis/apps/v1/namespaces/front/deployments",
            [json!({"metadata": {"name": "web"}})],
        );
        fake.control_plane("istio-system");
        fake
    }

    pub(super) fn control_plane(&mut self, namespace: &str) {
        let pods = format!("/api/v1/namespaces/{namespace}/pods");
        let labels = json!({"app": "istiod", "istio.io/rev": "default"});
        let istiod = json!({
            "metadata": {"name": "istiod-x", "labels": labels},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        });
        self.list(&pods, [istiod]);
        self.put(&format!("{pods}/istiod-x:15014/proxy/version"), json!("1.31.0-a-Clean"));
    }

    pub(super) fn serve(&mut self, api_version: &str, plurals: &[&str]) {
        let kinds: Vec<_> = plurals.iter().map(|plural| json!({"name": plural})).collect();
        self.put(&format!("/apis/{api_version}"), json!({"resources": kinds}));
    }

    pub(super) fn namespace(&mut self, name: &str, labels: Value) {
        let object = json!({"metadata": {"name": name, "labels": labels}});
        self.put(&format!("/api/v1/namespaces/{name}"), object);
    }

    pub(super) fn list(&mut self, path: &str, items: impl IntoIterator<Item = Value>) {
        let items: Vec<Value> = items.into_iter().collect();
        self.put(path, json!({"items": items}));
    }

    pub(super) fn put(&mut self, path: &str, object: Value) {
        self.there.insert(path.to_owned(), object);
    }

    pub(super) fn take_away(&mut self, path: &str) {
        self.there.remove(path).unwrap();
    }

    pub(super) fn refuse(&mut self, method: Method, path: &str, code: u16, words: &'static str) {
        self.refused.insert((method, path.to_owned()), (code, words));
    }

    /// From now on only these rights are held, as `namespace verb resource`.
    pub(super) fn only(&mut self, rights: impl IntoIterator<Item = String>) {
        self.only = Some(rights.into_iter().collect());
    }

    pub(super) fn die(&mut self, words: &'static str) {
        self.dead = Some(words);
    }

    /// What was asked so far, as `METHOD path?query`.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn cluster(&self) -> Cluster {
        let this = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let this = this.clone();
            async move {
                if let Some(words) = this.dead {
                    return Err(std::io::Error::other(words));
                }
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                this.asked.lock().unwrap().push(format!("{} {}", head.method, head.uri));
                Ok(this.answer(&head.method, head.uri.path(), &body))
            }
        });
        Cluster::fake(kube::Client::new(service, "default"))
    }

    fn answer(&self, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
        if let Some((code, words)) = self.refused.get(&(method.clone(), path.to_owned())) {
            return status(*code, words);
        }
        if method == Method::POST {
            let mut object: Value = serde_json::from_slice(body).unwrap();
            if path.ends_with("/selfsubjectreviews") {
                object["status"]["userInfo"]["username"] = json!("system:serviceaccount:ci:tester");
            }
            if path.ends_with("/selfsubjectaccessreviews") {
                object["status"]["allowed"] = json!(self.allows(&object));
            }
            return answered(&object);
        }
        match self.there.get(path) {
            // A page is text.
            Some(Value::String(text)) => Response::new(Body::from(text.clone().into_bytes())),
            Some(object) => answered(object),
            None => status(404, "not found"),
        }
    }

    fn allows(&self, review: &Value) -> bool {
        let Some(only) = &self.only else { return true };
        let text =
            |field: &str| review["spec"]["resourceAttributes"][field].as_str().unwrap().to_owned();
        let resource = match text("subresource") {
            sub if sub.is_empty() => text("resource"),
            sub => format!("{}/{sub}", text("resource")),
        };
        only.contains(&format!("{} {} {resource}", text("namespace"), text("verb")))
    }
}

pub(super) fn pod(name: &str, app: &str, sidecar: bool) -> Value {
    let mut containers = vec![json!({"name": "app"})];
    containers.extend(sidecar.then(|| json!({"name": "istio-proxy"})));
    json!({"metadata": {"name": name, "labels": {"app": app}},
        "spec": {"containers": containers}, "status": {"phase": "Running"}})
}

fn answered(object: &Value) -> Response<Body> {
    Response::new(Body::from(object.to_string().into_bytes()))
}

fn status(code: u16, message: &str) -> Response<Body> {
    let status = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure",
        "message": message, "reason": "Test", "code": code});
    let body = Body::from(status.to_string().into_bytes());
    Response::builder().status(StatusCode::from_u16(code).unwrap()).body(body).unwrap()
}
