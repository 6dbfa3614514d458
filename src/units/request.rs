//! What is said of a request: its method, its path and its headers, as HTTP allows them. Pure.

mod authority;
mod header;
mod method;
mod path;
mod printable;

pub use header::{HEADERS_MAX, header_name, header_value, is_header_name};
pub use method::method;
pub use path::path;
pub(crate) use printable::masked;
