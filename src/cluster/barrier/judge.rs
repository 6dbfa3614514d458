//! Whether what was seen means that every proxy knows. Pure.
//!
//! A control plane that pushes sends the same push to every proxy that depends on what changed. So
//! once a proxy shows what was written, the others know it as soon as they have accepted a push
//! that is no older. One that is sent none does not depend on it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::expected::Expected;
use super::look::{Look, Shown};
use super::proof::Proof;
use super::syncz::{Proxy, Sync};
use super::xds::Xds;

/// How long a push is on its way to the last proxy once the first one shows it. istiod pushes to a
/// hundred proxies at once (`PILOT_PUSH_THROTTLE`) and takes some milliseconds for each.
const SPREAD: Duration = Duration::from_millis(300);

/// If all have accepted a newer push and none shows it for this long, none of those that were asked
/// has a part that could.
const UNSHOWN: Duration = Duration::from_millis(1_500);

/// What a look means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Every proxy knows.
    Known(Proof),
    /// A proxy refused, with Envoy's reason.
    Refused(Proxy, String),
    /// These do not know yet, or nobody shows it.
    Waiting(Vec<Proxy>),
}

/// Numbers of pushes, by control plane and type.
type Pushes = BTreeMap<(usize, Xds), u64>;

/// What was found out by the looks so far.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// Since when all that were asked show it, and the number of the push by type and control plane
    /// at that moment.
    shown: Option<(Duration, Pushes)>,
    /// Since when all have accepted something newer than before.
    accepted: Option<Duration>,
}

// === impl Judge ===

impl Judge {
    /// Judges a look so long after the write, and what was shown before it; `before` is the look
    /// from before the write.
    pub(super) fn judge(
        &mut self,
        before: &Look,
        now: &Look,
        shown: &Shown,
        expected: &[Expected],
        elapsed: Duration,
    ) -> Judgement {
        if let Some((proxy, reason)) = refused(before, now) {
            return Judgement::Refused(proxy, reason);
        }
        if now.proxies.is_empty() && now.lost.is_empty() {
            return Judgement::Known(Proof::Acknowledged);
        }
        if self.shown.is_none() && expected.iter().all(|one| is_shown(one, now, shown)) {
            self.shown = Some((elapsed, pushes(expected, now, shown)));
        }
        let contradicted = expected.iter().any(|one| one.by_all() && !is_shown(one, now, shown));
        let behind: Vec<_> = now
            .proxies
            .iter()
            .filter(|(_, (plane, syncs))| {
                let mut types = expected.iter().flat_map(|expected| &expected.types);
                types.any(|xds| {
                    syncs.get(xds).is_some_and(|sync| self.lacks(*plane, *xds, sync, elapsed))
                })
            })
            .map(|(proxy, _)| proxy)
            .chain(&now.lost)
            .cloned()
            .collect();
        match &self.shown {
            _ if !behind.is_empty() => Judgement::Waiting(behind),
            Some(_) => Judgement::Known(Proof::Shown),
            None if is_newer(before, now, expected) && !contradicted => {
                let since = *self.accepted.get_or_insert(elapsed);
                match elapsed >= since + UNSHOWN {
                    true => Judgement::Known(Proof::Acknowledged),
                    false => Judgement::Waiting(behind),
                }
            }
            None => Judgement::Waiting(behind),
        }
    }

    /// Whether a proxy may still be without it.
    fn lacks(&self, plane: usize, xds: Xds, sync: &Sync, elapsed: Duration) -> bool {
        if !sync.is_settled() {
            return true;
        }
        let Some((since, pushes)) = &self.shown else { return false };
        let older = match (sync.push(), pushes.get(&(plane, xds))) {
            (Some(has), Some(needs)) => has < *needs,
            (None, _) | (_, None) => false,
        };
        older && elapsed < *since + SPREAD
    }
}

/// The first refusal that was not there before.
fn refused(before: &Look, now: &Look) -> Option<(Proxy, String)> {
    now.proxies.iter().find_map(|(proxy, (_, syncs))| {
        let new = |xds: &Xds, sync: &Sync| {
            let earlier = before.sync(proxy, *xds).map(|sync| sync.error.as_str());
            !sync.error.is_empty() && earlier != Some(sync.error.as_str())
        };
        let (_, sync) = syncs.iter().find(|(xds, sync)| new(xds, sync))?;
        Some((proxy.clone(), sync.error.clone()))
    })
}

/// Whether those who were asked show it, if it can be shown: somebody at each control plane, or all
/// of them.
fn is_shown(expected: &Expected, look: &Look, shown: &Shown) -> bool {
    let mut planes: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
    for (proxy, pages) in shown {
        if let Some((plane, _)) = look.proxies.get(proxy) {
            let pages = expected.types.iter().filter_map(|xds| pages.get(xds));
            planes.entry(*plane).or_default().push(expected.is_shown(proxy, pages));
        }
    }
    let of_plane = |asked: &Vec<bool>| match expected.by_all() {
        true => asked.iter().all(|shows| *shows),
        false => asked.contains(&true),
    };
    !expected.can_be_shown() || !planes.is_empty() && planes.values().all(of_plane)
}

