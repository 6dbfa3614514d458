//! The dead-man's switches: Jobs whose deadline a living run pushes back.

mod arm;
mod job;
mod switches;

pub(crate) use arm::unprotected;
pub(crate) use job::{STARTING, Switch, WATCHDOG, watchdogs_job};
pub(crate) use switches::{DeadMan, Heartbeat, LATER};
