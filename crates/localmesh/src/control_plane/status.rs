//! How far each proxy has come, as istiod's `/debug/syncz` has it.

use serde::Serialize;

use super::connection::Connection;
use super::kind::Key;
use super::offer::hash;
use super::target::asked;

/// What was sent of one type, and what of that was accepted; versions are hashes of the content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ack {
    /// Version that was sent last.
    pub sent: String,
    /// Version that was accepted last.
    pub acked: String,
}

/// How far one proxy has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProxyStatus {
    /// `<pod>.<namespace>`
    pub proxy: String,
    /// CDS.
    pub cluster: Ack,
    /// LDS.
    pub listener: Ack,
    /// RDS.
    pub route: Ack,
    /// EDS.
    pub endpoint: Ack,
    /// What it rejects, with Envoy's reason.
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
        let ack = |prefix: &str| {
            let asked = |key: &str| target.as_ref().is_none_or(|target| asked(target, key));
            let sent = state.watched.offers();
            let sent: Vec<_> =
                sent.filter(|(key, _)| key.starts_with(prefix) && asked(key)).collect();
            let keys = sent.iter().map(|(key, _)| *key);
            let acked: Vec<_> =
                keys.filter_map(|key| Some((key, state.watched.acked(key)?))).collect();
            Ack { sent: digest(&sent), acked: digest(&acked) }
        };
        ProxyStatus {
            proxy: self.name(),
            cluster: ack("cds"),
            listener: ack("lds"),
            route: ack("rds/"),
            endpoint: ack("eds/"),
            error: state.error.clone(),
            observed: state.observed,
        }
    }
}

/// One version for several subscriptions; empty for none.
fn digest(versions: &[(&Key, &String)]) -> String {
    let text: String = versions.iter().map(|(key, version)| format!("{key} {version}\n")).collect();
    if text.is_empty() { text } else { hash(text.as_bytes()) }
}
