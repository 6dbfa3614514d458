//! The sentences by which everything is claimed.

use cucumber::then;
use faultless::error::Result;
use faultless::evidence::claim::{Claim, Comparison, Expectation};

use crate::parameters::{Amount, Observer, Percent, Property, Service, Version};
use crate::world::World;

#[then(expr = "{observer} sees/see {amount} {property}")]
async fn expect(
    world: &mut World,
    observer: Observer,
    amount: Amount,
    property: Property,
) -> Result<()> {
    let Amount(bound, unit) = amount;
    let expectation = Expectation { observer: observer.0, unit, property: property.0, bound };
    world.scenario()?.expect(&Claim::Share(expectation)).await
}

#[then(
    expr = "versions {version} and {version} of {service} differ by at most {percent} in requests \
         that {property}"
)]
async fn compare(
    world: &mut World,
    one: Version,
    other: Version,
    service: Service,
    most: Percent,
    property: Property,
) -> Result<()> {
    let versions = [one.0, other.0];
    let comparison =
        Comparison { service: service.0, versions, property: property.0, most: most.0 };
    world.scenario()?.expect(&Claim::Alike(comparison)).await
}
