//! The nonces under which a proxy is sent its configuration, as istiod makes them: the version of
//! the push that sent it, and something that is its own. A push because of Istio's configuration
//! sends all that it may be in, changed or not; of any other, what it does not change keeps its
//! nonce (Istio, pilot/pkg/xds, `cdsNeedsPush` and its like). Pure: time and chance come in as
//! arguments.

use std::collections::BTreeMap;

use super::kind::Kind;
use crate::translate::Resources;

/// What was sent of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// Its nonce.
    pub(super) nonce: String,
    /// When it was sent, RFC 3339.
    pub(super) time: String,
}

/// What was sent of each type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Nonces(BTreeMap<Kind, Sent>);

/// Why there is a push, besides what of the proxy's own it changes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cause {
    /// An object of Istio's is another.
    pub(super) configuration: bool,
    /// Some service's endpoints are others.
    pub(super) endpoints: bool,
}

/// One push to all proxies.
#[derive(Debug, Clone)]
pub(super) struct Push {
    /// Its version, e.g. `2026-08-27T12:45:20Z/17`: the number grows with each push, and there is
    /// one for the whole control plane.
    pub(super) version: String,
    /// When it is.
    pub(super) time: String,
}

// === impl Nonces ===

impl Nonces {
    /// What was sent of this type.
    pub(super) fn of(&self, kind: Kind) -> Option<&Sent> {
        self.0.get(&kind)
    }

    /// The nonces after a push to a proxy that had `before` under these: `own` makes what is a
    /// nonce's own.
    pub(super) fn pushed(
        &self,
        push: &Push,
        before: Option<&Resources>,
        now: &Resources,
        cause: Cause,
        own: impl Fn() -> String,
    ) -> Self {
        let changed = |kind| match (kind, before) {
            (Kind::Endpoints, Some(_)) => cause.endpoints,
            (_, Some(_)) if cause.configuration => true,
            (Kind::Clusters, Some(before)) => before.clusters != now.clusters,
            (Kind::Listeners, Some(before)) => before.listeners != now.listeners,
            (Kind::Routes, Some(before)) => before.routes != now.routes,
            (_, None) => true,
        };
        let each = Kind::ALL.map(|kind| match self.0.get(&kind) {
            Some(sent) if !changed(kind) => (kind, sent.clone()),
            Some(_) | None => {
                let nonce = format!("{}{}", push.version, own());
                (kind, Sent { nonce, time: push.time.clone() })
            }
        });
        Self(each.into())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    fn told(route: &str) -> Resources {
        let routes = [("8000".to_owned(), json!(route))].into();
        Resources { routes, ..Resources::default() }
    }

    #[test]
    fn what_a_push_does_not_change_keeps_its_nonce() {
        let counter = Cell::new(0);
        let own = || {
            counter.set(counter.get() + 1);
            format!("-{}", counter.get())
        };
        let push = |number| Push { version: format!("T/{number}"), time: format!("T{number}") };
        let none = Cause::default();
        let first = Nonces::default().pushed(&push(1), None, &told("a"), none, own);
        for kind in Kind::ALL {
            assert!(first.of(kind).unwrap().nonce.starts_with("T/1-"), "{kind:?}");
        }
        let same = first.pushed(&push(2), Some(&told("a")), &told("a"), none, own);
        assert_eq!(same, first);
        let route = first.pushed(&push(3), Some(&told("a")), &told("b"), none, own);
        let new = Sent { nonce: "T/3-5".to_owned(), time: "T3".to_owned() };
        assert_eq!(route.of(Kind::Routes), Some(&new));
        assert_eq!(route.of(Kind::Clusters), first.of(Kind::Clusters));
        let cause = Cause { endpoints: true, ..none };
        let endpoints = first.pushed(&push(4), Some(&told("a")), &told("a"), cause, own);
        assert_eq!(endpoints.of(Kind::Endpoints).unwrap().nonce, "T/4-6");
        assert_eq!(endpoints.of(Kind::Routes), first.of(Kind::Routes));
        // An object of Istio's that changes nothing here is sent all the same.
        let cause = Cause { configuration: true, ..none };
        let sent = first.pushed(&push(5), Some(&told("a")), &told("a"), cause, own);
        for kind in [Kind::Clusters, Kind::Listeners, Kind::Routes] {
            assert!(sent.of(kind).unwrap().nonce.starts_with("T/5-"), "{kind:?}");
        }
        assert_eq!(sent.of(Kind::Endpoints), first.of(Kind::Endpoints));
    }
}
