//! Whether a piece of load was sent and answered under conditions in which times mean something.
//! Pure.
//!
//! The rule never looks at how the claim came out: it knows the conditions and the claim's own
//! limit, nothing of the answers. So leaving a starved piece out changes no error rate. What
//! starvation adds to an answer is some number of stalls, one at each of the processes that the
//! request passes; a claim about seconds bears more of it than one about tenths.

use std::time::Duration;

use crate::evidence::claim::Property;
use crate::load::{Conditions, Tally};
use crate::telemetry::{Delays, Window};
use crate::units::Span;

/// No single stall longer than this part of a claim's limit: two of them, and what else there is,
/// still leave the answer on its side.
const LONGEST_PART: f64 = 0.25;

/// Stalls of this part of a claim's limit may be no more frequent than `OFTEN`: a request passes
/// some ten processes, each of which may wait so long.
const COMMON_PART: f64 = 0.025;
const OFTEN: f64 = 0.05;

/// A proxy or a service that waits for a core each time it runs, by this part of a claim's limit: a
/// request has those on its way run some twenty times, and may lose a quarter of the limit. On a
/// quiet machine they wait for a millisecond.
const QUEUED_PART: f64 = 0.01;
const QUEUED_MIN: Duration = Duration::from_micros(2_500);

/// Proxies of a cluster do not tell how long they waited for a core. Where something on the node
/// did for more than this share of the time, it may have been they: so crowded, requests of a mesh
/// that answers in tenths of a second took seconds, while the load agent, which mostly sleeps, was
/// woken in time. (Seen on two cores: at most 88% in runs without trouble, 96% and more in those.)
const CROWDED: f64 = 0.93;

/// The same where more than this share of all cores' time was used, on the whole or for a second:
/// whatever comes then, waits.
const FULL: f64 = 0.95;

/// A claim with a limit from here on bears what a crowded node adds.
const CROWDED_LIMIT: Duration = Duration::from_secs(5);

/// What is told of a stall below this is noise of any machine, whatever the claim.
const LEAST_STALL: Duration = Duration::from_millis(12);

/// More than this share of the requests late by more than the common stall, and the plan was not
/// kept.
const LATE: f64 = 0.05;

/// More than this share never sent: those would have been the slowest.
const UNSENT: f64 = 0.001;

/// The limit of a claim about time on which the tolerance depends: what lies between its ends, or
/// its only end. `None` for any other claim: nothing else is touched by starvation.
pub(crate) fn limit(property: &Property) -> Option<Duration> {
    let Property::Takes { low, high } = property else { return None };
    match (low.map(Span::duration), high.map(Span::duration)) {
        (Some(low), Some(high)) => Some(high.saturating_sub(low)),
        (None, Some(high)) => Some(high),
        (Some(low), None) => Some(low),
        (None, None) => None,
    }
}

/// What was short in a piece, if it is no evidence for a claim with this limit.
pub(crate) fn starved(
    conditions: &Conditions,
    sent: &Tally,
    proxies: &Window,
    limit: Duration,
) -> Option<String> {
    let common = limit.mul_f64(COMMON_PART).max(LEAST_STALL);
    let longest = limit.mul_f64(LONGEST_PART).max(LEAST_STALL);
    let mut short = Vec::new();
    let share = conditions.share_later_than(common);
    if share > OFTEN {
        short.push(format!("stalls of {common:.0?} and more in {:.0}% of the time", share * 100.0));
    }
    let stall = conditions.longest_stall();
    if stall > longest {
        short.push(format!("a stall of {stall:.0?}"));
    }
    let late = sent.lateness.count_between(common, Duration::MAX) as f64;
    if late > 1.0 && late > sent.sent as f64 * LATE {
        short.push(format!("{late:.0} of {} requests sent late", sent.sent));
    }
    if sent.unsent as f64 > sent.due as f64 * UNSENT {
        short.push(format!("{} of {} requests never sent", sent.unsent, sent.due));
    }
    short.extend(late_proxies(proxies, limit, common, longest));
    short.extend(crowded(conditions, proxies, limit));
    if short.is_empty() {
        return None;
    }
    let machine = conditions.machine.in_words();
    if !machine.is_empty() {
        short.push(machine);
    }
    Some(short.join(", "))
}

