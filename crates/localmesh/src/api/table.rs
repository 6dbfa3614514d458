//! Objects as the tables that `kubectl get` prints: each kind's columns are Kubernetes' own
//! (`pkg/printers/internalversion`) or those of Istio's CRDs; kinds that people seldom look at have
//! name and age alone. Objects are untrusted: what is missing or of a wrong type is shown as
//! missing.
//!
//! The map: `rows` makes the table, by `columns`; `cell` reads a field, `pod`, `job`, `event` and
//! `service` say what takes more than one; `age` writes lengths of time.

mod age;
mod cell;
mod columns;
mod event;
mod job;
mod pod;
mod rows;
mod service;

pub(super) use rows::{Include, metadata_only, table};
