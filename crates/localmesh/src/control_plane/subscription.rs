//! One subscription of a proxy: what it was sent, what it has accepted and what it has refused.
//! Envoy says it itself, with each question: it names the version that it accepted last. Pure.

use super::offer::Offer;

/// An answer that Envoy asks for again without giving a reason was lost on the way, or another
/// subscription of that name has begun. After so many times it is taken for refused anyhow, so
/// that an Envoy whose words are not understood is not sent the same for ever.
pub(super) const LOST_MAX: u32 = 3;

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

/// Where one subscription stands.
#[derive(Debug, Default)]
pub(super) struct Subscription {
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

// === impl Subscription ===

impl Subscription {
    /// The version that the proxy has.
    pub(super) fn acked(&self) -> Option<&String> {
        self.acked.as_ref()
    }

    /// Takes down what a question says: the proxy has accepted `base` last, nothing when empty.
    pub(super) fn hear(&mut self, base: &str) -> Heard {
        if let Some(sent) = &self.sent {
            if sent.base == base {
                return Heard::Again { noted: sent.noted };
            }
            if sent.id == base {
                *self = Self::default();
            }
        }
        self.acked = content(base);
        Heard::Known
    }

    /// Takes down that the last answer was refused for this reason, or lost if there is none.
    pub(super) fn not_taken(&mut self, base: &str, reason: Option<String>) {
        let Some(sent) = self.sent.take_if(|sent| sent.base == base) else { return };
        self.acked = content(base);
        if reason.is_none() && self.lost < LOST_MAX {
            self.lost += 1;
            return;
        }
        let reason = reason.unwrap_or_else(|| "Envoy gave no reason".to_owned());
        self.refused = Some(Refused { base: sent.base, version: sent.version, reason });
    }

    /// The answer to a question, if the offer is something that the proxy has not and did not
    /// refuse. `answers` counts them, which makes each answer's version its own.
    pub(super) fn answer(
        &mut self,
        offer: &Offer,
        base: &str,
        answers: &mut u64,
        noted: u64,
    ) -> Option<String> {
        let known = match &self.refused {
            // Envoy may have taken a part of what it refused, so that even what it had before is
            // sent again.
            Some(refused) if refused.base == base => refused.version == offer.version,
            Some(_) | None => content(base).as_ref() == Some(&offer.version),
        };
        if known {
            return None;
        }
        *answers += 1;
        let id = format!("{}.{answers}", offer.version);
        let body = format!("{{\"version_info\":\"{id}\",\"resources\":{}}}", offer.resources);
        self.acked = None;
        let (base, version) = (base.to_owned(), offer.version.clone());
        self.sent = Some(Sent { base, id, version, noted });
        Some(body)
    }

    /// How far the proxy is with an offer.
    pub(super) fn standing(&self, offer: &Offer) -> Standing {
        match &self.refused {
            Some(it) if it.version == offer.version => Standing::Refused(it.reason.clone()),
            None if self.acked.as_ref() == Some(&offer.version) => Standing::Accepted,
            Some(_) | None => Standing::Waits,
        }
    }
}

/// The version of the content in an answer's version.
fn content(id: &str) -> Option<String> {
    let content = id.split_once('.').map_or(id, |(content, _)| content);
    (!content.is_empty()).then(|| content.to_owned())
}
