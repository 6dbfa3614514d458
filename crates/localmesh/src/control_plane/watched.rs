//! The resources that one proxy watches: what it is offered of each, and how far it is with it.
//! Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kind::Key;
use super::offer::Offer;
use super::subscription::{Heard, Standing, Subscription};

/// All that one proxy watches.
#[derive(Debug, Default)]
pub(super) struct Watched {
    offers: BTreeMap<Key, Arc<Offer>>,
    subscriptions: BTreeMap<Key, Subscription>,
    /// How many answers were sent.
    answers: u64,
}

// === impl Watched ===

impl Watched {
    /// From now on this is what the proxy shall have.
    pub(super) fn offer(&mut self, key: &str, offer: &Arc<Offer>) {
        if self.offered(key) != Some(&offer.version) {
            self.offers.insert(key.to_owned(), Arc::clone(offer));
        }
    }

    /// The version that is offered.
    pub(super) fn offered(&self, key: &str) -> Option<&String> {
        self.offers.get(key).map(|offer| &offer.version)
    }

    /// The version that the proxy has.
    pub(super) fn acked(&self, key: &str) -> Option<&String> {
        self.subscriptions.get(key)?.acked()
    }

    /// Withdraws the offers that are not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.offers.retain(|key, _| keep(key));
        self.subscriptions.retain(|key, _| keep(key));
    }

    /// A new process begins from nothing.
    pub(super) fn restart(&mut self) {
        self.subscriptions.clear();
    }

    /// Takes down what a question says: the proxy has accepted `base` last, nothing when empty.
    pub(super) fn hear(&mut self, key: &str, base: &str) -> Heard {
        // Only what is offered is kept, so that no asker can make this grow.
        if !self.offers.contains_key(key) {
            return Heard::Known;
        }
        self.subscriptions.entry(key.to_owned()).or_default().hear(base)
    }

    /// Takes down that the last answer was refused for this reason, or lost if there is none.
    pub(super) fn not_taken(&mut self, key: &str, base: &str, reason: Option<String>) {
        if let Some(subscription) = self.subscriptions.get_mut(key) {
            subscription.not_taken(base, reason);
        }
    }

    /// The answer to a question, if there is something that the proxy has not and did not refuse.
    pub(super) fn answer(&mut self, key: &str, base: &str, noted: u64) -> Option<String> {
        let offer = self.offers.get(key)?;
        let subscription = self.subscriptions.entry(key.to_owned()).or_default();
        subscription.answer(offer, base, &mut self.answers, noted)
    }

    /// How far the proxy is with what is offered of these; of a refusal, which and why.
    pub(super) fn standing(&self, which: impl Fn(&str) -> bool) -> Standing {
        let (mut waits, mut refused) = (false, Vec::new());
        for (key, offer) in self.offers.iter().filter(|(key, _)| which(key)) {
            let subscription = self.subscriptions.get(key);
            match subscription.map_or(Standing::Waits, |it| it.standing(offer)) {
                Standing::Accepted => {}
                Standing::Waits => waits = true,
                Standing::Refused(reason) => refused.push(format!("{key} rejected: {reason}")),
            }
        }
        match (refused.is_empty(), waits) {
            (false, _) => Standing::Refused(refused.join("\n")),
            (true, true) => Standing::Waits,
            (true, false) => Standing::Accepted,
        }
    }

    /// Why the proxy refuses what is offered of these, in Envoy's words alone.
    pub(super) fn reasons(&self, which: impl Fn(&str) -> bool) -> Option<String> {
        let offers = self.offers.iter().filter(|(key, _)| which(key));
        let mut said: Vec<String> = offers
            .filter_map(|(key, offer)| match self.subscriptions.get(key)?.standing(offer) {
                Standing::Refused(reason) => Some(reason),
                Standing::Accepted | Standing::Waits => None,
            })
            .collect();
        said.dedup();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::control_plane::subscription::LOST_MAX;

    fn offer(text: &str) -> Arc<Offer> {
        Arc::new(Offer::new([&json!(text)]))
    }

    /// The version in an answer.
    fn id(answer: Option<String>) -> String {
        let answer: Value = serde_json::from_str(&answer.expect("an answer")).expect("JSON");
        answer["version_info"].as_str().expect("a version").to_owned()
    }

    fn all(subscriptions: &Watched) -> Standing {
        subscriptions.standing(|_| true)
    }

    #[test]
    fn what_is_named_in_the_next_question_is_accepted() {
        let mut it = Watched::default();
        assert_eq!(it.answer("cds", "", 0), None);
        it.offer("cds", &offer("a"));
        assert_eq!(it.hear("cds", ""), Heard::Known);
        let first = id(it.answer("cds", "", 0));
        assert_eq!(all(&it), Standing::Waits);
        assert_eq!(it.hear("cds", &first), Heard::Known);
        assert_eq!(all(&it), Standing::Accepted);
        // There is nothing new, also for one who asks again after a while.
        assert_eq!(it.answer("cds", &first, 0), None);
        assert_eq!(it.hear("cds", &first), Heard::Known);
        it.offer("cds", &offer("b"));
        assert_eq!(all(&it), Standing::Waits);
        let second = id(it.answer("cds", &first, 0));
        it.hear("cds", &second);
        assert_eq!(it.acked("cds"), it.offered("cds"));
        // Another subscription of the same name, or another process, has nothing yet.
        assert_eq!(it.hear("cds", ""), Heard::Known);
        assert_eq!(all(&it), Standing::Waits);
        assert_ne!(id(it.answer("cds", "", 0)), second);
    }

    #[test]
    fn what_was_refused_is_not_sent_again_but_the_one_before_is() {
        let mut it = Watched::default();
        it.offer("lds", &offer("good"));
        let good = id(it.answer("lds", "", 0));
        it.hear("lds", &good);
        it.offer("lds", &offer("bad"));
        it.answer("lds", &good, 7).expect("an answer");
        assert_eq!(it.hear("lds", &good), Heard::Again { noted: 7 });
        it.not_taken("lds", &good, Some("why".to_owned()));
        assert_eq!(all(&it), Standing::Refused("lds rejected: why".to_owned()));
        assert_eq!(it.reasons(|key| key == "lds").as_deref(), Some("why"));
        assert_eq!(it.reasons(|key| key == "cds"), None);
        assert_eq!(it.answer("lds", &good, 7), None);
        assert_eq!(it.hear("lds", &good), Heard::Known);
        assert_eq!(it.answer("lds", &good, 7), None);
        // A part of the bad may be in force, so the good is in force only after it was sent again.
        it.offer("lds", &offer("good"));
        assert_eq!(all(&it), Standing::Waits);
        let again = id(it.answer("lds", &good, 8));
        assert_eq!(it.hear("lds", &again), Heard::Known);
        assert_eq!(all(&it), Standing::Accepted);
    }

    #[test]
    fn what_was_lost_is_sent_again_but_not_for_ever() {
        let mut it = Watched::default();
        it.offer("rds/80", &offer("a"));
        for _ in 0..=LOST_MAX {
            it.answer("rds/80", "", 0).expect("an answer");
            assert_eq!(it.hear("rds/80", ""), Heard::Again { noted: 0 });
            assert_eq!(all(&it), Standing::Waits);
            it.not_taken("rds/80", "", None);
        }
        assert_eq!(it.answer("rds/80", "", 0), None);
        assert!(matches!(all(&it), Standing::Refused(_)));
        it.restart();
        assert!(it.answer("rds/80", "", 0).is_some());
    }

    #[test]
    fn questions_for_what_is_not_offered_leave_nothing() {
        let mut it = Watched::default();
        assert_eq!(it.hear("eds/nobody", "x"), Heard::Known);
        it.not_taken("eds/nobody", "x", None);
        assert!(it.answer("eds/nobody", "x", 0).is_none() && it.subscriptions.is_empty());
        it.offer("eds/a", &offer("a"));
        it.answer("eds/a", "nonsense", 0).expect("an answer");
        it.retain(|key| key != "eds/a");
        assert!(it.subscriptions.is_empty() && it.offers.is_empty());
    }
}
