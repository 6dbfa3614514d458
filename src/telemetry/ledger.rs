//! The ledger: follows every series of every pod from one reading to the next. Pure.
//!
//! Counters add up over the life of a proxy, but a proxy does not show each of them all that
//! time: Envoy gives up the series of a replaced listener once its last connections have drained,
//! and Istio those that have been idle for long. So, within one life, a series
//!
//! - that grew, grew by the difference;
//! - that is gone, keeps what it had, as only what no longer grows is given up;
//! - that is back after it was gone, goes on from zero, on top of what it had;
//! - that is smaller, without having been seen gone, was reset at some time: how much it had
//!   counted until then, nobody knows.
//!
//! What came and went between two readings is not seen: a series that was given up, is back and
//! has outgrown its old count, or one that grew and was given up. Proxies wait long before they
//! give up (Istio drains for 45 s), so readings that are closer than that see all.
//!
//! A pod's life is another one only if the pod says so (`Snapshot::insert`), or its proxy's uptime.

use std::collections::BTreeMap;

use crate::telemetry::delays::Delays;
use crate::telemetry::life::Life;
use crate::telemetry::metric::METRICS;
use crate::telemetry::missing::{Missing, Part, Why};
use crate::telemetry::pod_name::PodName;
use crate::telemetry::series::{Amount, Key};
use crate::telemetry::snapshot::{Reading, Snapshot};
use crate::telemetry::window::Window;

/// What the proxies counted, as far as they were read. Any number of readings makes one account;
/// what a reading lacks is missing only from windows that begin or end with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    begin: Mark,
    now: Mark,
}

/// A moment of a ledger, right after a reading.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mark {
    pods: BTreeMap<PodName, Account>,
}

/// What is known of a pod.
#[derive(Debug, Clone, PartialEq, Default)]
struct Account {
    life: Life,
    thread: Thread,
    /// How often the pod was read or tried to be.
    readings: u64,
    metrics: BTreeMap<&'static str, Thread>,
    series: BTreeMap<Key, Series>,
    delays: Delays,
}

/// What is known of a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Series {
    /// All it counted while it was followed, through its comings and goings.
    total: Option<Amount>,
    /// What it last showed; nothing while it is gone.
    last: Option<Amount>,
    thread: Thread,
}

/// Whether something can be followed from one moment to another.
#[derive(Debug, Clone, PartialEq, Default)]
struct Thread {
    /// How often it could not be followed, for good.
    breaks: u32,
    /// Why it could not, the last time.
    broke: Option<Why>,
    /// Why the last reading says nothing about it; a later one may.
    unread: Option<Why>,
}

// === impl Ledger ===

impl Ledger {
    /// A ledger that begins with a reading.
    #[must_use]
    pub fn begin(snapshot: &Snapshot) -> Self {
        let mut ledger = Self::default();
        ledger.observe(snapshot);
        ledger.begin = ledger.mark();
        ledger
    }

    /// Goes on with another reading. Pods and series that are new count from zero.
    pub fn observe(&mut self, snapshot: &Snapshot) {
        for (pod, account) in &mut self.now.pods {
            if !snapshot.pods.contains_key(pod) {
                account.thread.unread = Some(Why::Vanished);
            }
        }
        for (pod, reading) in &snapshot.pods {
            match self.now.pods.get_mut(pod) {
                Some(account) => account.take(reading),
                None => self.now.pods.entry(pod.clone()).or_default().take(reading),
            }
        }
    }

    /// The moment of the last reading, to ask for what came since.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.now.clone()
    }

    /// What was counted between the first reading and the last.
    #[must_use]
    pub fn window(&self) -> Window {
        self.since(&self.begin)
    }

    /// What was counted between a mark of this ledger and the last reading. Windows that follow
    /// each other can be added up with [`Window::add`], and some of them left out.
    #[must_use]
    pub fn since(&self, mark: &Mark) -> Window {
        let mut window = Window::default();
        for (pod, account) in &self.now.pods {
            account.grown(pod, mark.pods.get(pod), &mut window);
        }
        window
    }
}

// === impl Account ===

impl Account {
    fn take(&mut self, reading: &Reading) {
        self.readings += 1;
        if reading.life.continues(&self.life) {
            let envoy_was_there = self.life.has_uptime();
            self.life.learn(&reading.life);
            // Whatever else on the page may look like Envoy's: what it always tells is not there.
            let lost = envoy_was_there && !reading.life.has_uptime();
            self.thread.unread = reading.unread.clone().or(lost.then_some(Why::NoEnvoy));
        } else {
            self.life = reading.life.clone();
            self.thread.unread.clone_from(&reading.unread);
            self.thread.broke(Why::Restarted);
            // No window reaches over the break: what its series had before does not matter.
        }
        if self.thread.unread.is_none() {
            self.take_series(reading);
        }
    }

    fn take_series(&mut self, reading: &Reading) {
        for metric in METRICS {
            let why = reading.metrics.get(metric).cloned();
            self.metrics.entry(metric).or_default().unread = why;
        }
        self.delays = reading.delays.clone();
        let is_read = |key: &Key| !reading.metrics.contains_key(key.metric);
        for (key, series) in &mut self.series {
            if is_read(key) && !reading.series.contains_key(key) {
                series.gone();
            }
        }
        for (key, shown) in &reading.series {
            let series = match self.series.get_mut(key) {
                Some(series) => series,
                // A series of an unread metric at least says what the pod does.
                None => self.series.entry(key.clone()).or_default(),
            };
            if is_read(key) {
                series.take(shown);
            }
        }
    }

