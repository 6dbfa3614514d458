//! Istio's objects become the Envoy configuration that pilot would make of them: golden files, a
//! real Envoy that accepts and obeys them, and properties.

mod envoy;
mod golden;
mod property;
mod server;
mod world;
