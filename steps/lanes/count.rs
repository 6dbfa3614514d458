//! How many lanes this machine has room for: by what is free of it, not by what it is made of.
//! Reading the machine is the only thing here that is not pure.

use std::path::Path;
use std::time::Duration;

/// A local mesh with the Travel Demo was measured to take about 350 MiB; twice that leaves room for
/// load, and for what else the machine does.
const MEMORY_PER_LANE: u64 = 700 << 20;

/// More lanes than this were never tried.
const LANES_MAX: usize = 16;

/// A lane is worth a core; one that is nearly free is free enough.
const NEARLY: f64 = 0.3;

/// How long it is watched what others do. Ticks of the kernel's account are 10 ms: this is some 20
/// of them on each core.
const WATCHED: Duration = Duration::from_millis(200);

/// What is free.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Free {
    /// Cores, by affinity and the quota of the cgroup.
    cores: f64,
    /// Which share of all the machine's cores nobody used.
    idle: f64,
    /// All the machine's cores.
    of: f64,
    /// Bytes, by the machine and the limit of the cgroup.
    memory: u64,
}

/// How many lanes suit this machine now, when nobody said.
pub(crate) fn lanes_for(scenarios: u32) -> usize {
    lanes(Free::now(), usize::try_from(scenarios).unwrap_or(LANES_MAX))
}

/// One lane for each free core, as far as the memory goes. A mesh under load was measured to take
/// more than a core, but half of a scenario's time is waiting. On a starved machine it is one.
fn lanes(free: Free, scenarios: usize) -> usize {
    let cores = (free.idle * free.of).min(free.cores) + NEARLY;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number of cores"
    )]
    let cores = cores.max(0.0) as usize;
    let memory = usize::try_from(free.memory / MEMORY_PER_LANE).unwrap_or(LANES_MAX);
    cores.min(memory).min(scenarios).clamp(1, LANES_MAX)
}

impl Free {
    fn now() -> Self {
        let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
        let before = ticks(&read("/proc/stat"));
        std::thread::sleep(WATCHED);
        let stat = read("/proc/stat");
        let idle = before.zip(ticks(&stat)).map_or(1.0, |((idle, all), (idle_now, all_now))| {
            let all = all_now.saturating_sub(all).max(1);
            idle_now.saturating_sub(idle) as f64 / all as f64
        });
        let of = stat.lines().filter(|line| is_core(line)).count().max(1) as f64;
        // The standard library looks at the affinity and at the cgroup's quota, but rounds it down.
        let cores = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
        let limits = [
            ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
            (
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.usage_in_bytes",
            ),
        ];
        let limited = limits.into_iter().filter_map(|(limit, used)| {
            let number = |path| read(path).trim().parse::<u64>().ok();
            Some(number(limit)?.saturating_sub(number(used)?))
        });
        let available = available(&read("/proc/meminfo")).unwrap_or(MEMORY_PER_LANE);
        Self { cores, idle, of, memory: limited.fold(available, u64::min) }
    }
}

/// Idle ticks (waiting for disks among them) and all ticks of all cores, from `/proc/stat`.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let all = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = all.split_whitespace().map_while(|tick| tick.parse().ok()).collect();
    // Guests' time is in user's time, too: the first eight are all there is.
    let sum = ticks.iter().take(8).sum();
    Some((ticks.get(3)? + ticks.get(4)?, sum))
}

fn is_core(line: &str) -> bool {
    line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Free = Free { cores: 2.0, idle: 0.95, of: 2.0, memory: 8 << 30 };

    #[test]
    fn lanes_follow_from_what_is_free() {
        assert_eq!(lanes(QUIET, 23), 2);
        // One scenario needs one lane; a quota, a busy neighbour, little memory leave one.
        assert_eq!(lanes(QUIET, 1), 1);
        assert_eq!(lanes(Free { cores: 1.0, ..QUIET }, 23), 1);
        assert_eq!(lanes(Free { idle: 0.5, ..QUIET }, 23), 1);
        assert_eq!(lanes(Free { memory: 1 << 30, ..QUIET }, 23), 1);
        // A starved machine has one, too.
        assert_eq!(lanes(Free { cores: 1.0, idle: 0.0, of: 2.0, memory: 0 }, 23), 1);
        assert_eq!(lanes(Free { cores: 64.0, idle: 0.9, of: 64.0, memory: 1 << 40 }, 99), 16);
        assert_eq!(lanes(Free { cores: 64.0, idle: 0.1, of: 64.0, memory: 1 << 40 }, 99), 6);
    }

    #[test]
    fn the_kernels_accounts_are_read() {
        let stat = "cpu  100 0 50 800 40 0 5 5 0 0\ncpu0 1 2 3 4\ncpu1 1\nintr 5\n";
        assert_eq!(ticks(stat), Some((840, 1_000)));
        assert_eq!(stat.lines().filter(|line| is_core(line)).count(), 2);
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:  2048 kB\n"), Some(2 << 20));
        assert_eq!((ticks(""), available("")), (None, None));
    }
}
