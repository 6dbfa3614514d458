//! What happens to an object between a request and the store, whoever makes it: its namespace is
//! checked, Kubernetes' defaults are filled in, its own rules are checked, and Istio's two webhooks
//! (injection, validation) have their say. Pure.
//!
//! The map: `admit` takes a `request` past `types` and then, by kind, past `namespaces`, `services`
//! (`addresses`), `pods` (`pod_spec`), `workloads`, `jobs`, `secrets`, `roles` or `istio`; `fields`
//! sets and refuses one field; `selects` and `hash` are used by controllers too.

mod addresses;
mod admit;
mod fields;
mod hash;
mod istio;
mod jobs;
mod namespaces;
mod pod_spec;
mod pods;
mod request;
mod roles;
mod secrets;
mod selects;
mod services;
mod types;
mod workloads;

pub(super) use admit::admit;
pub(super) use hash::{encoded, fnv};
pub(super) use namespaces::admit_delete;
pub(super) use request::Request;
pub(super) use selects::selects;

#[cfg(test)]
mod tests;
