//! The object store behind the local API server: Kubernetes' semantics of objects, versions,
//! conflicts, finalizers and watches, without any IO. Time and uids come in as arguments. Pure.
//!
//! The map: `objects` holds and lists them and remembers what happened, `write` creates, replaces
//! and deletes; `new_object`, `identity`, `parts`, `metadata` and `names` say what may be written,
//! `deletion` what keeps an object; `refusal` has Kubernetes' words, `meta` reads JSON.

mod deletion;
mod identity;
pub mod meta;
mod metadata;
mod names;
mod new_object;
mod objects;
mod parts;
mod refusal;
mod types;
mod write;

pub use deletion::{FOREGROUND, ORPHAN};
pub use names::is_label;
pub use objects::Store;
pub use refusal::{Refusal, resource};
pub use types::{
    Change, Event, Object, Part, Preconditions, Propagation, SUFFIX_LEN, Stamp, Written,
    api_version,
};

#[cfg(test)]
mod tests;
