//! SPDY/3.1, as much of it as `kubectl port-forward` and Kubernetes' Go client speak: streams are
//! opened by the client alone and there is no flow control, as their library (spdystream) has none.
//!
//! `session` serves a connection, and `pairs` finds the two `stream`s that belong together. `frame`
//! reads frames and `reply` writes them; their headers are packed by `headers` with the
//! `dictionary` (all pure).

mod dictionary;
mod frame;
mod headers;
mod pairs;
mod reply;
mod session;
mod stream;

pub(crate) use self::session::serve;
