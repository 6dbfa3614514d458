//! Objects in the form the caller wants: whole, as a table's rows, or their metadata only. Pure;
//! the time comes in.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::path::Target;
use super::table::{self, Include};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The objects themselves.
    Whole,
    /// A `Table`.
    Table(Include),
    /// `PartialObjectMetadata`.
    Metadata,
}

// === impl Form ===

impl Form {
    /// One object.
    pub(super) fn object(self, target: &Target, object: &Value, now: Timestamp) -> Value {
        match self {
            Self::Whole => versioned(target, object),
            Self::Metadata => table::metadata_only(object),
            Self::Table(_) => self.event(target, object, true, now),
        }
    }

    /// A list that is true at `version`.
    pub(super) fn list(
        self,
        target: &Target,
        objects: &[&Value],
        version: u64,
        now: Timestamp,
    ) -> Value {
        let metadata = json!({ "resourceVersion": version.to_string() });
        match self {
            Self::Whole => {
                let items: Vec<Value> = objects.iter().map(|o| versioned(target, o)).collect();
                json!({
                    "kind": format!("{}List", target.kind.kind),
                    "apiVersion": target.api_version(),
                    "metadata": metadata,
                    "items": items,
                })
            }
            Self::Metadata => {
                let items: Vec<Value> = objects.iter().map(|o| table::metadata_only(o)).collect();
                json!({
                    "kind": "PartialObjectMetadataList",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": metadata,
                    "items": items,
                })
            }
            Self::Table(include) => {
                let mut table =
                    table::table(target.kind, objects.iter().copied(), include, true, now);
                table["metadata"] = metadata;
                table
            }
        }
    }

    /// The object of a watch event; the columns of a table are told with the first one only.
    pub(super) fn event(
        self,
        target: &Target,
        object: &Value,
        first: bool,
        now: Timestamp,
    ) -> Value {
        match self {
            Self::Whole | Self::Metadata => self.object(target, object, now),
            Self::Table(include) => {
                let mut table = table::table(target.kind, [object], include, first, now);
                let version = &object["metadata"]["resourceVersion"];
                table["metadata"] = json!({ "resourceVersion": version });
                table
            }
        }
    }

    /// An object that carries nothing but a resource version.
    pub(super) fn bookmark(self, target: &Target, version: u64, initial_end: bool) -> Value {
        let mut metadata = json!({
            "resourceVersion": version.to_string(),
            "creationTimestamp": null,
        });
        if initial_end {
            metadata["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        let (kind, api_version) = match self {
            Self::Whole => (target.kind.kind, target.api_version()),
            Self::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            Self::Table(_) => ("Table", "meta.k8s.io/v1".to_owned()),
        };
        json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata })
    }
}

/// The object in the version the caller speaks: all versions of a kind share one storage.
pub(super) fn versioned(target: &Target, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.insert("apiVersion".to_owned(), json!(target.api_version()));
        map.insert("kind".to_owned(), json!(target.kind.kind));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_version_is_answered() {
        let path = "/apis/networking.istio.io/v1alpha3/namespaces/a/virtualservices";
        let target = Target::parse(path).unwrap();
        let stored = json!({"apiVersion": "networking.istio.io/v1", "metadata": {"name": "v"}});
        let list = Form::Whole.list(&target, &[&stored], 7, Timestamp::UNIX_EPOCH);
        assert_eq!(list["items"][0]["apiVersion"], "networking.istio.io/v1alpha3");
        assert_eq!(list["kind"], "VirtualServiceList");
        assert_eq!(list["metadata"]["resourceVersion"], "7");
    }
}
