//! The local mesh: a Kubernetes and an Istio small enough to embed, with one real Envoy per pod. It
//! knows nothing of the runner: whoever starts one reaches it as any cluster, by its kubeconfig.
//!
//! From the outside in: `api` is what `kubectl` and the runner see; `registry` is what everything
//! inside shares (over the pure `store`, behind `admission` and `injection`); `controllers` make
//! pods of Deployments; `kubelet` makes processes of pods; `control_plane` makes Envoy
//! configuration of Istio objects (by the pure `translate`); `metrics` makes Istio's telemetry of
//! Envoy's statistics; `demo` stands in for the Travel Demo's images.
//!
//! `mesh` is all of it as one value, in a `workdir`. What several share: `kinds` is the table of
//! what is served, `image` what the kubelet can run, `network` the pods' addresses, `envoy` the
//! binary and its process, `logs` what containers said, `port_forward` the way into a pod, `http` a
//! small server, `error` what can go wrong.

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
mod port_forward;
pub mod registry;
pub mod store;
pub mod translate;
mod workdir;
