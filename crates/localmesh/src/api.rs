//! The API server of the local mesh: HTTPS on loopback with a token, so that the `kube` crate, a
//! stock `kubectl` and everything built on them reach the mesh as they reach any cluster.
//!
//! The map, in the order in which a request meets them: `connections`, `tls`, `auth` and
//! `kubeconfig` are the door, opened by `server`; `route` decides by `path` (`sub_resource`) and
//! verb what a `request` with its `options` and `body` is for; `collection`, `object`, `write`
//! (`validation`, `identity`), `watch` (`watch_stream`, `sieve`), `scale`, `log` (`selection`),
//! `proxy` (`proxy_name`, `proxy_target`, `proxy_forward`), `port_forward` (`forwarded_ports`,
//! `handshake`, and `upgrade`, by which a connection goes on as something else) and `review`
//! answer; `documents` of `discovery` (`groups`) and `openapi` say what there is; `accept`, `form`
//! and `table` put it in the form that is wanted; `patch` with `strategic` (`strategic_lists`,
//! `directives`), `selector` with `labels` and `fields`, and `protobuf` are pure; `answer` makes
//! refusals into `Status` objects.

mod accept;
mod answer;
mod auth;
mod body;
mod collection;
mod connections;
mod directives;
mod discovery;
mod documents;
mod fields;
mod form;
mod forwarded_ports;
mod groups;
mod handshake;
mod identity;
mod kubeconfig;
mod labels;
mod log;
mod object;
mod openapi;
mod options;
mod patch;
mod path;
mod port_forward;
mod protobuf;
mod proxy;
mod proxy_forward;
mod proxy_name;
mod proxy_target;
mod request;
mod review;
mod route;
mod scale;
mod selection;
mod selector;
mod server;
mod sieve;
mod strategic;
mod strategic_lists;
mod sub_resource;
mod table;
mod tls;
mod upgrade;
mod validation;
mod watch;
mod watch_stream;
mod write;

pub use server::ApiServer;
