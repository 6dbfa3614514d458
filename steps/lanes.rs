//! Lanes: scenarios that run beside each other, each on a mesh of its own, as many as the machine
//! has room for.

mod count;
mod lanes;
mod pool;

pub(crate) use self::count::lanes_for;
pub(crate) use self::lanes::{Lanes, Plan, TargetChoice};
