//! The rules between objects (what `istioctl analyze` has for a cluster): what no API server
//! objects to, because each object by itself is right, and what makes a scenario mean something
//! else than it says.

mod analyze;
mod destinations;
mod earlier;
mod finding;
mod hosts;
mod routes;
mod scopes;
mod shadowed;
mod surroundings;

#[cfg(test)]
mod tests;

pub use analyze::analyze;
pub use finding::{Finding, Severity};
pub use routes::faults_beside;
pub use surroundings::{Caller, Service, Surroundings};
