//! A mesh through the Kubernetes API: connect, read and write objects, ask pods, wait for what was
//! written. Whatever is behind the kubeconfig, a cluster or a mesh of this very process, this is
//! the only way to it.

mod barrier;
mod chain;
mod connect;
mod control_plane;
mod failure;
pub mod granted;
mod handle;
pub mod image;
mod image_name;
mod kubeconfig;
mod object_ref;
mod objects;
mod own_pods;
mod pod;
mod pod_proxy;
mod pod_trouble;
pub mod question;
pub mod rights;
mod rollout;
mod seen;
mod service_proxy;
mod tunnel;
mod tunnels;
mod way_hint;

pub use barrier::{Before, Converged, Proof};
pub(crate) use chain::chain;
pub use handle::Cluster;
pub use image::{AgentImage, PullPolicy};
pub use image_name::ImageName;
#[cfg(fuzzing)]
pub use kubeconfig::read_any as read_any_kubeconfig;
pub use object_ref::ObjectRef;
pub use objects::MANAGER;
pub(crate) use own_pods::OwnPods;
pub use pod::Pod;
pub(crate) use way_hint::way_hint;
