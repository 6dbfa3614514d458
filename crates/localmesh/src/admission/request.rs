//! One write on its way to the store. Pure.

use serde_json::Value;

use crate::kinds::Kind;
use crate::store::{Refusal, Stamp, Store, meta};

/// One write on its way to the store.
pub(in super::super) struct Request<'a> {
    /// Everything that is there already.
    pub(in super::super) store: &'a Store,
    /// The object's kind.
    pub(in super::super) kind: &'static Kind,
    /// What is replaced; `None` for a new object.
    pub(in super::super) stored: Option<&'a Value>,
    /// The uid a new object will have, and the time.
    pub(in super::super) stamp: &'a Stamp,
    /// Refuse unknown fields instead of pruning them.
    pub(in super::super) strict: bool,
}

// === impl Request ===

impl Request<'_> {
    /// Whether it is about an object of this kind.
    pub(super) fn is(&self, kind: &'static Kind) -> bool {
        self.kind == kind
    }

    /// A refusal of one field of the object of this request.
    pub(super) fn invalid(&self, object: &Value, field: &str, cause: &str) -> Refusal {
        Refusal::invalid(self.kind, meta::name(object), field, cause)
    }
}
