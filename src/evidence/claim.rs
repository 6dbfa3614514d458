//! Claims: who looks, at what, and what is expected.

mod check;
mod claim;
mod observer;
mod property;

pub use claim::{Claim, Comparison, Expectation};
pub use observer::{Caller, Observer};
pub use property::{Property, Unit};
