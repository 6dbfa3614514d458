//! How late a pod's threads ran. Of an Envoy: after how long a time beyond its timeout each wait of
//! an event loop ended. Of each container: how long its threads waited for a core before they ran.
//! What has no core to run on shows it here. Pure.
//!
//! Source: Envoy, "Event loop" (configuration/operations: `enable_dispatcher_stats`), and
//! `libevent_scheduler.cc`: `poll_delay_us` is recorded for waits that ended by their timeout, so
//! it is there without any traffic: an idle worker waits some dozen times a second. Istio leaves
//! these statistics off unless it is told otherwise; then there is nothing here.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::telemetry::histogram::Histogram;

/// How often the threads of a container ran, in cAdvisor's words.
pub(crate) const PERIODS: &str = "container_cpu_schedstat_run_periods_total";

/// How long they had waited for a core before, in seconds.
pub(crate) const WAITED: &str = "container_cpu_schedstat_runqueue_seconds_total";

/// So many waits make a mean; fewer may have met one bad moment.
const PERIODS_MIN: f64 = 50.0;

/// How late the threads of a pod ran.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delays {
    threads: Vec<Histogram>,
    containers: BTreeMap<String, Queue>,
}

/// What the threads of a container did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Queue {
    /// How often they ran.
    periods: f64,
    /// How long they had waited for a core before, in seconds.
    waited: f64,
}

// === impl Delays ===

impl Delays {
    pub(crate) fn of(threads: impl IntoIterator<Item = Histogram>) -> Self {
        let mut delays = Self::default();
        threads.into_iter().for_each(|thread| delays.take(thread));
        delays
    }

    /// Takes one of the two sums that are told of a container; nothing of other metrics.
    pub(crate) fn take_queue(&mut self, metric: &str, container: &str, value: f64) {
        if !matches!(metric, PERIODS | WAITED) {
            return;
        }
        let queue = self.containers.entry(container.to_owned()).or_default();
        *(if metric == PERIODS { &mut queue.periods } else { &mut queue.waited }) = value;
    }

    fn take(&mut self, thread: Histogram) {
        match self.threads.iter_mut().find(|known| known.fits(&thread)) {
            Some(known) => known.add(&thread),
            None => self.threads.push(thread),
        }
    }

    /// What was added since; `None` if that is not known.
    pub(crate) fn since(&self, was: &Self) -> Option<Self> {
        let since = |now: &Histogram| {
            was.threads.iter().find(|was| now.fits(was)).and_then(|was| now.since(was))
        };
        let threads: Vec<_> = self.threads.iter().map(since).collect::<Option<_>>()?;
        let grown = |(name, now): (&String, &Queue)| {
            let was = was.containers.get(name)?;
            let queue =
                Queue { periods: now.periods - was.periods, waited: now.waited - was.waited };
            // Less than before, or no number: another process.
            (queue.periods >= 0.0 && queue.waited >= 0.0).then(|| (name.clone(), queue))
        };
        let containers: BTreeMap<_, _> = self.containers.iter().filter_map(grown).collect();
        let known = !threads.is_empty() || !containers.is_empty();
        known.then_some(Self { threads, containers })
    }

    pub(crate) fn add(&mut self, other: &Self) {
        other.threads.iter().for_each(|thread| self.take(thread.clone()));
        for (name, more) in &other.containers {
            let queue = self.containers.entry(name.clone()).or_default();
            queue.periods += more.periods;
            queue.waited += more.waited;
        }
    }

    /// How long the threads of a container waited for a core before they ran, on average, and
    /// which; the container that waited longest, of those that ran often enough.
    #[must_use]
    pub fn queued_for(&self) -> Option<(Duration, &str)> {
        let often = self.containers.iter().filter(|(_, queue)| queue.periods >= PERIODS_MIN);
        let mean = |queue: &Queue| Duration::try_from_secs_f64(queue.waited / queue.periods).ok();
        often.filter_map(|(name, queue)| Some((mean(queue)?, name.as_str()))).max()
    }

