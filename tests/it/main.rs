//! The one test binary: each file is an area, and drives the real program or the library's public
//! interface. `tidy` keeps the house.

mod envoy;
mod tidy;
mod translate;