/// Whether the node was so crowded that proxies which tell nothing may have waited.
fn crowded(conditions: &Conditions, proxies: &Window, limit: Duration) -> Option<String> {
    let machine = &conditions.machine;
    let waited = machine.waited_us.map(|us| us as f64 / machine.elapsed_us.max(1) as f64);
    let crowded = waited.is_some_and(|share| share > CROWDED);
    let busy = [machine.busy(), conditions.busiest.busy()].into_iter().flatten();
    let full = busy.fold(0.0, f64::max) > FULL;
    let tells = proxies.delays().next().is_some();
    let doubtful = !tells && limit < CROWDED_LIMIT && (crowded || full);
    doubtful.then(|| "the node had no core left, and no proxy tells whether it waited".to_owned())
}

/// The same of what proxies tell of their own threads: one that ran later than the longest stall
/// that is borne, or all of them together more often than is borne. Their waits come at regular
/// times, so shares of waits are shares of time.
fn late_proxies(
    proxies: &Window,
    limit: Duration,
    common: Duration,
    longest: Duration,
) -> Option<String> {
    let worst = proxies.delays().max_by_key(|(_, delays)| delays.longest());
    if let Some((pod, delays)) = worst.filter(|(_, delays)| delays.longest() >= longest) {
        return Some(format!("the proxy of {pod} ran {:.0?} late or more", delays.longest()));
    }
    let queued =
        proxies.delays().filter_map(|(pod, delays)| Some((delays.queued_for()?, pod))).max();
    let bearable = limit.mul_f64(QUEUED_PART).max(QUEUED_MIN);
    if let Some(((queued, container), pod)) = queued.filter(|((queued, _), _)| *queued > bearable) {
        return Some(format!(
            "{container} of {pod} waited {queued:.0?} for a core each time it ran"
        ));
    }
    let sum = |count: &dyn Fn(&Delays) -> u64| {
        proxies.delays().map(|(_, delays)| count(delays)).sum::<u64>() as f64
    };
    let (late, all) = (sum(&|delays| delays.later_than(common)), sum(&Delays::waits));
    (late > all * OFTEN).then(|| {
        format!("proxies ran {common:.0?} late or more in {:.0}% of the time", late * 100.0 / all)
    })
}

#[cfg(test)]
mod tests {
    use crate::telemetry::page::parse;
    use crate::telemetry::{PodName, Snapshot};

    use super::*;

    fn conditions(lags: &[(u64, u32)]) -> Conditions {
        let mut conditions = Conditions::default();
        for (lag, ticks) in lags {
            (0..*ticks).for_each(|_| conditions.lag.record(Duration::from_millis(*lag)));
        }
        conditions
    }

    #[test]
    fn a_claim_about_seconds_bears_more_than_one_about_tenths() {
        let ms = Duration::from_millis;
        let quiet = conditions(&[(1, 290), (4, 10)]);
        let hiccup = conditions(&[(1, 280), (120, 20)]);
        let busy = conditions(&[(1, 200), (30, 100)]);
        let starved = |conditions: &Conditions, limit| {
            let (sent, proxies) = (Tally::default(), Window::default());
            super::starved(conditions, &sent, &proxies, limit).is_some()
        };
        for limit in [ms(100), ms(500), ms(1_000), ms(5_000)] {
            assert!(!starved(&quiet, limit), "{limit:?}");
        }
        assert!(starved(&hiccup, ms(260)) && !starved(&hiccup, ms(5_000)));
        assert!(starved(&busy, ms(500)) && !starved(&busy, ms(2_000)));
    }

    #[test]
    fn a_crowded_node_leaves_room_for_doubt_where_proxies_tell_nothing() {
        let with = |waited_us| {
            let mut conditions = conditions(&[(1, 300)]);
            conditions.machine.elapsed_us = 1_000_000;
            conditions.machine.waited_us = Some(waited_us);
            conditions
        };
        let starved = |waited_us, seconds| {
            let (sent, proxies) = (Tally::default(), Window::default());
            super::starved(&with(waited_us), &sent, &proxies, Duration::from_secs(seconds))
        };
        assert_eq!(starved(880_000, 1), None);
        assert_eq!(starved(990_000, 5), None);
        let mut full = with(500_000);
        (full.machine.cores_us, full.machine.idle_us) = (Some(2_000_000), Some(50_000));
        let (sent, proxies) = (Tally::default(), Window::default());
        let limit = Duration::from_secs(1);
        assert!(super::starved(&full, &sent, &proxies, limit).is_some());
        full.machine.idle_us = Some(200_000);
        assert_eq!(super::starved(&full, &sent, &proxies, limit), None);
        // A quiet end makes no quiet middle.
        (full.busiest.cores_us, full.busiest.idle_us) = (Some(2_000_000), Some(50_000));
        assert!(super::starved(&full, &sent, &proxies, limit).is_some());
        let why = starved(990_000, 1).expect("nobody knows");
        assert!(why.contains("no core left") && why.contains("99% of the time"), "{why}");
    }

