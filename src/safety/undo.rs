//! How a change is undone: again and again within a bound, as good twice as once, and never over
//! somebody else's edit.

mod budget;
mod by_hand;
mod marks;
mod perform;
mod revert;
mod steps;

pub(crate) use budget::{Budget, retried};
pub(crate) use marks::Marks;
pub(crate) use perform::perform;
pub(crate) use steps::{UndoAction, UndoOutcome, UndoStep, undo_steps};
