//! How we know the rest: the one integration-test binary, which drives the program and the
//! library's public API. One binary, because each more would link everything once more.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics; its threads and channels end with it"
)]

mod api;
mod cli;
mod envoy;
mod faulty;
mod healing;
mod kubectl;
mod load;
mod local_mesh;
mod mesh;
mod nonsense;
mod program;
mod tidy;
mod tools;
mod translate;
mod trouble;
mod truth;
mod unwind;
