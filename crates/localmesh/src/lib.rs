//! The local mesh: a Kubernetes and an Istio small enough to embed, with one real Envoy per pod. It
//! knows nothing of the runner: whoever starts one reaches it as any cluster, by its kubeconfig.
//!
//! From the outside in: `api` is what `kubectl` and the runner see; `registry` is what everything
//! inside shares (over the pure `store`, behind `admission` and `injection`); `controllers` make
//! pods of Deployments; `kubelet` makes processes of pods; `control_plane` makes Envoy
//! configuration of Istio objects (by the pure `translate`); `metrics` makes Istio's telemetry of
//! Envoy's statistics; `demo` stands in for the Travel Demo's images.

pub mod admission;
pub mod api;
pub mod control_plane;
pub mod controllers;
pub mod demo;
pub mod envoy;
pub mod error;
mod http;
pub mod image;
pub mod injection;
pub mod kinds;
pub mod kubelet;
pub mod logs;
pub mod mesh;
pub mod metrics;
pub mod network;
pub mod registry;
pub mod store;
pub mod translate;
mod workdir;