    /// How many waits there were.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.threads.iter().map(Histogram::count).sum()
    }

    /// How many of them ended later than this for certain: those in a bucket that begins there or
    /// above.
    #[must_use]
    pub fn later_than(&self, delay: Duration) -> u64 {
        self.buckets().filter(|(from, _)| *from >= delay).map(|(_, count)| count).sum()
    }

    /// Where the last bucket begins that holds one: one wait was at least so late.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.buckets()
            .filter(|(_, count)| *count > 0)
            .map(|(from, _)| from)
            .max()
            .unwrap_or_default()
    }

    /// Each bucket's beginning and count.
    fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.threads.iter().flat_map(|histogram| {
            let from = std::iter::once(0.0).chain(histogram.bounds.iter().copied());
            let from =
                from.map(|us| Duration::try_from_secs_f64(us / 1e6).unwrap_or(Duration::MAX));
            from.zip(histogram.buckets.iter().copied())
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::metric::NAME;
    use std::fmt::Write as _;

    use crate::telemetry::page::parse;
    use crate::telemetry::{PodName, Snapshot, Window};

    use super::*;

    /// A page of an Envoy with two workers, whose waits ended within 1 ms, 50 ms and later.
    fn page(uptime: u32, workers: [[u32; 3]; 2]) -> Snapshot {
        let mut text = format!("envoy_server_uptime{{}} {uptime}\n");
        for (worker, [one, fifty, all]) in workers.into_iter().enumerate() {
            let name = format!("envoy_listener_manager_worker_{worker}_{NAME}");
            let _ = write!(
                text,
                "{name}_bucket{{le=\"1000\"}} {one}\n{name}_bucket{{le=\"50000\"}} {fifty}\n\
                 {name}_bucket{{le=\"+Inf\"}} {all}\n{name}_sum{{}} 9\n{name}_count{{}} {all}\n"
            );
        }
        let mut snapshot = Snapshot::default();
        snapshot.insert(PodName::new("shop", "cart-1"), "", parse(&text).expect("a page"));
        snapshot
    }

    #[test]
    fn what_came_since_is_counted_over_all_threads() {
        let window = Window::between(
            &page(5, [[10, 10, 11], [20, 20, 20]]),
            &page(9, [[90, 95, 98], [40, 41, 41]]),
        );
        let (pod, delays) = window.delays().next().expect("one proxy tells");
        assert_eq!(pod.to_string(), "shop/cart-1");
        let ms = Duration::from_millis;
        assert_eq!(delays.waits(), 87 + 21);
        assert_eq!(delays.later_than(ms(50)), 2);
        // From 1 to 50 ms may be more than 2 ms and may be less.
        assert_eq!(delays.later_than(ms(2)), 2);
        assert_eq!(delays.later_than(ms(1)), 2 + 6);
        assert_eq!(delays.longest(), ms(50));
    }

    #[test]
    fn what_waited_for_a_core_is_told_on_average() {
        let page = |periods: u32, waited: f64| {
            let text = format!(
                "envoy_server_uptime{{}} 9\n{PERIODS}{{container=\"istio-proxy\"}} {periods}\n\
                 {WAITED}{{container=\"istio-proxy\"}} {waited}\n\
                 {PERIODS}{{container=\"cart\"}} {periods}\n{WAITED}{{container=\"cart\"}} 1\n"
            );
            let mut snapshot = Snapshot::default();
            snapshot.insert(PodName::new("shop", "cart-1"), "", parse(&text).expect("a page"));
            snapshot
        };
        let queued = |now: Snapshot| -> Option<(Duration, String)> {
            let window = Window::between(&page(100, 1.0), &now);
            let (_, delays) = window.delays().next()?;
            delays.queued_for().map(|(queued, container)| (queued, container.to_owned()))
        };
        assert_eq!(queued(page(300, 2.0)), Some((Duration::from_millis(5), "istio-proxy".into())));
        assert_eq!(queued(page(120, 2.0)), None, "too few to tell");
        assert_eq!(queued(page(30, 0.1)), None, "another process");
        // What it had done before is not taken off what others did.
        let anew = Window::between(&page(100, 1.0), &page(30, 0.1));
        assert_eq!(anew.delays().count(), 0);
    }

    #[test]
    fn a_proxy_that_began_anew_tells_nothing_of_that_time() {
        let window = Window::between(&page(900, [[9, 9, 9]; 2]), &page(1, [[1, 1, 1]; 2]));
        assert_eq!(window.delays().count(), 0);
    }
}
