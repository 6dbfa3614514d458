//! Sentences about where traffic goes: routes, splits, mirrors, timeouts, retries.

use cucumber::gherkin::Step;
use cucumber::{given, when};
use faultless::error::{Error, Result};
use faultless::faults::Disturbance;

use crate::parameters::{Count, Header, Percent, Service, Span, Split, Version};
use crate::world::World;

#[given(expr = "requests to {service} with {header} go to {version}")]
#[when(expr = "requests to {service} with {header} go to {version}")]
async fn route(
    world: &mut World,
    service: Service,
    header: Header,
    version: Version,
) -> Result<()> {
    let route = Disturbance::Route { only: header.0, version: version.0 };
    world.scenario()?.disturb(&service.0, route).await
}

#[given(expr = "traffic to {service} is split {split}")]
#[when(expr = "traffic to {service} is split {split}")]
async fn shift(world: &mut World, service: Service, split: Split) -> Result<()> {
    world.scenario()?.disturb(&service.0, Disturbance::Split { weights: split.0 }).await
}

#[given(expr = "traffic to {service} is split:")]
#[when(expr = "traffic to {service} is split:")]
async fn shift_by_table(world: &mut World, service: Service, step: &Step) -> Result<()> {
    let rows = step.table.as_ref().map(|table| table.rows.as_slice()).unwrap_or_default();
    let split = Split::of_rows(rows)
        .map_err(|cause| Error::feature("reading the table", format!("{cause:?}")))?;
    world.scenario()?.disturb(&service.0, Disturbance::Split { weights: split.0 }).await
}

#[given(expr = "{percent} of requests to {service} are mirrored to {version}")]
#[when(expr = "{percent} of requests to {service} are mirrored to {version}")]
async fn mirror(
    world: &mut World,
    share: Percent,
    service: Service,
    version: Version,
) -> Result<()> {
    let mirror = Disturbance::Mirror { share: share.0, version: version.0 };
    world.scenario()?.disturb(&service.0, mirror).await
}

#[given(expr = "requests to {service} time out after {span}")]
#[when(expr = "requests to {service} time out after {span}")]
async fn timeout(world: &mut World, service: Service, after: Span) -> Result<()> {
    let timeout = Disturbance::Timeout { only: None, after: after.0 };
    world.scenario()?.disturb(&service.0, timeout).await
}

#[given(expr = "requests to {service} with {header} time out after {span}")]
#[when(expr = "requests to {service} with {header} time out after {span}")]
async fn timeout_some(
    world: &mut World,
    service: Service,
    header: Header,
    after: Span,
) -> Result<()> {
    let timeout = Disturbance::Timeout { only: Some(header.0), after: after.0 };
    world.scenario()?.disturb(&service.0, timeout).await
}

#[given(expr = "failed requests to {service} are retried {count} time(s) on {string}")]
#[when(expr = "failed requests to {service} are retried {count} time(s) on {string}")]
async fn retry(world: &mut World, service: Service, attempts: Count, on: String) -> Result<()> {
    let retries = Disturbance::Retries { attempts: attempts.0, on };
    world.scenario()?.disturb(&service.0, retries).await
}
