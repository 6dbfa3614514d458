//! Objects by their API: read, create, patch, delete, each bounded in time, each error naming the
//! object. Objects stay raw JSON, so that nothing of somebody else's is lost on the way.

use std::fmt;

use kube::Resource as _;
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PropagationPolicy,
};
use kube::core::{ApiResource, GroupVersionKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{REQUEST_TIMEOUT, Target};
use crate::error::{Error, Result};

/// The field manager that the API server records for our writes.
pub const MANAGER: &str = "faultless";

/// More objects of one kind in a namespace than this are not read: a list is held in memory.
const LIST_LIMIT: u32 = 5_000;

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRef {
    /// `networking.istio.io/v1`
    pub api_version: String,
    /// `VirtualService`
    pub kind: String,
    /// Empty for a cluster-wide object.
    pub namespace: String,
    /// Name.
    pub name: String,
}

// === impl ObjectRef ===

impl ObjectRef {
    /// The object that this JSON describes.
    pub fn of(object: &Value) -> Result<Self> {
        let text = |path: &str| {
            object.pointer(path).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
                let field = path.trim_start_matches('/').replace('/', ".");
                Error::feature("reading an object", format!("it has no `{field}`"))
            })
        };
        let namespace =
            object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        Ok(Self {
            api_version: text("/apiVersion")?,
            kind: text("/kind")?,
            namespace: namespace.to_owned(),
            name: text("/metadata/name")?,
        })
    }

    /// The `kubectl` command that would delete it: what a person is told when we could not.
    #[must_use]
    pub fn delete_command(&self) -> String {
        let kind = self.kind.to_lowercase();
        if self.namespace.is_empty() {
            format!("kubectl delete {kind} {}", self.name)
        } else {
            format!("kubectl delete {kind} {} -n {}", self.name, self.namespace)
        }
    }

    fn resource(&self) -> ApiResource {
        resource(&self.api_version, &self.kind)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // The plural is guessed by English rules, which hold for every kind a run writes.
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

// === impl Target ===

impl Target {
    fn api(&self, object: &ObjectRef) -> Api<DynamicObject> {
        let client = self.client.clone();
        if object.namespace.is_empty() {
            Api::all_with(client, &object.resource())
        } else {
            Api::namespaced_with(client, &object.namespace, &object.resource())
        }
    }

    /// The object as it is, or `None`.
    pub async fn get(&self, object: &ObjectRef) -> Result<Option<Value>> {
        let api = self.api(object);
        let found = bounded(api.get_opt(&object.name), || format!("reading {object}")).await?;
        found.map(to_json).transpose()
    }

    /// All objects of a kind in a namespace (empty: in all), with the resource version at which
    /// the list is true.
    pub async fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        selector: &str,
    ) -> Result<(Vec<Value>, String)> {
        let resource = resource(api_version, kind);
        let api: Api<DynamicObject> = if namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        };
        let mut params = ListParams::default().limit(LIST_LIMIT);
        if !selector.is_empty() {
            params = params.labels(selector);
        }
        let doing = || format!("listing {} in {namespace}", resource.plural);
        let list = bounded(api.list(&params), doing).await?;
        let version = list.metadata.resource_version.clone().unwrap_or_default();
        let items = list
            .items
            .into_iter()
            .map(|item| {
                // Items of a list carry no type of their own.
                let mut item = to_json(item)?;
                item["apiVersion"] = api_version.into();
                item["kind"] = kind.into();
                Ok(item)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((items, version))
    }

    /// Creates an object and answers it as stored. Unknown fields are refused, because a fault
    /// whose field was pruned silently is a test of nothing (`fieldValidation=Strict`).
    pub async fn create(&self, object: &Value) -> Result<Value> {
        let name = ObjectRef::of(object)?;
        let doing = || format!("creating {name}");
        let scope = (!name.namespace.is_empty()).then_some(name.namespace.as_str());
        let url = DynamicObject::url_path(&name.resource(), scope);
        // By hand, because the client's `PostParams` do not know field validation.
        let uri = format!("{url}?fieldManager={MANAGER}&fieldValidation=Strict");
        let request = http::Request::post(uri)
            .header("content-type", "application/json")
            .body(object.to_string().into_bytes())
            .map_err(|cause| Error::runner(doing(), cause))?;
        let made: DynamicObject = bounded(self.client.request(request), doing).await?;
        to_json(made)
    }

    /// Changes an object by a JSON patch (RFC 6902), whose `test` operations are the conditions
    /// under which the change is meant.
    pub async fn patch(&self, object: &ObjectRef, patch: json_patch::Patch) -> Result<Value> {
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            field_validation: Some(kube::api::ValidationDirective::Strict),
            ..PatchParams::default()
        };
        let (api, patch) = (self.api(object), Patch::<()>::Json(patch));
        let changing = api.patch(&object.name, &params, &patch);
        to_json(bounded(changing, || format!("changing {object}")).await?)
    }

    /// Deletes an object if it still is the one with this uid; `Ok(false)` when it was gone.
    pub async fn delete(&self, object: &ObjectRef, uid: &str) -> Result<bool> {
        let params = DeleteParams {
            preconditions: Some(kube::api::Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: None,
            }),
            // Without a word, a Job would keep what it owns and itself wait for it (batch/v1).
            propagation_policy: Some(PropagationPolicy::Background),
            ..DeleteParams::default()
        };
        let api = self.api(object);
        let deleting = async {
            match api.delete(&object.name, &params).await {
                Ok(_) => Ok(true),
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
                Err(cause) => Err(cause),
            }
        };
        bounded(deleting, || format!("deleting {object}")).await
    }
}

/// Waits for an answer, whatever the client does meanwhile: it asks again after a 429, 503 or 504,
/// for as long as the server's `Retry-After` says, and an answer may come byte by byte.
async fn bounded<T>(
    asking: impl Future<Output = kube::Result<T>>,
    doing: impl Fn() -> String,
) -> Result<T> {
    match tokio::time::timeout(REQUEST_TIMEOUT, asking).await {
        Ok(answer) => answer.map_err(|cause| failed(doing(), cause)),
        Err(_) => Err(Error::runner(doing(), "no answer that helps within 20 s")
            .hint("is the API server overloaded?")),
    }
}

fn to_json(object: DynamicObject) -> Result<Value> {
    serde_json::to_value(object).map_err(|cause| Error::runner("reading an answer", cause))
}

/// An answer of the API server as an error: what it refused for its content is the feature's fault,
/// everything else the target's.
pub(super) fn failed(doing: String, cause: kube::Error) -> Error {
    match &cause {
        kube::Error::Api(status) if status.code == 400 || status.code == 422 => {
            Error::feature(doing, &status.message)
        }
        kube::Error::Api(status) if status.code == 403 => Error::runner(doing, &status.message)
            .hint("the README lists the rights that a run needs in its namespaces"),
        kube::Error::Api(status) => Error::runner(doing, &status.message),
        kube::Error::Service(_) | kube::Error::HyperError(_) => {
            Error::runner(doing, chain(&cause)).hint("is the API server reachable and running?")
        }
        _ => Error::runner(doing, chain(&cause)),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    // Deeper chains than this repeat themselves.
    for _ in 0..8 {
        let Some(next) = source else { break };
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        source = next.source();
    }
    text
}
