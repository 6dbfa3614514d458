//! What a proxy's configuration must show once it knows what was written. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::dump::{endpoints, parts};
use super::syncz::Proxy;
use super::xds::Xds;
use crate::cluster::object_ref::ObjectRef;

/// What is expected of one object, or of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// In which types of configuration it is to be seen.
    pub(super) types: Vec<Xds>,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// No part comes from the object with this path.
    Absent(String),
    /// Some part does.
    Present(String),
    /// Other parts than these do, by proxy; a proxy that is not among them shows nothing.
    Changed(String, BTreeMap<Proxy, Option<u64>>),
    /// Whatever there is.
    Anything,
    /// A service's requests go to exactly these addresses.
    Endpoints(String, BTreeSet<String>),
}

/// What a proxy shows of an object, by the pages of its types: a digest of all its parts; nothing
/// without any.
pub(super) fn digest<'a>(
    pages: impl Iterator<Item = &'a Value>,
    object: &ObjectRef,
) -> Option<u64> {
    digest_of(pages, &path(object))
}

fn digest_of<'a>(pages: impl Iterator<Item = &'a Value>, path: &str) -> Option<u64> {
    let parts = pages.filter_map(|page| parts(page, path));
    // Rotated, so that the same in another type is not the same.
    parts.reduce(|all, one| all.rotate_left(1) ^ one)
}

/// The types of configuration that an object is translated into: its kind says which, and what it
/// has in it.
pub(super) fn types(object: &ObjectRef, specs: &[Option<&Value>]) -> Vec<Xds> {
    let has = |field: &str| specs.iter().flatten().any(|spec| spec["spec"][field].is_array());
    match object.kind.as_str() {
        "DestinationRule" => vec![Xds::Cluster],
        _ if has("tcp") || has("tls") => vec![Xds::Route, Xds::Listener],
        _ => vec![Xds::Route],
    }
}

fn path(object: &ObjectRef) -> String {
    let ObjectRef { namespace, name, kind, .. } = object;
    let kind = if kind == "DestinationRule" { "destination-rule" } else { "virtual-service" };
    format!("namespaces/{namespace}/{kind}/{name}")
}

// === impl Expected ===

impl Expected {
    /// What must be seen of an object that was, and is now, like this; nothing if its configuration
    /// is the same as before. `shown` is what the proxies showed of it before.
    pub(super) fn of(
        object: &ObjectRef,
        before: Option<&Value>,
        now: Option<&Value>,
        shown: &BTreeMap<Proxy, Option<u64>>,
    ) -> Option<Self> {
        let path = path(object);
        let shape = match (before, now) {
            (None, None) => return None,
            (Some(before), Some(now)) if before["spec"] == now["spec"] => return None,
            (Some(_), None) => Shape::Absent(path),
            (None, Some(_)) => Shape::Present(path),
            (Some(_), Some(_)) => Shape::Changed(path, shown.clone()),
        };
        Some(Self { types: types(object, &[before, now]), shape })
    }

    /// That requests to a service go to these addresses.
    pub(super) fn endpoints(namespace: &str, service: &str, addresses: BTreeSet<String>) -> Self {
        let shape = Shape::Endpoints(format!("{service}.{namespace}.svc."), addresses);
        Self { types: vec![Xds::Endpoint], shape }
    }

    /// That all is accepted, whatever it is.
    pub(super) fn anything() -> Self {
        Self { types: Xds::ALL.to_vec(), shape: Shape::Anything }
    }

    /// Whether a proxy can show it at all.
    pub(super) fn can_be_shown(&self) -> bool {
        self.shape != Shape::Anything
    }

    /// Whether every proxy that is asked has to show it, because one that does not contradicts it.
    /// A part of an object is in those proxies alone that use it.
    pub(super) fn by_all(&self) -> bool {
        matches!(self.shape, Shape::Absent(_) | Shape::Endpoints(..))
    }

    /// Whether a proxy shows it, by the pages of its types.
    pub(super) fn is_shown<'a>(
        &self,
        proxy: &Proxy,
        pages: impl Iterator<Item = &'a Value> + Clone,
    ) -> bool {
        let of = |path: &str| digest_of(pages.clone(), path);
        match &self.shape {
            Shape::Anything => true,
            Shape::Absent(path) => of(path).is_none(),
            Shape::Present(path) => of(path).is_some(),
            Shape::Changed(path, before) => {
                let now = of(path);
                now.is_some() && before.get(proxy).is_some_and(|before| *before != now)
            }
            Shape::Endpoints(host, addresses) => {
                let mut known = pages.clone().filter_map(|page| endpoints(page, host));
                known.all(|known| known == *addresses)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> ObjectRef {
        ObjectRef {
            api_version: "networking.istio.io/v1".to_owned(),
            kind: "VirtualService".to_owned(),
            namespace: "shop".to_owned(),
            name: "cart".to_owned(),
        }
    }

    fn page(delay: &str) -> Value {
        let path = "/apis/networking.istio.io/v1/namespaces/shop/virtual-service/cart";
        json!([{"delay": delay, "metadata": {"filter_metadata": {"istio": {"config": path}}}}])
    }

    fn proxy() -> Proxy {
        Proxy { namespace: "shop".to_owned(), pod: "web".to_owned() }
    }

    #[test]
    fn what_is_added_changed_or_deleted_shows_as_such() {
        let (one, two) = (json!({"spec": 1}), json!({"spec": 2}));
        let shown = BTreeMap::from([(proxy(), digest([&page("1s")].into_iter(), &object()))]);
        let shows = |before: Option<&Value>, now: Option<&Value>, page: &Value| {
            let expected = Expected::of(&object(), before, now, &shown).unwrap();
            expected.is_shown(&proxy(), [page].into_iter())
        };
        let nothing = json!([]);
        assert!(shows(None, Some(&one), &page("1s")) && !shows(None, Some(&one), &nothing));
        assert!(shows(Some(&one), None, &nothing) && !shows(Some(&one), None, &page("1s")));
        assert!(shows(Some(&one), Some(&two), &page("2s")));
        assert!(!shows(Some(&one), Some(&two), &page("1s")), "it is as it was");
        assert!(!shows(Some(&one), Some(&two), &nothing), "it is not there at all");
        for same in [None, Some(&one)] {
            assert_eq!(Expected::of(&object(), same, same, &shown), None);
        }
    }

    #[test]
    fn routes_of_tcp_are_in_listeners() {
        let tcp = json!({"spec": {"tcp": []}});
        assert_eq!(types(&object(), &[None, Some(&tcp)]), [Xds::Route, Xds::Listener]);
        assert_eq!(types(&object(), &[None]), [Xds::Route]);
    }
}
