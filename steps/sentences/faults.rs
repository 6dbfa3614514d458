//! Sentences about faults: delays, aborts, limits, and taking them back.

use cucumber::{given, when};
use faultless::error::Result;
use faultless::faults::Disturbance;
use faultless::units;

use crate::parameters::{Count, Percent, Service, Span, Status};
use crate::world::World;

#[given(expr = "every request to {service} is delayed by {span}")]
#[when(expr = "every request to {service} is delayed by {span}")]
async fn delay_all(world: &mut World, service: Service, span: Span) -> Result<()> {
    let delay = Disturbance::Delay { share: units::Percent::ALL, delay: span.0 };
    world.scenario()?.disturb(&service.0, delay).await
}

#[given(expr = "{percent} of requests to {service} are delayed by {span}")]
#[when(expr = "{percent} of requests to {service} are delayed by {span}")]
async fn delay(world: &mut World, share: Percent, service: Service, span: Span) -> Result<()> {
    let delay = Disturbance::Delay { share: share.0, delay: span.0 };
    world.scenario()?.disturb(&service.0, delay).await
}

#[given(expr = "{percent} of requests to {service} are aborted with status {status}")]
#[when(expr = "{percent} of requests to {service} are aborted with status {status}")]
async fn abort(world: &mut World, share: Percent, service: Service, status: Status) -> Result<()> {
    let abort = Disturbance::Abort { share: share.0, status: status.0 };
    world.scenario()?.disturb(&service.0, abort).await
}

#[given(
    expr = "each caller of {service} may use {count} connection(s) and keep {count} request(s) \
         waiting"
)]
#[when(
    expr = "each caller of {service} may use {count} connection(s) and keep {count} request(s) \
         waiting"
)]
async fn limit(
    world: &mut World,
    service: Service,
    max_connections: Count,
    max_pending: Count,
) -> Result<()> {
    let (max_connections, max_pending) = (max_connections.0, max_pending.0);
    let breaker = Disturbance::Breaker { max_connections, max_pending };
    world.scenario()?.disturb(&service.0, breaker).await
}

#[given(
    expr = "hosts of {service} are ejected for {span} after {count} error(s) in a row, checked \
         every {span}"
)]
#[when(
    expr = "hosts of {service} are ejected for {span} after {count} error(s) in a row, checked \
         every {span}"
)]
async fn eject(
    world: &mut World,
    service: Service,
    duration: Span,
    errors: Count,
    interval: Span,
) -> Result<()> {
    let ejection = Disturbance::Ejection {
        consecutive_errors: errors.0,
        interval: interval.0,
        duration: duration.0,
    };
    world.scenario()?.disturb(&service.0, ejection).await
}

#[when(expr = "the Istio configuration of {service} is deleted")]
async fn withdraw(world: &mut World, service: Service) -> Result<()> {
    world.scenario()?.withdraw(&service.0).await
}
