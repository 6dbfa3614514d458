//! What a stand-in is told. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A container's environment; empty variables count as unset, as in the originals.
#[derive(Clone)]
pub(super) struct Env(Arc<BTreeMap<String, String>>);

// === impl Env ===

impl Env {
    /// Of a container with these variables.
    pub(super) fn new(variables: BTreeMap<String, String>) -> Self {
        Self(Arc::new(variables))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The base address of a service, without the slash at its end.
    pub(super) fn service(&self, name: &str, default: &str) -> String {
        self.get(name).unwrap_or(default).trim_end_matches('/').to_owned()
    }

    /// A number; what is no number counts as unset.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(|value| value.trim().parse().ok())
    }
}

#[cfg(test)]
impl Env {
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Self(Arc::new(pairs.iter().map(owned).collect()))
    }
}
