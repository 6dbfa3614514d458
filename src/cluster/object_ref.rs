//! Which object: its kind, its namespace and its name. Pure.

use std::fmt;

use kube::core::{ApiResource, GroupVersionKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

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

    pub(super) fn resource(&self) -> ApiResource {
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

/// The API of a kind.
pub(super) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // The plural is guessed by English rules, which hold for every kind a run writes.
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}
