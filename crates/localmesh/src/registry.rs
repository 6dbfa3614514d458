//! The handle by which everything inside the local mesh shares the object store: the API server,
//! the controllers, the kubelet and the control plane. Every write passes the same admission,
//! whoever makes it. The rim around the pure `store`.
//!
//! The map: `handle` reads and watches, `write` writes, `finalize` lets go of what is to be
//! deleted, `events` records what happened; `watchers` are told, `clock` has the time.

mod clock;
mod events;
mod finalize;
mod handle;
mod watchers;
mod write;

pub(crate) use clock::{fresh_uid, seconds};
pub use handle::{Listing, Registry};
pub use watchers::Notice;
pub use write::WriteMode;
