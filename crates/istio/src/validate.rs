//! What istiod's validating webhook says of one object (`pkg/config/validation`).

mod actions;
mod destination_rule;
mod destinations;
mod faults;
mod matches;
mod names;
mod retries_mirrors;
mod unused;
mod virtual_service;

pub(crate) use destination_rule::destination_rule;
pub(crate) use virtual_service::virtual_service;
