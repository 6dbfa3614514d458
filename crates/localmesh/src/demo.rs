//! The Travel Demo's stand-ins: what each of the demo's images does, endpoint by endpoint, written
//! from the published programs' behaviour (kiali/demos `travels/`). The manifests are in
//! `features/demo`; everything a stand-in is told, it is told by its environment, as the originals.
//!
//! `travels`, `products` and `discounts` are the agency, `database` their data; `portal`,
//! `loadtester` and `control` are their users. `client`, `server`, `kit` and `chaos` are shared.

mod chaos;
mod client;
mod control;
mod data;
mod database;
mod discounts;
mod kit;
mod loadtester;
mod portal;
mod products;
mod server;
mod travels;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use self::products::Product;
use super::image::{Container, Image, Images};

/// Where the demo's images come from.
pub const REPOSITORY: &str = "quay.io/kiali/demo_travels_";

/// How long each HTTP service of the agency works on a request, besides waiting for others: this
/// long and up to `WORK_JITTER` more. A stand-in computes nothing, and services that answer within
/// a millisecond hardly ever have two requests at once, so circuit breakers would not be seen.
const WORK: Duration = Duration::from_millis(20);

/// See `WORK`.
const WORK_JITTER: Duration = Duration::from_millis(10);

/// How long the database works on a query.
const QUERY: Duration = Duration::from_millis(2);

/// What a stand-in is: it runs until its container is stopped.
type Run = fn(Container) -> BoxFuture<'static, Result<(), String>>;

struct StandIn(Run);

impl Image for StandIn {
    fn run(&self, container: Container) -> BoxFuture<'static, Result<(), String>> {
        (self.0)(container)
    }
}

/// The demo's images.
#[must_use]
pub fn images() -> Images {
    let all: [(&str, Run); 10] = [
        ("travels", |container| travels::run(container).boxed()),
        ("hotels", |container| products::run(Product::Hotels, container).boxed()),
        ("cars", |container| products::run(Product::Cars, container).boxed()),
        ("flights", |container| products::run(Product::Flights, container).boxed()),
        ("insurances", |container| products::run(Product::Insurances, container).boxed()),
        ("discounts", |container| discounts::run(container).boxed()),
        ("mysqldb", |container| database::run(container).boxed()),
        ("portal", |container| portal::run(container).boxed()),
        ("loadtester", |container| loadtester::run(container).boxed()),
        ("control", |container| control::run(container).boxed()),
    ];
    let image = |run| Arc::new(StandIn(run)) as Arc<dyn Image>;
    all.into_iter().map(|(name, run)| (format!("{REPOSITORY}{name}"), image(run))).collect()
}

#[cfg(test)]
mod tests;
