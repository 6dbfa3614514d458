//! How late the threads of an Envoy ran: after how long a time beyond its timeout each wait of an
//! event loop ended. A proxy without a core to run on shows it here. Pure.
//!
//! Source: Envoy, "Event loop" (configuration/operations: `enable_dispatcher_stats`), and
//! `libevent_scheduler.cc`: `poll_delay_us` is recorded for waits that ended by their timeout, so
//! it is there without any traffic: an idle worker waits some dozen times a second. Istio leaves
//! these statistics off unless it is told otherwise; then there is nothing here.

use std::time::Duration;

use super::histogram::Histogram;

/// In the name of each thread's histogram, in microseconds.
pub(super) const NAME: &str = "dispatcher_poll_delay_us";

/// How late the threads of a proxy ran.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delays(Vec<Histogram>);

// === impl Delays ===

impl Delays {
    pub(super) fn of(threads: impl IntoIterator<Item = Histogram>) -> Self {
        let mut delays = Self::default();
        threads.into_iter().for_each(|thread| delays.take(thread));
        delays
    }

    fn take(&mut self, thread: Histogram) {
        match self.0.iter_mut().find(|known| known.fits(&thread)) {
            Some(known) => known.add(&thread),
            None => self.0.push(thread),
        }
    }

    /// What was added since; `None` if that is not known.
    pub(super) fn since(&self, was: &Self) -> Option<Self> {
        let since =
            |now: &Histogram| was.0.iter().find(|was| now.fits(was)).and_then(|was| now.since(was));
        let grown: Option<Vec<_>> = self.0.iter().map(since).collect();
        grown.filter(|grown| !grown.is_empty()).map(Self)
    }

    pub(super) fn add(&mut self, other: &Self) {
        other.0.iter().for_each(|thread| self.take(thread.clone()));
    }

    /// How many waits there were.
    #[must_use]
    pub fn waits(&self) -> u64 {
        self.0.iter().map(Histogram::count).sum()
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
        self.0.iter().flat_map(|histogram| {
            let from = std::iter::once(0.0).chain(histogram.bounds.iter().copied());
            let from =
                from.map(|us| Duration::try_from_secs_f64(us / 1e6).unwrap_or(Duration::MAX));
            from.zip(histogram.buckets.iter().copied())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use crate::telemetry::exposition::parse;
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
    fn a_proxy_that_began_anew_tells_nothing_of_that_time() {
        let window = Window::between(&page(900, [[9, 9, 9]; 2]), &page(1, [[1, 1, 1]; 2]));
        assert_eq!(window.delays().count(), 0);
    }
}
