//! The Travel Demo's stand-ins: what each of the demo's images does, endpoint by endpoint, written
//! from the published programs' behaviour (kiali/demos `travels/`). The manifests are in
//! `features/demo`; everything a stand-in is told, it is told by its environment, as the originals.
//!
//! `travels`, `products` (one for each `product`) and `discounts` are the agency, `database` their
//! `data`, asked by a `query`; `portal`, `loadtester` (with its `burst`) and `control` are their
//! users. Each is made of a `kit`: its `env`, its `lines`, its `tasks`, and the `client` (by a
//! `connector`, with `headers`) and `server` that they share, with `work` and `chaos`. `images` has
//! them all by name. `process` runs one outside the local mesh, as a program in a real container.

mod burst;
mod chaos;
mod client;
mod connector;
mod control;
mod data;
mod database;
mod discounts;
mod env;
mod headers;
mod images;
mod kit;
mod lines;
mod loadtester;
mod portal;
mod process;
mod product;
mod products;
mod query;
mod server;
mod tasks;
mod travels;
mod work;

pub use self::images::{REPOSITORY, images};
pub use self::process::run;

#[cfg(test)]
mod tests;
