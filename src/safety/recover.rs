//! Finishing runs that died, from their journals.

mod finish;
mod recover;

pub(crate) use recover::before_run;
pub use recover::{Recovered, recover};
