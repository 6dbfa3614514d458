//! How long a pod's containers waited for a core, as a kubelet's cAdvisor tells it: a page of the
//! local mesh has no kubelet's page beside it.
//!
//! Source: Linux, Documentation/scheduler/sched-stats.rst ("/proc/<pid>/schedstat": time on the
//! processor, time on a run queue, both in nanoseconds, number of times that it ran); the names are
//! cAdvisor's (docs/storage/prometheus.md).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The proxy's container.
const SIDECAR: &str = "istio-proxy";

const PERIODS: &str = "container_cpu_schedstat_run_periods_total";
const WAITED: &str = "container_cpu_schedstat_runqueue_seconds_total";

/// The threads on which a pod's stand-ins run, by container; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Threads(Arc<Mutex<BTreeMap<String, PathBuf>>>);

/// How often threads ran, and how long they had waited before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Waits {
    periods: u64,
    waited_ns: u64,
}

// === impl Threads ===

impl Threads {
    /// Notes that this container runs on the calling thread.
    pub fn started(&self, container: &str) {
        // `<pid>/task/<tid>`; where there is no such file, nothing is told.
        let Ok(own) = fs::read_link("/proc/thread-self") else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(container.to_owned(), Path::new("/proc").join(own));
    }

    fn waits(&self) -> BTreeMap<String, Waits> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.into_iter().filter_map(|(name, thread)| Some((name, read(&thread)?))).collect()
    }
}

/// Lines for the metrics page: of the Envoy's process, and of the containers beside it. Empty where
/// the kernel does not tell.
pub(super) fn lines(envoy: Option<i32>, threads: &Threads) -> String {
    let mut waits = threads.waits();
    waits.extend(envoy.and_then(process).map(|waits| (SIDECAR.to_owned(), waits)));
    page(&waits)
}

/// All threads of a process.
fn process(pid: i32) -> Option<Waits> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    threads.flatten().try_fold(Waits::default(), |sum, thread| {
        let waits = read(&thread.path())?;
        Some(Waits {
            periods: sum.periods.saturating_add(waits.periods),
            waited_ns: sum.waited_ns.saturating_add(waits.waited_ns),
        })
    })
}

fn read(thread: &Path) -> Option<Waits> {
    parse(&fs::read_to_string(thread.join("schedstat")).ok()?)
}

/// The second and the third number. Pure.
fn parse(text: &str) -> Option<Waits> {
    let mut fields = text.split_whitespace().skip(1).map(str::parse);
    Some(Waits { waited_ns: fields.next()?.ok()?, periods: fields.next()?.ok()? })
}

/// Pure.
fn page(waits: &BTreeMap<String, Waits>) -> String {
    let mut page = String::new();
    let mut family = |name: &str, value: &dyn Fn(&Waits) -> f64| {
        let _ = writeln!(page, "# TYPE {name} counter");
        for (container, waits) in waits {
            let _ = writeln!(page, "{name}{{container=\"{container}\"}} {}", value(waits));
        }
    };
    if !waits.is_empty() {
        family(PERIODS, &|waits| waits.periods as f64);
        family(WAITED, &|waits| waits.waited_ns as f64 / 1e9);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_container_has_its_own_lines() {
        let waits = |text: &str| parse(text).expect("numbers");
        let page = page(&BTreeMap::from([
            ("cart".to_owned(), waits("5 1500000000 7\n")),
            (SIDECAR.to_owned(), waits("9 500000000 3\n")),
        ]));
        assert!(page.contains("run_periods_total{container=\"cart\"} 7\n"), "{page}");
        assert!(page.contains("runqueue_seconds_total{container=\"cart\"} 1.5\n"), "{page}");
        assert!(page.contains("run_periods_total{container=\"istio-proxy\"} 3\n"), "{page}");
        for odd in ["", "no numbers", "5 6"] {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_kernel_tells_of_a_process_and_of_a_thread() {
        let threads = Threads::default();
        assert_eq!(lines(None, &threads), "");
        threads.started("cart");
        let page = lines(Some(std::process::id().cast_signed()), &threads);
        assert!(
            page.contains("{container=\"cart\"}") && page.contains("{container=\"istio-proxy\"}")
        );
    }
}
