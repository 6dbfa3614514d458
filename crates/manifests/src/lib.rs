//! Manifests as people have them: YAML as `kubectl` reads it, in bounded time and memory, with the
//! place of what is wrong in it; and objects as `kubectl get -o yaml` prints them. Pure.

mod exported;
mod key;
mod node;
mod origin;
mod problem;
mod read;
mod state;
mod tabs;
mod words;

pub use exported::objects;
pub use origin::Origin;
pub use problem::{Mark, Note, Problem};
pub use read::{Read, read};
