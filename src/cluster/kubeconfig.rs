//! Kubeconfigs as kubectl reads them: which files, which entries of them, which proxy on the way to
//! the server, and what signs the requests in. What is wrong is told with its file and its entry,
//! and never with what is secret in them.

mod bearer;
mod certificates;
mod credential;
mod entry;
mod exec;
mod files;
#[cfg(any(test, fuzzing))]
mod fuzzing;
#[cfg(test)]
mod machine;
mod no_proxy;
mod plugin_text;
mod proxy;
mod server;
mod signed;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod way_tests;

pub(super) use entry::Entry;
pub(super) use files::Files;
#[cfg(fuzzing)]
pub use fuzzing::kubeconfig as read_any;
pub(super) use proxy::Proxies;
