//! Sentences about the mesh itself: workloads that come and go, and Istio configuration as it is.

use cucumber::gherkin::Step;
use cucumber::{given, when};
use faultless::error::{Error, Result};

use crate::parameters::Workloads;
use crate::world::World;

#[given(expr = "{workloads} is/are deployed")]
#[when(expr = "{workloads} is/are deployed")]
async fn deploy(world: &mut World, workloads: Workloads) -> Result<()> {
    world.scenario()?.deploy(&workloads.0, &[]).await
}

#[given(expr = "{workloads} is/are deployed with environment:")]
#[when(expr = "{workloads} is/are deployed with environment:")]
async fn deploy_with(world: &mut World, workloads: Workloads, step: &Step) -> Result<()> {
    let rows = step.table.as_ref().map(|table| table.rows.as_slice()).unwrap_or_default();
    let pair = |row: &Vec<String>| match row.as_slice() {
        [name, value] => Ok((name.clone(), value.clone())),
        _ => Err(Error::feature("reading the table", "each row needs a name and a value")),
    };
    let env = rows.iter().map(pair).collect::<Result<Vec<_>>>()?;
    world.scenario()?.deploy(&workloads.0, &env).await
}

#[when(expr = "{workloads} is/are removed")]
async fn undeploy(world: &mut World, workloads: Workloads) -> Result<()> {
    world.scenario()?.undeploy(&workloads.0).await
}

#[given(expr = "this Istio configuration is applied:")]
#[when(expr = "this Istio configuration is applied:")]
async fn apply(world: &mut World, step: &Step) -> Result<()> {
    world.scenario()?.apply(step.docstring.as_deref().unwrap_or_default()).await
}
