//! The object store behind the local API server: Kubernetes' semantics of objects, versions,
//! conflicts, finalizers and watches, without any IO. Time and uids come in as arguments. Pure.

use std::fmt;

use serde_json::Value;

/// A refusal in Kubernetes' own terms; the API server turns it into a `Status` object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status code, e.g. 404.
    pub code: u16,
    /// `NotFound`, `Conflict`, `AlreadyExists`, `Invalid`, `BadRequest`, `Expired`, …
    pub reason: &'static str,
    /// In the words `kubectl` users know.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// Which part of an object a write may change: Kubernetes keeps `spec` and `status` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but `status`; a change of `spec` increments `metadata.generation`.
    Spec,
    /// Only `status`.
    Status,
}

/// The conditions under which a delete is meant.
#[derive(Debug, Clone, Default)]
pub struct Preconditions {
    /// Delete only the object with this uid, else 409.
    pub uid: Option<String>,
    /// Delete only at this resource version, else 409.
    pub resource_version: Option<String>,
}

/// What a watcher is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The object is new.
    Added,
    /// The object changed.
    Modified,
    /// The object is gone.
    Deleted,
}

/// An object as stored: plain JSON, so that no field is ever lost.
pub type Object = Value;
