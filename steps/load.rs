//! Sentences about load.

use cucumber::{given, when};
use faultless::error::Result;

use crate::parameters::{Load, Senders};
use crate::world::World;

#[given(expr = "{senders} sends {load}")]
#[when(expr = "{senders} sends {load}")]
async fn send(world: &mut World, senders: Senders, load: Load) -> Result<()> {
    world.scenario()?.send(senders.0.as_deref(), load.0).await
}
