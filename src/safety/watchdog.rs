//! Watchdogs: pods that give back what a dead run changed.

mod args;
mod cover;
mod covered;
mod manifests;
mod said;
#[cfg(test)]
mod tests;
mod watch;

pub use args::WatchdogArgs;
pub(crate) use covered::Watchdogs;
pub use watch::watch;
