//! How we know: one test binary that drives the program and the library's public API.

mod translate;
