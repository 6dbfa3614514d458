//! The machine that lanes share: several may send load at once, or one alone.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Shared by all lanes that are on one machine. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Room(Arc<RwLock<()>>);

/// While it lives, its owner sends.
#[derive(Debug)]
pub(crate) enum Stay {
    /// Beside others.
    Shared(#[expect(dead_code, reason = "held, not read")] OwnedRwLockReadGuard<()>),
    /// Alone.
    Alone(#[expect(dead_code, reason = "held, not read")] OwnedRwLockWriteGuard<()>),
}

// === impl Room ===

impl Room {
    /// Waits for a place: alone, after everybody else has left; otherwise beside others. A piece of
    /// load lasts seconds, and tokio's lock is fair, so nobody waits for ever.
    pub(crate) async fn enter(&self, alone: bool) -> Stay {
        let lock = Arc::clone(&self.0);
        match alone {
            true => Stay::Alone(lock.write_owned().await),
            false => Stay::Shared(lock.read_owned().await),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_is_alone_is_alone() {
        let room = Room::default();
        let (one, two) = (room.enter(false).await, room.enter(false).await);
        let wait = Duration::from_secs(1);
        assert!(tokio::time::timeout(wait, room.enter(true)).await.is_err());
        drop((one, two));
        let alone = room.enter(true).await;
        assert!(tokio::time::timeout(wait, room.enter(false)).await.is_err());
        drop(alone);
        room.enter(false).await;
    }
}
