//! How long a sidecar's threads waited for a core, as a kubelet's cAdvisor tells it of containers:
//! a page of the local mesh has no kubelet's page beside it.
//!
//! Source: Linux, Documentation/scheduler/sched-stats.rst ("/proc/<pid>/schedstat": time on the
//! processor, time on a run queue, both in nanoseconds, number of times that it ran); the names are
//! cAdvisor's (docs/storage/prometheus.md).

use std::fs;
use std::path::Path;

/// Lines for the metrics page; empty where the kernel does not tell.
pub(super) fn lines(pid: i32) -> String {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return String::new() };
    let read = |thread: &Path| fs::read_to_string(thread.join("schedstat")).ok();
    let all: Option<Vec<_>> = threads.flatten().map(|thread| read(&thread.path())).collect();
    all.and_then(|all| page(&all)).unwrap_or_default()
}

/// The sum over all threads. Pure.
fn page(threads: &[String]) -> Option<String> {
    let (mut waited_ns, mut periods) = (0_u64, 0_u64);
    for thread in threads {
        let mut fields = thread.split_whitespace().skip(1).map(str::parse::<u64>);
        waited_ns = waited_ns.saturating_add(fields.next()?.ok()?);
        periods = periods.saturating_add(fields.next()?.ok()?);
    }
    let seconds = waited_ns as f64 / 1e9;
    let prefix = "container_cpu_schedstat_";
    Some(format!(
        "# TYPE {prefix}run_periods_total counter\n\
         {prefix}run_periods_total{{container=\"istio-proxy\"}} {periods}\n\
         # TYPE {prefix}runqueue_seconds_total counter\n\
         {prefix}runqueue_seconds_total{{container=\"istio-proxy\"}} {seconds}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_added_up() {
        let threads = ["5 1500000000 7\n".to_owned(), "9 500000000 3\n".to_owned()];
        let text = page(&threads).expect("numbers");
        assert!(text.contains("run_periods_total{container=\"istio-proxy\"} 10\n"), "{text}");
        assert!(text.contains("runqueue_seconds_total{container=\"istio-proxy\"} 2\n"), "{text}");
        assert_eq!(page(&["no numbers".to_owned()]), None);
        assert!(lines(std::process::id().cast_signed()).contains("run_periods_total"));
    }
}
