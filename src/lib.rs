//! Faultless, the library: how a sentence about resilience is done to a mesh.
//!
//! The map, in reading order. `scenario` conducts; `faults`, `load`, `telemetry`, `verdict` and
//! `target` are peers below it; `units` and `error` are the words they share. Istio's objects are
//! the crate `istio`, Prometheus' text the crate `exposition`. Nothing here knows the local mesh:
//! it is reached through the Kubernetes API like any other.

pub mod scenario;

pub mod cluster;
pub mod evidence;
pub mod faults;
pub mod load;
pub mod safety;
pub mod telemetry;
pub mod verdict;

pub mod application;
pub mod error;
pub mod units;
