//! The proxy's side of a connection: its Envoy asks, and is answered when there is something new.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::connection::Connection;
use super::kind::Kind;
use super::subscription::Heard;

/// A question with nothing new to answer is held so long. Envoy would wait twice as long
/// (`translate::REQUEST_TIMEOUT`), and asks again after it.
const HOLD: Duration = Duration::from_mins(5);

/// How long the reason may take from Envoy's log to us. It was written before the question that
/// shows the rejection, so this is only a full pipe or a busy machine.
const REASON_WITHIN: Duration = Duration::from_millis(300);

// === impl Connection ===

impl Connection {
    /// Answers a question of its Envoy when there is something new; `None` is to ask again.
    pub(super) async fn ask(
        &self,
        session: u64,
        kind: Kind,
        name: &str,
        base: &str,
    ) -> Option<String> {
        let key = kind.key(name);
        let mut changes = self.changes.subscribe();
        let (heard, newest) = {
            let mut state = self.state();
            if session > state.session {
                state.session = session;
                state.watched.restart();
                state.warmed = None;
            }
            (state.watched.hear(&key, base), state.session)
        };
        if let Heard::Again { noted } = heard {
            let reason = self.reason(noted, kind, name).await;
            self.state().watched.not_taken(&key, base, reason);
        }
        self.changes.send_replace(());
        let until = Instant::now() + HOLD;
        loop {
            {
                let mut state = self.state();
                // After another session began, everything that is asked is taken down anew.
                if state.left || state.session != newest {
                    return None;
                }
                let noted = state.nacks.count();
                if let Some(answer) = state.watched.answer(&key, base, noted) {
                    return Some(answer);
                }
            }
            match timeout_at(until, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return None,
            }
        }
    }

    /// Why its Envoy refused something of this kind.
    async fn reason(&self, noted: u64, kind: Kind, name: &str) -> Option<String> {
        let mut changes = self.changes.subscribe();
        let told = async {
            loop {
                if let Some(reason) = self.state().nacks.since(noted, kind, name) {
                    return Some(reason);
                }
                changes.changed().await.ok()?;
            }
        };
        timeout(REASON_WITHIN, told).await.ok().flatten()
    }
}
