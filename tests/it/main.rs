//! x

mod envoy;
