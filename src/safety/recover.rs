//! Finishing runs that died, from their journals.

mod finish;
mod healed;
mod recover;

pub(crate) use recover::before_run;
pub use recover::{Recovered, recover};
