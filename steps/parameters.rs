//! The words inside sentences. Each is matched generously, so that a wrong one is read, refused and
//! explained, instead of making the whole sentence unknown.
//!
//! No two words have the same pattern: `sentences` reads sentences back from their patterns.

mod amount;
mod error;
mod load;
mod names;
mod numbers;
mod observer;
mod property;
#[cfg(test)]
mod tests;
mod traffic;

pub(crate) use self::amount::Amount;
pub(crate) use self::load::Load;
pub(crate) use self::names::{Clients, Service, Version, Workloads};
pub(crate) use self::numbers::{Count, Percent, Span, Status};
pub(crate) use self::observer::Observer;
pub(crate) use self::property::Property;
pub(crate) use self::traffic::{Header, Split};
