//! The kubelet: gives every pod an address, its application's stand-ins and, where one was
//! injected, a real Envoy, and reports what became of them.
//!
//! `run` looks at all pods, with what `config` gives it. `pod` is the `life` of one: `pod_start`,
//! `pod_run` and `pod_stop` are its parts. A `plan` says what its containers are run with (`env`,
//! with `field` and `expand`, all pure), its `sandbox` what they need before, of it a `folder`. An
//! `app`, each a `process` of its own, or a `sidecar` is kept running, as `restart` says, and
//! `told` is what is heard of it. `view` is what the pod's task knows, `status` and
//! `container_status` how the API shows it (pure).

mod app;
mod config;
mod container_status;
mod env;
mod expand;
mod field;
mod folder;
mod life;
mod plan;
mod pod;
mod pod_run;
mod pod_start;
mod pod_stop;
mod process;
mod restart;
mod run;
mod sandbox;
mod sidecar;
mod status;
mod told;
mod view;

pub use self::config::{Config, NODE, SIDECAR};
pub use self::run::Kubelet;
