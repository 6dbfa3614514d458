//! What every stand-in is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::env::Env;
use super::lines::Lines;
use super::tasks::{Owner, Tasks};
use crate::image::{Container, Dial};

/// A container taken apart for a stand-in.
pub(super) struct Kit {
    pub(super) env: Env,
    pub(super) listeners: BTreeMap<u16, TcpListener>,
    pub(super) dial: Dial,
    pub(super) lines: Lines,
    pub(super) stop: CancellationToken,
    /// Ends all tasks when the stand-in ends, however it does.
    owner: Owner,
}

// === impl Kit ===

impl Kit {
    pub(super) fn new(container: Container) -> Self {
        Self {
            env: Env::new(container.env),
            listeners: container.listeners,
            dial: container.dial,
            lines: Lines::new(container.log),
            stop: container.stop,
            owner: Owner::new(),
        }
    }

    pub(super) fn tasks(&self) -> Tasks {
        self.owner.tasks()
    }

    /// An HTTP client like Go's default one.
    pub(super) fn client(&self) -> Client {
        Client::new(Arc::clone(&self.dial), self.tasks(), Client::GO_IDLE_PER_HOST)
    }

    /// Who it is in its log: `hotels/v1`.
    pub(super) fn instance(&self, service: &str) -> String {
        let service = self.env.get("CURRENT_SERVICE").unwrap_or(service);
        format!("{service}/{}", self.env.get("CURRENT_VERSION").unwrap_or("no-version"))
    }
}
