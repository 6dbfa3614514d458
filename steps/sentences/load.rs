//! Sentences about load.

use cucumber::{given, when};
use faultless::error::Result;

use crate::parameters::{Load, Portals};
use crate::world::World;

#[given(expr = "{portals} sends {load}")]
#[when(expr = "{portals} sends {load}")]
async fn send(world: &mut World, portals: Portals, load: Load) -> Result<()> {
    world.scenario()?.send(portals.0.as_deref(), load.0).await
}
