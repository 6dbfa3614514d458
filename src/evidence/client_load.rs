//! The load of a client: what a sentence says of it, and the stream that follows.

mod load;
mod stream;

pub(crate) use load::REQUEST_TIMEOUT;
pub use load::{Headers, Load, Pace};
pub(crate) use stream::Sent;
