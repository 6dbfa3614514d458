//! How long the stand-ins work.

use std::time::Duration;

use rand::RngExt as _;

/// How long each HTTP service of the agency works on a request, besides waiting for others: this
/// long and up to `WORK_JITTER` more. A stand-in computes nothing, and services that answer within
/// a millisecond hardly ever have two requests at once, so circuit breakers would not be seen.
pub(super) const WORK: Duration = Duration::from_millis(20);

/// See `WORK`.
const WORK_JITTER: Duration = Duration::from_millis(10);

/// How long the database works on a query.
pub(super) const QUERY: Duration = Duration::from_millis(2);

/// Takes as long as a service of the demo works on a request.
pub(super) async fn work() {
    let jitter = rand::rng().random_range(0.0..1.0);
    tokio::time::sleep(WORK + WORK_JITTER.mul_f64(jitter)).await;
}
