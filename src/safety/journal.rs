//! The journal: what was done and how to undo it, on disk before it is done.

mod entry;
mod failpoint;
mod file;
mod folder;
mod header;
mod journal;
pub(super) mod record;
mod replay;

pub use entry::{Entry, Scope, Undo};
pub(crate) use folder::{journals, state_folder};
pub use header::Header;
pub(crate) use header::host;
pub(crate) use journal::Earlier;
pub use journal::Journal;
