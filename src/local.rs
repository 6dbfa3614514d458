//! The local mesh: a Kubernetes and an Istio small enough to embed, with one real Envoy per pod.
//! Only `target` may use it, and it uses nothing above `istio`, `units` and `error`.

mod admission;
pub mod cluster;
pub mod control_plane;
pub mod controllers;
pub mod demo;
pub mod envoy;
pub mod image;
pub mod injection;
pub mod kinds;
pub mod kubelet;
pub mod logs;
pub mod metrics;
pub mod network;
pub mod store;
pub mod translate;
