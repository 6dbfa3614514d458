//! How we know the rest: the one integration-test binary, which drives the program and the
//! library's public API. One binary, because each more would link everything once more.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics; its threads and channels end with it"
)]

mod api;
mod api_faults;
mod cli;
mod crash_safety;
mod deploy;
mod envoy;
mod false_claims;
mod image;
mod invalid_features;
mod kubectl;
mod load;
mod local_mesh;
mod mesh;
mod parity;
mod port_forward;
mod program;
mod prometheus;
mod readers;
mod shop;
mod startup_failures;
mod tidy;
mod tools;
mod translate;
mod watchdog;
