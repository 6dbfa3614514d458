//! A run as one HTML page: no script, no reference to anything outside, light or dark as the reader
//! has it, readable on a phone. Everything foreign is escaped.

mod badge;
mod claim;
mod escape;
mod page;
mod scenario;
mod style;
mod summary;
mod timeline;

pub use self::page::render;