    /// Adds to the window what was counted since `mark`, or what is missing of it.
    fn grown(&self, pod: &PodName, mark: Option<&Self>, window: &mut Window) {
        let miss = |what, why: &Why, known| Missing::new(pod.clone(), what, why.clone(), known);
        if mark.is_some_and(|mark| self.stays_away_since(mark)) {
            return;
        }
        if let Some(why) = self.thread.gap(mark.map(|mark| &mark.thread)) {
            window.missing.push(miss(Part::Pod, why, self.series.keys().cloned().collect()));
            return;
        }
        if let Some(grown) = mark.and_then(|mark| self.delays.since(&mark.delays)) {
            window.delays.insert(pod.clone(), grown);
        }
        let gap = |metric: &str| {
            let was = mark.and_then(|mark| mark.metrics.get(metric));
            self.metrics.get(metric).and_then(|thread| thread.gap(was))
        };
        for metric in METRICS {
            if let Some(why) = gap(metric) {
                let known = self.series.keys().filter(|key| key.metric == metric);
                window.missing.push(miss(Part::Metric(metric), why, known.cloned().collect()));
            }
        }
        for (key, series) in &self.series {
            if gap(key.metric).is_some() {
                continue;
            }
            match series.grown(mark.and_then(|mark| mark.series.get(key))) {
                Ok(Some(amount)) => window.count(key, amount),
                Ok(None) => {}
                Err(why) => window.missing.push(miss(Part::of(key), &why, Vec::new())),
            }
        }
    }

    /// Whether the pod was gone at the mark already and was not seen since: it counted nothing.
    fn stays_away_since(&self, mark: &Self) -> bool {
        let gone = |account: &Self| account.thread.unread == Some(Why::Vanished);
        gone(self) && gone(mark) && self.readings == mark.readings
    }
}

// === impl Series ===

impl Series {
    fn take(&mut self, shown: &Result<Amount, Why>) {
        let now = match shown {
            Ok(now) => now,
            Err(why) => {
                self.thread.unread = Some(why.clone());
                return;
            }
        };
        self.thread.unread = None;
        let grown = match &self.last {
            Some(last) => now.since(last),
            None => Ok(now.clone()),
        };
        let added = grown.and_then(|grown| match &mut self.total {
            Some(total) => total.add(&grown),
            None => {
                self.total = Some(grown);
                Ok(())
            }
        });
        if let Err(why) = added {
            // Histograms with other buckets cannot be added to what there was.
            if why == Why::OtherBuckets {
                self.total = None;
            }
            self.thread.broke(why);
        }
        self.last = Some(now.clone());
    }

    /// The last reading was good, and the series was not in it.
    fn gone(&mut self) {
        self.last = None;
        // It was there and could not be read: what it counted until it went is not known.
        if let Some(why) = self.thread.unread.take() {
            self.thread.broke(why);
        }
    }

    /// What it counted since `mark`; `None` if nothing.
    fn grown(&self, mark: Option<&Self>) -> Result<Option<Amount>, Why> {
        if let Some(why) = self.thread.gap(mark.map(|mark| &mark.thread)) {
            return Err(why.clone());
        }
        let Some(total) = &self.total else { return Ok(None) };
        let grown = match mark.and_then(|mark| mark.total.as_ref()) {
            Some(was) => total.since(was)?,
            None => total.clone(),
        };
        Ok(Some(grown).filter(|grown| !grown.is_nothing()))
    }
}

// === impl Thread ===

impl Thread {
    fn broke(&mut self, why: Why) {
        self.breaks = self.breaks.saturating_add(1);
        self.broke = Some(why);
    }

    /// Why it cannot be followed from then to now, if it cannot.
    fn gap<'a>(&'a self, then: Option<&'a Self>) -> Option<&'a Why> {
        let breaks = then.map_or(0, |then| then.breaks);
        let broke = self.broke.as_ref().filter(|_| self.breaks != breaks);
        broke.or(self.unread.as_ref()).or_else(|| then?.unread.as_ref())
    }
}

// === impl Amount ===

impl Amount {
    fn since(&self, was: &Self) -> Result<Self, Why> {
        match (self, was) {
            (Self::Count(now), Self::Count(was)) => {
                let grown = now.checked_sub(*was).map(Self::Count);
                grown.ok_or(Why::Reset { was: *was, now: *now })
            }
            (Self::Histogram(now), Self::Histogram(was)) if now.fits(was) => {
                let grown = now.since(was).map(Self::Histogram);
                grown.ok_or(Why::Reset { was: was.count(), now: now.count() })
            }
            _ => Err(Why::OtherBuckets),
        }
    }

    fn add(&mut self, more: &Self) -> Result<(), Why> {
        match (self, more) {
            (Self::Count(total), Self::Count(more)) => *total = total.saturating_add(*more),
            (Self::Histogram(total), Self::Histogram(more)) if total.fits(more) => total.add(more),
            _ => return Err(Why::OtherBuckets),
        }
        Ok(())
    }

    fn is_nothing(&self) -> bool {
        match self {
            Self::Count(count) => *count == 0,
            Self::Histogram(histogram) => histogram.count() == 0,
        }
    }
}

// === impl Window ===

impl Window {
    /// What was counted after `before` and up to `after`, where these two are all there is.
    #[must_use]
    pub fn between(before: &Snapshot, after: &Snapshot) -> Self {
        let mut ledger = Ledger::begin(before);
        ledger.observe(after);
        ledger.window()
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
