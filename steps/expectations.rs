//! The sentence by which everything is claimed.

use cucumber::then;
use faultless::error::Result;
use faultless::scenario::expectation::Expectation;

use crate::parameters::{Amount, Is, Looks};
use crate::world::World;

#[then(expr = "{observer} sees {amount} {property}")]
async fn expect(world: &mut World, looks: Looks, amount: Amount, is: Is) -> Result<()> {
    let expectation = Expectation { observer: looks.0, property: is.0, bound: amount.0 };
    world.scenario()?.expect(&expectation).await
}
