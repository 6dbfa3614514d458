//! The pod network of the local mesh: who has which address on loopback, and how a container
//! reaches a service by name. Each mesh owns one `127.X.0.0/16`, each pod one address in it, so two
//! meshes never meet. A pod with a sidecar reaches services through Unix sockets on which its own
//! Envoy listens (there is no iptables without root); between pods everything is TCP.
//!
//! `addresses` is the network that everybody shares, over the `pods` on it; `claim` and `listen`
//! take a block and ports from the machine. `pod_net`, `workload` and `protocol` are what is known
//! of a pod. `dial` is its way out, to what `resolve` makes of a name by the services' `selection`.

mod addresses;
mod claim;
mod dial;
pub(crate) mod listen;
pub(crate) mod pod_net;
mod pods;
pub(crate) mod protocol;
mod resolve;
pub(crate) mod selection;
pub(crate) mod workload;

pub use self::addresses::Network;
pub use self::pod_net::{PodNet, PodPort};
pub use self::protocol::Protocol;
pub use self::workload::Workload;
