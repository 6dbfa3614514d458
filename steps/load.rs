//! Sentences about load.

use cucumber::given;
use faultless::error::Result;
use faultless::scenario::Load;

use crate::parameters::Rate;
use crate::world::World;

#[given(expr = "every portal sends {rate} requests per second")]
async fn send(world: &mut World, rate: Rate) -> Result<()> {
    world.scenario()?.send(Load { rate: rate.0 }).await
}
