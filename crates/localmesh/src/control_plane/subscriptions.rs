//! What one proxy is offered, was sent, has accepted and has refused, subscription by subscription.
//! Envoy says it itself, with each question: it names the version that it accepted last. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A subscription: `cds`, `lds`, `rds/<route configuration>` or `eds/<service>`.
pub(super) type Key = String;

/// An answer that Envoy asks for again without giving a reason was lost on the way, or another
/// subscription of that name has begun. After so many times it is taken for refused anyhow, so
/// that an Envoy whose words are not understood is not sent the same for ever.
const LOST_MAX: u32 = 3;

/// The resources of one subscription as they are sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// A hash of the content.
    pub(super) version: String,
    /// The resources as a JSON array.
    resources: String,
}

/// What a question means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The proxy has what it says.
    Known,
    /// It asks as before the last answer, so that was refused or lost; `noted` is what was given
    /// to `answer` then.
    Again { noted: u64 },
}

/// How far the proxy is with some subscriptions.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Accepted,
    Waits,
    /// Says which and why.
    Refused(String),
}

/// All subscriptions of one proxy.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    offers: BTreeMap<Key, Arc<Offer>>,
    states: BTreeMap<Key, State>,
    /// How many answers were sent; makes each answer's version its own.
    answers: u64,
}

/// Where one subscription stands.
#[derive(Debug, Default)]
struct State {
    /// The last answer, until the proxy has said what it made of it.
    sent: Option<Sent>,
    /// The content that the proxy has.
    acked: Option<String>,
    refused: Option<Refused>,
    lost: u32,
}

#[derive(Debug)]
struct Sent {
    /// The version in the question.
    base: String,
    /// The version in the answer: that of the content and a number.
    id: String,
    version: String,
    noted: u64,
}

#[derive(Debug)]
struct Refused {
    base: String,
    version: String,
    reason: String,
}

// === impl Offer ===

impl Offer {
    pub(super) fn new<'a>(resources: impl IntoIterator<Item = &'a Value>) -> Self {
        let resources: Vec<&Value> = resources.into_iter().collect();
        let resources = serde_json::to_string(&resources).expect("values are JSON already");
        Self { version: hash(resources.as_bytes()), resources }
    }
}

// === impl Subscriptions ===

impl Subscriptions {
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

    /// What is offered, by subscription.
    pub(super) fn offers(&self) -> impl Iterator<Item = (&Key, &String)> {
        self.offers.iter().map(|(key, offer)| (key, &offer.version))
    }

    /// The version that the proxy has.
    pub(super) fn acked(&self, key: &str) -> Option<&String> {
        self.states.get(key)?.acked.as_ref()
    }

