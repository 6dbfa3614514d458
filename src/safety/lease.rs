//! The Lease that keeps two runs apart.

mod holder;
mod lease;
mod living;

pub(crate) use holder::NAME;
pub(crate) use lease::{Lease, Renewal, goes_with, release};
pub(crate) use living::living;
