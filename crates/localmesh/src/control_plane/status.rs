//! How far each proxy has come, as istiod's `/debug/syncz` has it.

use std::collections::BTreeMap;

use super::connection::Connection;
use super::kind::Kind;
use super::subscription::Standing;
use super::target::asked;

/// What was sent of one type, and what the proxy made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ack {
    /// The nonce that was sent last.
    pub sent: String,
    /// The nonce that was accepted last; empty if none was since the proxy's Envoy began.
    pub acked: String,
    /// When it was sent, RFC 3339.
    pub time: String,
    /// Why the proxy refused what it was sent last, in Envoy's words.
    pub refused: Option<String>,
}

/// How far one proxy has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyStatus {
    /// `<pod>.<namespace>`
    pub proxy: String,
    /// By the type of the resources.
    pub types: BTreeMap<&'static str, Ack>,
    /// What it rejects or does not answer, with Envoy's reason.
    pub error: Option<String>,
    /// The resource version of the store up to which everything is pushed and accepted.
    pub observed: u64,
}

// === impl Connection ===

impl Connection {
    /// How far its proxy has come.
    pub(super) fn status(&self) -> ProxyStatus {
        let target = self.target.borrow().clone();
        let state = self.state();
        let ack = |kind: Kind| {
            let target = target.as_ref()?;
            let sent = target.nonces.of(kind)?.clone();
            let acked = state.ledger.acked(kind).cloned().unwrap_or_default();
            // Another Envoy of this pod knows nothing of what the one before has accepted.
            let waits = || {
                let which = |key: &str| kind.has(key) && asked(target, key);
                state.watched.standing(which) == Standing::Waits
            };
            let acked = if acked == sent.nonce && waits() { String::new() } else { acked };
            let refused = state.ledger.refused(kind).cloned();
            Some((kind.type_url(), Ack { sent: sent.nonce, acked, time: sent.time, refused }))
        };
        ProxyStatus {
            proxy: self.name(),
            types: Kind::ALL.into_iter().filter_map(ack).collect(),
            error: state.error.clone(),
            observed: state.observed,
        }
    }
}