    /// Withdraws the offers that are not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.offers.retain(|key, _| keep(key));
        self.states.retain(|key, _| keep(key));
    }

    /// A new process begins from nothing.
    pub(super) fn restart(&mut self) {
        self.states.clear();
    }

    /// Takes down what a question says: the proxy has accepted `base` last, nothing when empty.
    pub(super) fn hear(&mut self, key: &str, base: &str) -> Heard {
        // Only what is offered is kept, so that no asker can make this grow.
        if !self.offers.contains_key(key) {
            return Heard::Known;
        }
        let state = self.states.entry(key.to_owned()).or_default();
        if let Some(sent) = &state.sent {
            if sent.base == base {
                return Heard::Again { noted: sent.noted };
            }
            if sent.id == base {
                *state = State::default();
            }
        }
        state.acked = content(base);
        Heard::Known
    }

    /// Takes down that the last answer was refused for this reason, or lost if there is none.
    pub(super) fn not_taken(&mut self, key: &str, base: &str, reason: Option<String>) {
        let Some(state) = self.states.get_mut(key) else { return };
        let Some(sent) = state.sent.take_if(|sent| sent.base == base) else { return };
        state.acked = content(base);
        if reason.is_none() && state.lost < LOST_MAX {
            state.lost += 1;
            return;
        }
        let reason = reason.unwrap_or_else(|| "Envoy gave no reason".to_owned());
        state.refused = Some(Refused { base: sent.base, version: sent.version, reason });
    }

    /// The answer to a question, if there is something that the proxy has not and did not refuse.
    pub(super) fn answer(&mut self, key: &str, base: &str, noted: u64) -> Option<String> {
        let offer = self.offers.get(key)?;
        let state = self.states.entry(key.to_owned()).or_default();
        let known = match &state.refused {
            // Envoy may have taken a part of what it refused, so that even what it had before is
            // sent again.
            Some(refused) if refused.base == base => refused.version == offer.version,
            Some(_) | None => content(base).as_ref() == Some(&offer.version),
        };
        if known {
            return None;
        }
        self.answers += 1;
        let id = format!("{}.{}", offer.version, self.answers);
        let body = format!("{{\"version_info\":\"{id}\",\"resources\":{}}}", offer.resources);
        state.acked = None;
        let (base, version) = (base.to_owned(), offer.version.clone());
        state.sent = Some(Sent { base, id, version, noted });
        Some(body)
    }

    /// How far the proxy is with what is offered of these.
    pub(super) fn standing(&self, which: impl Fn(&str) -> bool) -> Standing {
        let (mut waits, mut refused) = (false, Vec::new());
        for (key, offer) in self.offers.iter().filter(|(key, _)| which(key)) {
            let state = self.states.get(key);
            match state.and_then(|state| state.refused.as_ref()) {
                Some(it) if it.version == offer.version => {
                    refused.push(format!("{key} rejected: {}", it.reason));
                }
                Some(_) => waits = true,
                None => waits |= state.and_then(|s| s.acked.as_ref()) != Some(&offer.version),
            }
        }
        match (refused.is_empty(), waits) {
            (false, _) => Standing::Refused(refused.join("\n")),
            (true, true) => Standing::Waits,
            (true, false) => Standing::Accepted,
        }
    }
}

/// The version of the content in an answer's version.
fn content(id: &str) -> Option<String> {
    let content = id.split_once('.').map_or(id, |(content, _)| content);
    (!content.is_empty()).then(|| content.to_owned())
}

/// Sixteen hexadecimal digits of the SHA-256: two contents never share them by chance.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offer(text: &str) -> Arc<Offer> {
        Arc::new(Offer::new([&json!(text)]))
    }

    /// The version in an answer.
    fn id(answer: Option<String>) -> String {
        let answer: Value = serde_json::from_str(&answer.expect("an answer")).expect("JSON");
        answer["version_info"].as_str().expect("a version").to_owned()
    }

    fn all(subscriptions: &Subscriptions) -> Standing {
        subscriptions.standing(|_| true)
    }

    #[test]
    fn what_is_named_in_the_next_question_is_accepted() {
        let mut it = Subscriptions::default();
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
        let mut it = Subscriptions::default();
        it.offer("lds", &offer("good"));
        let good = id(it.answer("lds", "", 0));
        it.hear("lds", &good);
        it.offer("lds", &offer("bad"));
        it.answer("lds", &good, 7).expect("an answer");
        assert_eq!(it.hear("lds", &good), Heard::Again { noted: 7 });
        it.not_taken("lds", &good, Some("why".to_owned()));
        assert_eq!(all(&it), Standing::Refused("lds rejected: why".to_owned()));
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
        let mut it = Subscriptions::default();
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
        let mut it = Subscriptions::default();
        assert_eq!(it.hear("eds/nobody", "x"), Heard::Known);
        it.not_taken("eds/nobody", "x", None);
        assert!(it.answer("eds/nobody", "x", 0).is_none() && it.states.is_empty());
        it.offer("eds/a", &offer("a"));
        it.answer("eds/a", "nonsense", 0).expect("an answer");
        it.retain(|key| key != "eds/a");
        assert!(it.states.is_empty() && it.offers.is_empty());
    }
}
