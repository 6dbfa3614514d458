//! Faultless, the library: how a sentence about resilience is done to a mesh.
//!
//! The map, in reading order. `scenario` conducts; `faults`, `load`, `telemetry`, `verdict` and
//! `target` are peers below it; `istio`, `units` and `error` are the words they share; `local` is a
//! mesh of real Envoys on this machine, reached through the Kubernetes API like any other.

pub mod scenario;

pub mod faults;
pub mod load;
pub mod target;
pub mod telemetry;
pub mod verdict;

pub mod error;
pub mod istio;
pub mod units;

pub mod local;
