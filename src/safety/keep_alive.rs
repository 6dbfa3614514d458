//! Keeping runs alive while they work: heartbeats by a future that is polled with the work itself,
//! so that it can never outlive it.

use std::future::Future;

use futures::future::join_all;

use crate::safety::deadman::Heartbeat;
use crate::safety::lease::Renewal;
use crate::safety::session::Session;

/// Does the work and keeps these runs alive while it takes.
pub async fn kept<T>(sessions: &[&Session], work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut watching = std::pin::pin!(join_all(sessions.iter().map(|session| session.watch())));
    tokio::select! {
        biased;
        // A process that was frozen finds out before it does anything else.
        _ = &mut watching => work.await,
        done = &mut work => done,
    }
}

impl Session {
    /// Keeps the run alive. When it is lost, its work is asked to stop and to restore; never
    /// ends, so that it is polled beside the work for as long as that takes.
    async fn watch(&self) {
        let why = self.keep().await;
        self.lost.set(why);
        self.stop.cancel();
        std::future::pending::<()>().await;
    }

    /// Renews and pushes back until the run is lost; answers why.
    pub(crate) async fn keep(&self) -> String {
        loop {
            if let Some(why) = self.beat().await {
                return why;
            }
            tokio::time::sleep(self.beat).await;
        }
    }

    /// Renews and pushes back once; answers why the run is lost, if it is.
    async fn beat(&self) -> Option<String> {
        if let Err(error) = self.dead_man.check() {
            return Some(error.to_string());
        }
        match self.lease.renew(&self.cluster).await {
            Renewal::Lost(why) => return Some(why),
            Renewal::Renewed | Renewal::Missed => {}
        }
        match self.dead_man.beat(&self.cluster).await {
            Heartbeat::Fired(why) => Some(why),
            Heartbeat::Pushed | Heartbeat::Missed => None,
        }
    }

    /// Looks once more when the work is done: what happened since the last heartbeat counts too.
    pub async fn look_again(&self) {
        if let Some(why) = self.beat().await {
            self.lost.set(why);
        }
    }
}
