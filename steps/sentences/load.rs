//! Sentences about load.

use cucumber::{given, when};
use faultless::error::Result;

use crate::parameters::{Clients, Load};
use crate::world::World;

#[given(expr = "{clients} sends {load}")]
#[when(expr = "{clients} sends {load}")]
async fn send(world: &mut World, clients: Clients, load: Load) -> Result<()> {
    world.scenario()?.send(clients.0.as_deref(), load.0).await
}
