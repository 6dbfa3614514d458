//! What istiod's validating webhook says of one object (`pkg/config/validation`).

mod destination_rule;
mod virtual_service;

pub(crate) use destination_rule::destination_rule;
pub(crate) use virtual_service::virtual_service;
