//! What happens to an object between a request and the store, whoever makes it: checks, defaults,
//! Istio's webhooks. Pure.

use serde_json::Value;

use super::kinds::{self, Kind};
use super::store::{Refusal, Store, meta};

/// The object as it is to be stored, or why it is refused. `stored` is what it replaces.
pub fn admit(
    store: &Store,
    kind: &'static Kind,
    stored: Option<&Value>,
    object: Value,
    _strict: bool,
) -> Result<Value, Refusal> {
    if stored.is_none() && kind.namespaced {
        let namespace = meta::namespace(&object);
        if store.get(&kinds::NAMESPACE, "", namespace).is_none() {
            return Err(Refusal::not_found(&kinds::NAMESPACE, namespace));
        }
    }
    Ok(object)
}

/// Whether an object may be deleted at all.
pub fn admit_delete(_kind: &Kind, _name: &str) -> Result<(), Refusal> {
    Ok(())
}
