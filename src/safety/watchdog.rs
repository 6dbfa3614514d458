//! Healers: pods that give back what a dead run changed.

mod args;
mod cover;
mod covered;
mod manifests;
#[cfg(test)]
mod tests;
mod watch;

pub use args::Charge;
pub(crate) use covered::Healers;
pub use watch::heal;
