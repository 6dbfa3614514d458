//! Brings the ledgers together after a piece of load: what the clients counted, what their own
//! proxies counted, and what arrived. Proxies count when a stream ends, which a client may notice
//! first, and durations settle later than counts; so they are read until they agree. Where they do
//! not, the claims that rest on the difference are in doubt, and nothing else is.

use std::time::{Duration, Instant};

use crate::application::Application;
use crate::error::Result;
use crate::evidence::doubt::Doubt;
use crate::evidence::filters::{beside, called, filter};
use crate::evidence::scrape::{scrape, settled};
use crate::evidence::setup::Setup;
use crate::load::{Failure, Tally};
use crate::telemetry::{Filter, Ledger, Mark, Metric, Reporter, Window};
use crate::units::ServiceName;

/// How long the numbers may stay as they are without agreeing, before it is said that they do not:
/// twice as long as proxies take to merge what they counted.
const STILL: Duration = Duration::from_secs(10);

/// How long they may go on moving: somebody else's load may never let them come to rest.
pub(crate) const LONGEST: Duration = Duration::from_mins(1);

/// Between two readings.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

/// Reads the proxies until the ledgers agree about the load's requests; answers what was counted
/// since the mark, and what stays in doubt.
pub(crate) async fn reconciled(
    setup: &Setup<'_>,
    ledger: &mut Ledger,
    mark: &Mark,
    clients: &std::collections::BTreeMap<String, Tally>,
) -> Result<(Window, Vec<Doubt>)> {
    let application = setup.place.application;
    let started = Instant::now();
    let mut moved = started;
    let mut last: Option<(Vec<Doubt>, u64)> = None;
    // Every request of ours has ended: what is counted by then must be timed, too.
    ledger.observe(&settled(setup.place, setup.timed).await?);
    loop {
        let window = ledger.since(mark);
        let mut doubts = Vec::new();
        for (client, tally) in clients {
            doubts.extend(compare(application, &setup.amplified, &window, client, tally)?);
        }
        // Nobody waits for a copy or knows how many there will be: they have ended when no more
        // come.
        let copies = copied(setup, &window)?;
        let rest = copies == 0 || last.as_ref().is_some_and(|(_, before)| *before == copies);
        if doubts.is_empty() && rest {
            return Ok((window, doubts));
        }
        let now = Instant::now();
        if last.as_ref().is_none_or(|last| *last != (doubts.clone(), copies)) {
            moved = now;
        }
        if now - moved > STILL || now - started > LONGEST {
            return Ok((window, doubts));
        }
        last = Some((doubts, copies));
        tokio::time::sleep(LOOK).await;
        ledger.observe(&scrape(setup.place).await?);
    }
}

/// What of a client's requests is in doubt. What never arrived is expected nowhere; where a part of
/// the telemetry is missing, the claims that need it know that already. Pure.
fn compare(
    application: &Application,
    amplified: &[ServiceName],
    window: &Window,
    client: &str,
    tally: &Tally,
) -> Result<Vec<Doubt>> {
    let service = called(application, client)?;
    let doubt =
        |side, text| Doubt { client: client.to_owned(), service: service.clone(), side, text };
    let mut doubts = Vec::new();

    let mut own = Filter { reporter: Some(Reporter::Source), ..Filter::default() };
    beside(&mut own, application, client)?;
    let (proxy, counted) = (window.requests(&own).total(), reached_proxy(tally));
    if proxy != counted && window.missing(&own, Metric::Requests).is_empty() {
        let text = format!("the client counted {counted} requests, its own proxy {proxy}");
        doubts.push(doubt(Reporter::Source, text));
    }

    let mut source = filter(Reporter::Source, application.service(&service)?);
    beside(&mut source, application, client)?;
    let destination = Filter { reporter: Some(Reporter::Destination), ..source.clone() };
    let (certain, possible) = window.requests(&source).arrivals();
    let arrived = window.requests(&destination).total();
    let more_may_arrive = is_amplified(application, amplified, &service)?;
    let missing = [&source, &destination]
        .into_iter()
        .any(|filter| !window.missing(filter, Metric::Requests).is_empty());
    if (arrived < certain || (arrived > possible && !more_may_arrive)) && !missing {
        let sent = if certain == possible {
            certain.to_string()
        } else {
            format!("{certain} to {possible}")
        };
        let text = format!("its own proxy sent {sent} requests, and {arrived} arrived");
        doubts.push(doubt(Reporter::Destination, text));
    }
    Ok(doubts)
}

/// How many requests arrived beyond those that were sent, where that may be.
pub(crate) fn copied(setup: &Setup<'_>, window: &Window) -> Result<u64> {
    let application = setup.place.application;
    let mut copies = 0;
    for client in setup.loads.keys() {
        let service = called(application, client)?;
        if is_amplified(application, &setup.amplified, &service)? {
            let mut source = filter(Reporter::Source, application.service(&service)?);
            beside(&mut source, application, client)?;
            let destination = Filter { reporter: Some(Reporter::Destination), ..source.clone() };
            let (_, sent) = window.requests(&source).arrivals();
            copies += window.requests(&destination).total().saturating_sub(sent);
        }
    }
    Ok(copies)
}

fn is_amplified(
    application: &Application,
    amplified: &[ServiceName],
    service: &ServiceName,
) -> Result<bool> {
    let found = application.service(service)?;
    Ok(amplified.iter().any(|one| {
        one.name == found.name && one.namespace.as_ref().is_none_or(|ns| *ns == found.namespace)
    }))
}

/// Requests of which the client's own proxy must know: all that ended, but for those that never
/// got a connection.
fn reached_proxy(tally: &Tally) -> u64 {
    let failed = |failure| tally.by_error.get(&failure).copied().unwrap_or_default();
    tally.done.saturating_sub(failed(Failure::Refused) + failed(Failure::Dial))
}

#[cfg(test)]
#[path = "reconcile_tests.rs"]
mod tests;