    #[test]
    fn it_says_what_was_short_and_by_how_much() {
        let mut conditions = conditions(&[(1, 50), (300, 50)]);
        conditions.machine.elapsed_us = 100;
        conditions.machine.throttled_us = Some(60);
        let sent = Tally { due: 100, sent: 90, unsent: 10, ..Tally::default() };
        let short =
            starved(&conditions, &sent, &Window::default(), Duration::from_secs(1)).unwrap();
        for words in ["in 50% of the time", "a stall of 300ms", "10 of 100", "60% throttled"] {
            assert!(short.contains(words), "{words}: {short}");
        }
    }

    /// What one pod's proxy tells after so many waits within 1 ms and so many of 50 ms or more.
    fn proxy(prompt: u32, late: u32) -> Window {
        let page = |prompt, late| {
            let name = "envoy_listener_manager_worker_0_dispatcher_poll_delay_us";
            let (last, all) = (prompt + late, prompt + late);
            let text = format!(
                "{name}_bucket{{le=\"1000\"}} {prompt}\n{name}_bucket{{le=\"50000\"}} {prompt}\n\
                 {name}_bucket{{le=\"+Inf\"}} {last}\n{name}_sum{{}} 9\n{name}_count{{}} {all}\n"
            );
            let mut snapshot = Snapshot::default();
            snapshot.insert(PodName::new("shop", "cart-1"), "", parse(&text).expect("a page"));
            snapshot
        };
        Window::between(&page(0, 0), &page(prompt, late))
    }

    #[test]
    fn proxies_that_ran_late_are_no_witnesses_either() {
        let starved = |proxies: &Window, ms| {
            let limit = Duration::from_millis(ms);
            super::starved(&Conditions::default(), &Tally::default(), proxies, limit)
        };
        assert_eq!(starved(&proxy(100, 0), 100), None);
        // 50 ms are too long for a claim about 100 ms; for one about 1 s if they come often.
        let words = starved(&proxy(100, 1), 100).unwrap();
        assert!(words.contains("the proxy of shop/cart-1 ran 50ms late"), "{words}");
        assert_eq!(starved(&proxy(100, 1), 1_000), None);
        let words = starved(&proxy(90, 10), 1_000).unwrap();
        assert!(words.contains("proxies ran 25ms late or more in 10% of the time"), "{words}");
        assert_eq!(starved(&proxy(90, 10), 5_000), None);
    }

    #[test]
    fn a_proxy_that_gets_no_core_is_no_witness_either() {
        let page = |periods: u32, waited_ms: u32| {
            let name = "container_cpu_schedstat_run";
            let text = format!(
                "envoy_server_uptime{{}} 9\n\
                 {name}_periods_total{{container=\"istio-proxy\"}} {periods}\n\
                 {name}queue_seconds_total{{container=\"istio-proxy\"}} {}\n",
                f64::from(waited_ms) / 1e3,
            );
            let mut snapshot = Snapshot::default();
            snapshot.insert(PodName::new("shop", "cart-1"), "", parse(&text).expect("a page"));
            snapshot
        };
        let starved = |waited_ms, limit| {
            let proxies = Window::between(&page(0, 0), &page(100, waited_ms));
            let limit = Duration::from_secs(limit);
            super::starved(&Conditions::default(), &Tally::default(), &proxies, limit)
        };
        // A quiet machine keeps them waiting for 1 ms; one that gives them no core for 15.
        assert_eq!(starved(100, 1), None);
        let words = starved(1_500, 1).unwrap();
        assert!(
            words.contains("istio-proxy of shop/cart-1 waited 15ms for a core each time"),
            "{words}"
        );
        assert_eq!(starved(1_500, 5), None);
    }

    #[test]
    fn only_claims_about_time_have_a_limit() {
        let span = |text: &str| text.parse().ok();
        let takes = |low, high| limit(&Property::Takes { low, high });
        assert_eq!(takes(span("2s"), span("2.5s")), Some(Duration::from_millis(500)));
        assert_eq!(takes(None, span("1s")), Some(Duration::from_secs(1)));
        assert_eq!(takes(span("5s"), None), Some(Duration::from_secs(5)));
        for other in [Property::Fails, Property::Status(503), Property::Flagged("DI".into())] {
            assert_eq!(limit(&other), None);
        }
    }
}
