//! The one test binary: drives the binary and the library's public API.

mod api;
mod kubectl;
mod mesh;
