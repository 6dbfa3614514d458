//! What a CRD's structural schema does in a real API server: the fields that there are with their
//! types (networking.istio.io/v1, as istio/api's protos define them), and the walk over an object
//! that refuses what does not fit.

mod destination_rule;
mod kinds;
mod virtual_service;
mod walk;

pub(crate) use destination_rule::DESTINATION_RULE;
#[cfg(test)]
pub(crate) use kinds::{Message, Type};
pub(crate) use virtual_service::VIRTUAL_SERVICE;
pub(crate) use walk::{Findings, walk};

#[cfg(test)]
mod tests;
