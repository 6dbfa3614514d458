//! The barrier between writing a configuration and relying on it: every proxy that must know it
//! knows it, one has refused it, or it is not there yet.
//!
//! `before` remembers what was true before a write, `watch` waits until it is no longer so, by
//! repeated looks (`look`) that `judge` judges. A look has what the control planes say of the
//! proxies (`syncz`), and what some of these show themselves (`dump`) of what is `expected` by
//! then; both come in the types of configuration that `xds` names. `endpoints` waits for pods
//! instead of objects. Where nobody may be asked, the waiting is `blind`, and `counters` are what
//! is left. `proof` says what it was in the end.

mod before;
mod blind;
mod counters;
mod dump;
mod endpoints;
mod expected;
mod judge;
mod look;
mod proof;
mod syncz;
mod watch;
mod xds;

pub use before::Before;
pub use proof::{Converged, Proof};
