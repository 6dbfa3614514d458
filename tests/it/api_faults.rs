//! An API server that fails in every way it can: whichever request meets whatever trouble, a run
//! ends with everything restored, or with exit code 4 and a list of exactly what is left.

mod abrupt_ends;
mod fault_proxy;
mod least_rights;
mod one_request;
mod shop;
