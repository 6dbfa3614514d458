//! Envoy as a process: found or fetched, started so that it dies with its parent, asked about
//! itself through its admin socket.
//!
//! `fetch` finds or downloads the binary; `shim` is what the child is before it becomes Envoy;
//! `bootstrap` is its configuration, with the `stats` it keeps (pure); `spec` is what it is started
//! with, `spawner` the thread that starts it; `process` is one that runs, `ready` when it serves;
//! `admin` asks it, over an `admin_connection`; `lines` reads its log in bounded pieces.

pub mod admin;
mod admin_connection;
mod bootstrap;
pub mod fetch;
mod lines;
mod process;
mod ready;
pub mod shim;
mod spawner;
mod spec;
mod stats;

pub use self::process::Envoy;
pub use self::spec::Spec;
