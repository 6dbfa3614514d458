//! Which proxies control planes have known. One that none knows any more, although its pod is still
//! there, has lost its control plane, which restarts perhaps: it goes on with what it was sent
//! last, and knows nothing of what is written meanwhile.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A proxy's pod: its namespace and its name.
pub(super) type Named = (String, String);

/// The proxies of a mesh that were known to a control plane at some time. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<BTreeSet<Named>>>);

// === impl Seen ===

impl Seen {
    /// Notes those that are known; answers which were, in these namespaces, and are not.
    pub(super) fn lost(&self, known: &BTreeSet<Named>, namespaces: &[String]) -> BTreeSet<Named> {
        let mut seen = self.lock();
        seen.extend(known.iter().cloned());
        let here = |(namespace, _): &&Named| namespaces.contains(namespace);
        seen.difference(known).filter(here).cloned().collect()
    }

    /// These are gone, and do not come back.
    pub(super) fn forget(&self, gone: &BTreeSet<Named>) {
        self.lock().retain(|proxy| !gone.contains(proxy));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Named>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(names: &[&str]) -> BTreeSet<Named> {
        names.iter().map(|name| ("shop".to_owned(), (*name).to_owned())).collect()
    }

    #[test]
    fn who_was_known_and_is_not_is_lost() {
        let (seen, here) = (Seen::default(), ["shop".to_owned()]);
        assert_eq!(seen.lost(&proxies(&["a", "b"]), &here), proxies(&[]));
        assert_eq!(seen.clone().lost(&proxies(&["b", "c"]), &here), proxies(&["a"]));
        assert_eq!(seen.lost(&proxies(&[]), &["elsewhere".to_owned()]), proxies(&[]));
        assert_eq!(seen.lost(&proxies(&["a"]), &here), proxies(&["b", "c"]), "`a` is back");
        seen.forget(&proxies(&["b"]));
        assert_eq!(seen.lost(&proxies(&[]), &here), proxies(&["a", "c"]));
    }
}
