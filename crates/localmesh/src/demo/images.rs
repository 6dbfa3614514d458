//! The demo's images by their names.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::product::Product;
use super::{control, database, discounts, loadtester, portal, products, travels};
use crate::image::{Container, Image, Images};

/// Where the demo's images come from.
pub const REPOSITORY: &str = "quay.io/kiali/demo_travels_";

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
