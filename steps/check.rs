//! Features tried for sense before anything is touched: every sentence must be known once, and
//! every scenario is walked through in plan, where each step checks its names and numbers.

mod check;
mod dry_run;
mod order;
mod problem;

pub(crate) use self::check::check;
pub(crate) use self::dry_run::{Checked, ScenarioPlans, dry_run};
pub(crate) use self::order::quiet_first;
pub(crate) use self::problem::{Problem, refusal};
