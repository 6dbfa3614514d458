//! The kubelet's side of a port-forward: a connection to a port inside a pod, as if from the pod
//! itself, carried over a connection that has changed its protocol.
//!
//! `destination` is what a port leads to, `relay` carries bytes there and back, `lifetime` ends it
//! with its pod. Two protocols carry several such connections: `channels`, over a `websocket`,
//! framed by `channel` (pure), and `spdy`, which may come inside a WebSocket (`tunnel`).

mod channel;
mod channels;
mod destination;
mod lifetime;
mod relay;
mod spdy;
mod tunnel;
mod websocket;

pub(crate) use self::channel::PORTS_MAX;
pub(crate) use self::channels::serve_channels;
pub(crate) use self::lifetime::Lifetime;
pub(crate) use self::spdy::serve as serve_spdy;
pub(crate) use self::tunnel::serve_tunnel;
