//! Sentences about load.

use cucumber::{given, when};
use faultless::error::Result;
use faultless::scenario::{Headers, Load};

use crate::parameters::{Header, Portal, Rate};
use crate::world::World;

#[given(expr = "every portal sends {rate} requests per second")]
#[when(expr = "every portal sends {rate} requests per second")]
async fn send(world: &mut World, rate: Rate) -> Result<()> {
    world.scenario()?.send(None, Load { rate: rate.0, headers: Headers::Own }).await
}

#[given(expr = "{portal} sends {rate} requests per second")]
#[when(expr = "{portal} sends {rate} requests per second")]
async fn send_one(world: &mut World, portal: Portal, rate: Rate) -> Result<()> {
    world.scenario()?.send(Some(&portal.0), Load { rate: rate.0, headers: Headers::Own }).await
}

#[given(expr = "{portal} sends {rate} requests per second without its headers")]
#[when(expr = "{portal} sends {rate} requests per second without its headers")]
async fn send_bare(world: &mut World, portal: Portal, rate: Rate) -> Result<()> {
    world.scenario()?.send(Some(&portal.0), Load { rate: rate.0, headers: Headers::None }).await
}

#[given(expr = "{portal} sends {rate} requests per second with {header}")]
#[when(expr = "{portal} sends {rate} requests per second with {header}")]
async fn send_with(world: &mut World, portal: Portal, rate: Rate, header: Header) -> Result<()> {
    let headers = Headers::With(header.0);
    world.scenario()?.send(Some(&portal.0), Load { rate: rate.0, headers }).await
}
