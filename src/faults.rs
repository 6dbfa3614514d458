//! What a step does to a service, the Istio objects that do it, and what those must show at the
//! proxies. Pure: a service's disturbances add up to one configuration, and the configuration is
//! rendered whole each time, so that an update never depends on what was there before.

mod amplified;
mod disturbance;
mod host;
mod proof;
mod render;
mod service_config;

pub use self::amplified::{amplified, burst, longest_delay};
pub use self::disturbance::{Disturbance, HeaderMatch};
pub use self::host::{Subject, services};
pub use self::proof::{Proof, Signal, proofs};
pub use self::service_config::ServiceConfig;
