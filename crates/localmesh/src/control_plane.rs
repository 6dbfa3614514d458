//! The control plane: looks at the cluster's objects and the pods on the network, translates, and
//! pushes to each Envoy; knows which proxy accepted or rejected what. Its words are istiod's.
//!
//! `server` is the whole of it. `push_context` gathers what `translate` needs, from `services`
//! among others (pure); `proxies` translates it into a `target` for each `connection`. `push`
//! brings it there in an order that never breaks traffic, by way of `eds` and `warming`, and `stop`
//! is why it ends early. `xds` is the transport, Envoy's REST xDS as long polling: a `discovery` is
//! a question, which `ask` has answered. `watched` knows what a proxy was sent (an `offer`, by
//! `kind`) and what it made of it, `subscription` by `subscription` (all pure); `nacks` keeps the
//! reasons that Envoy logs (pure). By type, and in istiod's terms, the `nonces` say what was sent
//! and the `ledger` what was made of it (pure). `istiod` shows the `status` of all on its pages
//! `syncz` and `configz` (pure), and `install` puts it into the cluster.

mod ask;
mod configz;
mod connection;
mod discovery;
mod eds;
mod install;
mod istiod;
mod kind;
mod ledger;
mod nacks;
mod nonces;
mod offer;
mod proxies;
mod push;
mod push_context;
mod server;
mod services;
mod status;
mod stop;
mod subscription;
mod syncz;
mod target;
mod warming;
mod watched;
pub mod xds;

pub(crate) use self::install::install_istiod;
pub use self::istiod::Istiod;
pub use self::server::ControlPlane;
pub use self::status::{Ack, ProxyStatus};
