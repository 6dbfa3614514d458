//! What a proxy made of what it was sent, by type: the nonce that it accepted last, and in Envoy's
//! words why it refused what came after. Pure.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::nonces::Nonces;

/// What a proxy made of what it was sent.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    acked: BTreeMap<Kind, String>,
    refused: BTreeMap<Kind, String>,
}

// === impl Ledger ===

impl Ledger {
    /// The nonce that was accepted last.
    pub(super) fn acked(&self, kind: Kind) -> Option<&String> {
        self.acked.get(&kind)
    }

    /// Why something was refused; until something else is accepted.
    pub(super) fn refused(&self, kind: Kind) -> Option<&String> {
        self.refused.get(&kind)
    }

    /// Takes down that all of this was accepted.
    pub(super) fn accept(&mut self, kinds: &[Kind], nonces: &Nonces) {
        for kind in kinds {
            self.refused.remove(kind);
            if let Some(sent) = nonces.of(*kind) {
                self.acked.insert(*kind, sent.nonce.clone());
            }
        }
    }

    /// Takes down why something was refused.
    pub(super) fn refuse(&mut self, kind: Kind, reason: String) {
        self.refused.insert(kind, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_plane::nonces::{Cause, Push};
    use crate::translate::Resources;

    #[test]
    fn a_reason_stays_until_something_is_accepted() {
        let push = Push { version: "T/1".to_owned(), time: "T".to_owned() };
        let resources = Resources::default();
        let nonces =
            Nonces::default().pushed(&push, None, &resources, Cause::default(), String::new);
        let mut ledger = Ledger::default();
        ledger.refuse(Kind::Routes, "why".to_owned());
        ledger.accept(&[Kind::Clusters], &nonces);
        assert_eq!(ledger.acked(Kind::Clusters).map(String::as_str), Some("T/1"));
        assert_eq!(ledger.acked(Kind::Routes), None);
        assert_eq!(ledger.refused(Kind::Routes).map(String::as_str), Some("why"));
        ledger.accept(&Kind::ALL, &nonces);
        assert_eq!(ledger.refused(Kind::Routes), None);
    }
}
