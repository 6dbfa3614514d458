//! The demo's images by their names.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, LocalBoxFuture};

use super::product::Product;
use super::{control, database, discounts, loadtester, portal, products, travels};
use crate::image::{Container, Image, Images};

/// Where the demo's images come from.
pub const REPOSITORY: &str = "quay.io/kiali/demo_travels_";

/// What a stand-in is: it runs until its container is stopped.
pub(super) type Run = fn(Container) -> BoxFuture<'static, Result<(), String>>;

struct StandIn(Run);

/// All of them, each with the port that the manifests declare for it. The local mesh's kubelet
/// takes that from the manifest; a container is not told.
const ALL: [(&str, Option<u16>, Run); 10] = [
    ("travels", Some(8000), |container| travels::run(container).boxed()),
    ("hotels", Some(8000), |container| products::run(Product::Hotels, container).boxed()),
    ("cars", Some(8000), |container| products::run(Product::Cars, container).boxed()),
    ("flights", Some(8000), |container| products::run(Product::Flights, container).boxed()),
    ("insurances", Some(8000), |container| products::run(Product::Insurances, container).boxed()),
    ("discounts", Some(8000), |container| discounts::run(container).boxed()),
    ("mysqldb", Some(3306), |container| database::run(container).boxed()),
    ("portal", Some(8000), |container| portal::run(container).boxed()),
    ("loadtester", None, |container| loadtester::run(container).boxed()),
    ("control", Some(8080), |container| control::run(container).boxed()),
];

impl Image for StandIn {
    fn run(&self, container: Container) -> LocalBoxFuture<'static, Result<(), String>> {
        (self.0)(container)
    }
}

/// The demo's images.
#[must_use]
pub fn images() -> Images {
    let image = |run| Arc::new(StandIn(run)) as Arc<dyn Image>;
    ALL.iter().map(|(name, _, run)| (format!("{REPOSITORY}{name}"), image(*run))).collect()
}

/// The stand-in with this name, which is its image's without `REPOSITORY`, and the port it serves.
pub(super) fn named(name: &str) -> Option<(Run, Option<u16>)> {
    let (_, port, run) = ALL.iter().find(|(known, ..)| *known == name)?;
    Some((*run, *port))
}

/// What `named` knows.
pub(super) fn names() -> Vec<&'static str> {
    ALL.iter().map(|(name, ..)| *name).collect()
}
