//! The stream of records, folded into what a reader thinks in: a run, its scenarios, their steps,
//! and the load that was sent. `reasons` says why a scenario did not pass, `together` makes one run
//! of those that shared a suite, `unbegun` tells what was to run and did not.

mod load;
mod reasons;
mod run;
mod scenario;
mod step;
mod together;
mod unbegun;

pub use self::load::Load;
pub use self::run::{Finished, Run};
pub use self::scenario::Scenario;
pub use self::step::{Claim, Step};

pub(crate) use self::run::remains;
pub(crate) use self::step::changed;