/// The oldest push with which all of it was there, by control plane and type, as far as those tell
/// who show it. They were asked before their control plane was, so it is none that came before what
/// they show.
fn pushes(expected: &[Expected], look: &Look, shown: &Shown) -> Pushes {
    let mut all = Pushes::new();
    for one in expected.iter().filter(|one| one.can_be_shown()) {
        let mut own = Pushes::new();
        for (proxy, pages) in shown {
            let Some((plane, syncs)) = look.proxies.get(proxy) else { continue };
            if !one.is_shown(proxy, one.types.iter().filter_map(|xds| pages.get(xds))) {
                continue;
            }
            for xds in &one.types {
                if let Some(push) = syncs.get(xds).and_then(Sync::push) {
                    let known = own.entry((*plane, *xds)).or_insert(push);
                    *known = push.min(*known);
                }
            }
        }
        for (key, push) in own {
            let known = all.entry(key).or_insert(push);
            *known = push.max(*known);
        }
    }
    all
}

/// Whether something of the types that are expected was pushed since.
fn is_newer(before: &Look, now: &Look, expected: &[Expected]) -> bool {
    now.proxies.iter().any(|(proxy, (_, syncs))| {
        expected.iter().flat_map(|expected| &expected.types).any(|xds| {
            let earlier = before.sync(proxy, *xds).map(|sync| sync.sent.as_str());
            syncs.get(xds).is_some_and(|sync| earlier.is_some_and(|earlier| earlier != sync.sent))
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::barrier::syncz::read;
    use crate::cluster::object_ref::ObjectRef;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn object() -> ObjectRef {
        ObjectRef {
            api_version: "networking.istio.io/v1".to_owned(),
            kind: "VirtualService".to_owned(),
            namespace: "shop".to_owned(),
            name: "cart".to_owned(),
        }
    }

    /// A VirtualService that is added.
    fn added() -> Vec<Expected> {
        let expected = Expected::of(&object(), None, Some(&json!({})), &BTreeMap::new());
        expected.into_iter().collect()
    }

    fn nonce(push: u32) -> String {
        format!("2026-11-28T00:40:01Z/{push}6cb0b0d1-6f2e-4f8a-9ad3-6a0c5b0e4a11")
    }

    /// Proxies with the pushes of their routes that were sent and accepted, and Envoy's complaint;
    /// the first ones show what was added, or not.
    fn look(proxies: &[(&str, u32, u32, &str)], shown: &[bool]) -> (Look, Shown) {
        let entry = |(name, sent, acked, error): &(&str, u32, u32, &str)| {
            let routes = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
            json!({
                "proxy": format!("{name}.shop"),
                "route_sent": nonce(*sent),
                "route_acked": nonce(*acked),
                "resources": {routes: {"lastError": error}},
            })
        };
        let page: Value = proxies.iter().map(entry).collect();
        let proxies: BTreeMap<_, _> =
            read(&page).into_iter().map(|(proxy, syncs)| (proxy, (0, syncs))).collect();
        let path = "/apis/networking.istio.io/v1/namespaces/shop/virtual-service/cart";
        let part = json!({"metadata": {"filter_metadata": {"istio": {"config": path}}}});
        let pages = shown.iter().map(|shown| if *shown { part.clone() } else { json!({}) });
        let shown = proxies.keys().cloned().zip(pages.map(|page| [(Xds::Route, page)].into()));
        let shown = shown.collect();
        (Look { proxies, has_control_plane: true, ..Look::default() }, shown)
    }

    #[test]
    fn what_is_shown_and_accepted_is_known() {
        let (before, _) = look(&[("a", 1, 1, ""), ("b", 1, 1, "")], &[]);
        let mut judge = Judge::default();
        let mut waits = |(now, shown): (Look, Shown), at| match judge.judge(
            &before,
            &now,
            &shown,
            &added(),
            MS(at),
        ) {
            Judgement::Waiting(behind) => behind.iter().map(|p| p.pod.clone()).collect(),
            known => vec![format!("{known:?}")],
        };
        assert_eq!(waits(look(&[("a", 1, 1, ""), ("b", 1, 1, "")], &[false]), 5), [""; 0]);
        // Sent to both, accepted by one.
        assert_eq!(waits(look(&[("a", 2, 2, ""), ("b", 2, 1, "")], &[true]), 10), ["b"]);
        let now = look(&[("a", 2, 2, ""), ("b", 2, 2, "")], &[true]);
        assert_eq!(waits(now, 15), ["Known(Shown)"]);
    }

    #[test]
    fn a_proxy_that_is_sent_nothing_is_waited_for_a_moment_only() {
        let (before, _) = look(&[("a", 1, 1, ""), ("b", 1, 1, "")], &[]);
        let (now, shown) = look(&[("a", 2, 2, ""), ("b", 1, 1, "")], &[true]);
        let mut judge = Judge::default();
        let b = Proxy { namespace: "shop".to_owned(), pod: "b".to_owned() };
        let mut at = |ms| judge.judge(&before, &now, &shown, &added(), MS(ms));
        assert_eq!(at(10), Judgement::Waiting(vec![b.clone()]), "its push may be on its way");
        assert_eq!(at(300), Judgement::Waiting(vec![b]));
        assert_eq!(at(310), Judgement::Known(Proof::Shown));
    }

    #[test]
    fn a_refusal_is_new_or_it_is_none() {
        let (before, _) = look(&[("a", 1, 1, "old trouble")], &[]);
        let judged = |(now, shown): (Look, Shown)| {
            Judge::default().judge(&before, &now, &shown, &added(), MS(5))
        };
        let old = judged(look(&[("a", 2, 2, "old trouble")], &[true]));
        assert_eq!(old, Judgement::Known(Proof::Shown));
        let judged = judged(look(&[("a", 2, 1, "no such cluster")], &[false]));
        assert!(matches!(judged, Judgement::Refused(_, why) if why == "no such cluster"));
    }

    #[test]
    fn what_nobody_can_show_is_acknowledged_after_a_while() {
        let (before, _) = look(&[("a", 1, 1, "")], &[]);
        let (now, shown) = look(&[("a", 2, 2, "")], &[false]);
        let mut judge = Judge::default();
        let mut at = |ms| judge.judge(&before, &now, &shown, &added(), MS(ms));
        assert_eq!(at(2_000), Judgement::Waiting(Vec::new()), "they may show it at the next look");
        assert_eq!(at(3_400), Judgement::Waiting(Vec::new()));
        assert_eq!(at(3_500), Judgement::Known(Proof::Acknowledged));
        // Without any newer push, never.
        let judged = Judge::default().judge(&now, &now, &shown, &added(), MS(9_000));
        assert_eq!(judged, Judgement::Waiting(Vec::new()));
    }

    #[test]
    fn what_is_deleted_and_still_shown_is_never_acknowledged() {
        let expected = |before: Option<&Value>, now: Option<&Value>| {
            let expected = Expected::of(&object(), before, now, &BTreeMap::new());
            expected.into_iter().collect::<Vec<_>>()
        };
        let there = json!({});
        let deleted = expected(Some(&there), None);
        let (before, _) = look(&[("a", 1, 1, "")], &[]);
        let (now, still) = look(&[("a", 2, 2, "")], &[true]);
        let mut judge = Judge::default();
        for ms in [2_000, 9_000] {
            let judged = judge.judge(&before, &now, &still, &deleted, MS(ms));
            assert_eq!(judged, Judgement::Waiting(Vec::new()));
        }
        let (_, gone) = look(&[("a", 2, 2, "")], &[false]);
        let judged = judge.judge(&before, &now, &gone, &deleted, MS(9_100));
        assert_eq!(judged, Judgement::Known(Proof::Shown));
    }

    #[test]
    fn of_an_object_it_is_enough_that_somebody_shows_it() {
        let (before, _) = look(&[("a", 1, 1, ""), ("b", 1, 1, "")], &[]);
        let (now, shown) = look(&[("a", 2, 2, ""), ("b", 2, 2, "")], &[false, true]);
        let judged = Judge::default().judge(&before, &now, &shown, &added(), MS(5));
        assert_eq!(judged, Judgement::Known(Proof::Shown), "`a` does not use it");
    }

    #[test]
    fn who_lost_their_control_plane_do_not_know() {
        let (before, _) = look(&[("a", 1, 1, ""), ("b", 1, 1, "")], &[]);
        let b = Proxy { namespace: "shop".to_owned(), pod: "b".to_owned() };
        let judged = |(mut now, shown): (Look, Shown)| {
            now.lost.insert(b.clone());
            Judge::default().judge(&before, &now, &shown, &added(), MS(900))
        };
        let waiting = Judgement::Waiting(vec![b.clone()]);
        assert_eq!(judged(look(&[("a", 2, 2, "")], &[true])), waiting);
        assert_eq!(judged(look(&[], &[])), waiting, "nobody is known");
    }

    #[test]
    fn without_proxies_there_is_nothing_to_know() {
        let (nobody, expected) = (Look::default(), added());
        let judged = Judge::default().judge(&nobody, &nobody, &Shown::new(), &expected, MS(0));
        assert_eq!(judged, Judgement::Known(Proof::Acknowledged));
    }
}
