//! Faultless, the library: how a sentence about resilience is done to a mesh.
//!
//! The map, from the top: `scenario` conducts, and `preflight` looks before it does. Below them
//! `evidence` is what is seen, and `safety` what is changed and undone. Below those stand beside
//! each other `cluster`, `faults`, `load`, `telemetry` and `verdict`; and at the ground are the
//! words: `application`, `units` and `error`. Istio's objects are the crate `istio`, Prometheus'
//! text the crate `exposition`. Nothing here knows the local mesh: it is reached through the
//! Kubernetes API like any other.

pub mod preflight;
pub mod scenario;

pub mod evidence;
pub mod safety;

pub mod cluster;
pub mod faults;
pub mod load;
pub mod telemetry;
pub mod verdict;

pub mod application;
pub mod error;
pub mod units;
