//! A mesh through the Kubernetes API: connect, read and write objects, ask pods, wait for what was
//! written. Whatever is behind the kubeconfig, a cluster or a mesh of this very process, this is
//! the only way to it.

pub mod barrier;
mod connect;
mod failure;
pub mod granted;
mod handle;
pub mod image;
mod object_ref;
mod objects;
mod pod;
mod pod_proxy;
mod pod_trouble;
pub mod question;
pub mod rights;
mod rollout;

pub use barrier::Converged;
pub use handle::Cluster;
pub use object_ref::ObjectRef;
pub use objects::MANAGER;
pub use pod::Pod;
