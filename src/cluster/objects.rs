//! Objects by their API: read, create, patch, delete, each bounded in time, each error naming the
//! object. Objects stay raw JSON, so that nothing of somebody else's is lost on the way.

use kube::Resource as _;
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PropagationPolicy,
};
use serde_json::Value;

use super::failure::bounded;
use super::handle::Cluster;
use super::object_ref::{ObjectRef, resource};
use crate::error::{Error, Result};

/// The field manager that the API server records for our writes.
pub const MANAGER: &str = "faultless";

/// More objects of one kind in a namespace than this are not read: a list is held in memory.
const LIST_LIMIT: u32 = 5_000;

// === impl Cluster ===

impl Cluster {
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

    /// The resource version at which the cluster is now. It is one count for all objects of all
    /// namespaces, so a list of any of them tells it; this one is short, and of a run's own rights.
    pub async fn version(&self, namespace: &str) -> Result<String> {
        Ok(self.list("v1", "Service", namespace, "").await?.1)
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

fn to_json(object: DynamicObject) -> Result<Value> {
    serde_json::to_value(object).map_err(|cause| Error::runner("reading an answer", cause))
}
