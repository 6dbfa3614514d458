//! Kubernetes' protobuf form of request bodies, read into JSON. `kubectl` 1.32 sends it from
//! `create namespace|deployment|job|secret|configmap|service|serviceaccount` and `auth can-i`, and
//! does not fall back to JSON. Answers are always JSON, which such clients accept.
//!
//! The map: `wire` reads numbers and bytes, `messages` knows what they mean, `decode` puts both
//! together.

mod decode;
mod messages;
mod wire;

pub(super) use decode::{CONTENT_TYPE, decode};
