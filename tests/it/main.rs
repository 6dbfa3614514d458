//! How we know the rest: the one integration-test binary, which drives the program and the
//! library's public API. One binary, because each more would link everything once more.

mod api;
mod cli;
mod envoy;
mod kubectl;
mod local_mesh;
mod mesh;
mod program;
mod tidy;
mod tools;
mod translate;
mod trouble;
mod truth;
