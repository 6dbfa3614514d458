//! Refusals in Kubernetes' own terms and words, so that `kubectl` and clients that look at reason,
//! code or message understand the local API server as they do a real one. Pure.

use std::fmt;

use serde_json::{Value, json};

use crate::kinds::Kind;

/// A refusal in Kubernetes' own terms; the API server turns it into a `Status` object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status code, e.g. 404.
    pub code: u16,
    /// `NotFound`, `Conflict`, `AlreadyExists`, `Invalid`, `BadRequest`, `Expired`, …
    pub reason: &'static str,
    /// In the words `kubectl` users know.
    pub message: String,
    /// `Status.details` (`name`, `group`, `kind`, `causes`); `Null` where there is none.
    pub details: Value,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

// === impl Refusal ===

impl Refusal {
    /// A refusal without details.
    #[must_use]
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    /// 404 for one object.
    #[must_use]
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource(kind));
        Self::new(404, "NotFound", message).about(kind, name)
    }

    /// 409: an object of this name is there already.
    #[must_use]
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource(kind));
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// 409: somebody else was faster.
    #[must_use]
    pub fn conflict(kind: &Kind, name: &str, cause: impl fmt::Display) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {cause}", resource(kind));
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// 409 for a write that was made against an older version of the object.
    #[must_use]
    pub fn stale(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and \
             try again",
        )
    }

    /// 422: the object breaks a rule; `cause` names the field and what is wrong with it.
    #[must_use]
    pub fn invalid(kind: &Kind, name: &str, field: &str, cause: impl fmt::Display) -> Self {
        let what = if kind.group.is_empty() {
            kind.kind.to_owned()
        } else {
            format!("{}.{}", kind.kind, kind.group)
        };
        let message = format!("{what} \"{name}\" is invalid: {field}: {cause}");
        let mut refusal = Self::new(422, "Invalid", message).about(kind, name);
        refusal.details["kind"] = json!(kind.kind);
        refusal.details["causes"] = json!([
            {"reason": "FieldValueInvalid", "message": cause.to_string(), "field": field}
        ]);
        refusal
    }

    /// 403 with the reason and the words of the API server.
    #[must_use]
    pub fn forbidden(kind: &Kind, name: &str, cause: impl fmt::Display) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {cause}", resource(kind));
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 400: the request itself makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 410: a watch wants to go on from a version that is no longer remembered.
    #[must_use]
    pub fn expired(wanted: u64, oldest: u64) -> Self {
        let message = format!("too old resource version: {wanted} ({oldest})");
        Self::new(410, "Expired", message)
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.details = json!({"name": name, "kind": kind.plural});
        if !kind.group.is_empty() {
            self.details["group"] = json!(kind.group);
        }
        self
    }

    /// Adds a cause to the details.
    #[must_use]
    pub fn caused_by(mut self, reason: &str, message: &str, field: &str) -> Self {
        let cause = json!({"reason": reason, "message": message, "field": field});
        if self.details.is_null() {
            self.details = json!({});
        }
        match self.details.get_mut("causes").and_then(Value::as_array_mut) {
            Some(causes) => causes.push(cause),
            None => self.details["causes"] = json!([cause]),
        }
        self
    }
}

/// `pods` or `deployments.apps`: a resource as Kubernetes' messages call it.
#[must_use]
pub fn resource(kind: &Kind) -> String {
    if kind.group.is_empty() {
        kind.plural.to_owned()
    } else {
        format!("{}.{}", kind.plural, kind.group)
    }
}
