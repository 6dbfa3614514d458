//! What the kernel says about the machine under a stream: time in which something runnable waited
//! for a core, time that a hypervisor took, time that a quota forbade. They explain a stall that
//! the ticker saw. By themselves they decide only where no proxy tells whether it waited
//! (`evidence/witness`), because a busy machine may still be in time.
//!
//! Sources: Linux, Documentation/accounting/psi.rst, Documentation/admin-guide/cgroup-v2.rst
//! ("cpu.stat"), Documentation/scheduler/sched-bwc.rst (cgroup v1), proc(5).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// `/proc/stat` counts in hundredths of seconds, whatever the kernel's own tick is.
const STAT_MICROS: u64 = 10_000;

/// The mean of a piece of load hides what happened in the middle of it: a second in which every
/// core was used keeps a request waiting, however quiet it is before and after.
const STRETCH: Duration = Duration::from_secs(1);

/// What was used, waited for and lost since some moment; sums, so that they can be subtracted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Wall time, in microseconds.
    pub elapsed_us: u64,
    /// Time in which at least one task waited for a core (PSI, "some"); none without PSI.
    #[serde(default)]
    pub waited_us: Option<u64>,
    /// Time of all cores together.
    #[serde(default)]
    pub cores_us: Option<u64>,
    /// What of it nobody used.
    #[serde(default)]
    pub idle_us: Option<u64>,
    /// Time of one core that a hypervisor gave to somebody else.
    #[serde(default)]
    pub stolen_us: Option<u64>,
    /// Time in which the quota of our cgroup forbade us to run; none without a quota.
    #[serde(default)]
    pub throttled_us: Option<u64>,
}

/// A reading to subtract from.
#[derive(Debug, Clone)]
pub struct Reading {
    at: Instant,
    usage: Usage,
}

/// Usage, stretch by stretch.
#[derive(Debug)]
pub struct Stretches {
    begin: Reading,
}

// === impl Usage ===

impl Usage {
    /// These and those, one after the other or beside each other.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let sum = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (None, None) => None,
            (one, two) => Some(one.unwrap_or_default() + two.unwrap_or_default()),
        };
        Self {
            elapsed_us: self.elapsed_us + other.elapsed_us,
            waited_us: sum(self.waited_us, other.waited_us),
            cores_us: sum(self.cores_us, other.cores_us),
            idle_us: sum(self.idle_us, other.idle_us),
            stolen_us: sum(self.stolen_us, other.stolen_us),
            throttled_us: sum(self.throttled_us, other.throttled_us),
        }
    }

    /// The share of all cores' time that was used, from 0 to 1; nothing if it is not known.
    #[must_use]
    pub fn busy(&self) -> Option<f64> {
        let cores = self.cores_us.filter(|cores| *cores > 0)?;
        Some(1.0 - self.idle_us?.min(cores) as f64 / cores as f64)
    }

    /// What was short, as shares of the time, for a person; empty if nothing is known to have been.
    #[must_use]
    pub fn in_words(&self) -> String {
        let share = |us: Option<u64>, what: &str| {
            let percent = us? as f64 * 100.0 / self.elapsed_us.max(1) as f64;
            (percent >= 1.0).then(|| format!("{percent:.0}% {what}"))
        };
        let parts = [
            share(self.waited_us, "of the time something waited for a core"),
            share(self.throttled_us, "throttled by the CPU quota"),
            share(self.stolen_us, "of a core stolen by the hypervisor"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

// === impl Reading ===

impl Reading {
    /// What the kernel says now. What it does not say is not known; nothing here fails.
    #[must_use]
    pub fn now() -> Self {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        let stat = read(Path::new("/proc/stat"));
        let usage = Usage {
            elapsed_us: 0,
            waited_us: pressure(&read(Path::new("/proc/pressure/cpu"))),
            cores_us: cores(&stat).map(|times| times.iter().sum()),
            idle_us: cores(&stat).map(|times| times[3] + times[4]),
            stolen_us: cores(&stat).map(|times| times[7]),
            throttled_us: {
                let groups = stat_files(&read(Path::new("/proc/self/cgroup")));
                groups.iter().find_map(|path| throttled(&read(path)))
            },
        };
        Self { at: Instant::now(), usage }
    }

    /// What happened since.
    #[must_use]
    pub fn since(&self) -> Usage {
        self.until(&Self::now())
    }

    fn until(&self, now: &Self) -> Usage {
        let grown = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        let elapsed = now.at.saturating_duration_since(self.at);
        Usage {
            elapsed_us: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            waited_us: grown(now.usage.waited_us, self.usage.waited_us),
            cores_us: grown(now.usage.cores_us, self.usage.cores_us),
            idle_us: grown(now.usage.idle_us, self.usage.idle_us),
            stolen_us: grown(now.usage.stolen_us, self.usage.stolen_us),
            throttled_us: grown(now.usage.throttled_us, self.usage.throttled_us),
        }
    }
}

// === impl Stretches ===

impl Stretches {
    /// The first begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self { begin: Reading::now() }
    }

    /// The stretch under way if it has lasted for a second or more; the next begins.
    pub fn ended(&mut self) -> Option<Usage> {
        (self.begin.at.elapsed() >= STRETCH).then(|| {
            let now = Reading::now();
            std::mem::replace(&mut self.begin, now.clone()).until(&now)
        })
    }
}

/// `some avg10=… total=15646678`.
fn pressure(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

/// The first eight numbers of the `cpu` line, in microseconds: user, nice, system, idle, waiting
/// for a disk, two of interrupts, stolen. (Guests' time, after them, is in the first two already.)
fn cores(text: &str) -> Option<[u64; 8]> {
    let all = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let times = all.split_whitespace().take(8).map(|number| number.parse::<u64>().ok());
    let times: Option<Vec<_>> = times.map(|ticks| ticks?.checked_mul(STAT_MICROS)).collect();
    times?.try_into().ok()
}

/// `throttled_usec N` of cgroup v2, `throttled_time N` (nanoseconds) of v1.
fn throttled(text: &str) -> Option<u64> {
    text.lines().find_map(|line| match line.split_once(' ')? {
        ("throttled_usec", us) => us.parse().ok(),
        ("throttled_time", ns) => ns.parse::<u64>().ok().map(|ns| ns / 1_000),
        _ => None,
    })
}

/// Where our cgroup's `cpu.stat` may be, the likeliest first: a container sees its own group at the
/// root of the file system of groups, whatever the list of groups says.
fn stat_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let root = match controllers {
            "" => "/sys/fs/cgroup",
            list if list.split(',').any(|one| one == "cpu") => "/sys/fs/cgroup/cpu",
            _ => continue,
        };
        for inside in [path.trim_start_matches('/'), ""] {
            files.push(Path::new(root).join(inside).join("cpu.stat"));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        let psi = "some avg10=3.68 avg60=5.14 avg300=3.33 total=15646678\nfull avg10=0 total=0\n";
        assert_eq!(pressure(psi), Some(15_646_678));
        let times = cores("cpu  1112 31675 4407 10724 274 0 42 16 0 0\ncpu0 1 2\n").expect("eight");
        assert_eq!((times[3], times[4], times[7]), (107_240_000, 2_740_000, 160_000));
        assert_eq!(throttled("nr_throttled 3\nthrottled_usec 4711\n"), Some(4_711));
        assert_eq!(throttled("nr_periods 9\nthrottled_time 4711000\n"), Some(4_711));
        for text in ["", "some", "cpu  1 2", "throttled_usec x", "total=1"] {
            assert_eq!((pressure(text), cores(text), throttled(text)), (None, None, None));
        }
    }

    #[test]
    fn the_groups_file_leads_to_the_quota() {
        let v1 = stat_files("12:pids:/a\n4:cpu,cpuacct:/cores-7\n0::/x\n");
        assert_eq!(v1[0], Path::new("/sys/fs/cgroup/cpu/cores-7/cpu.stat"));
        assert!(v1.contains(&PathBuf::from("/sys/fs/cgroup/x/cpu.stat")));
        let v2 = stat_files("0::/kubepods/pod1\n");
        assert_eq!(v2[1], Path::new("/sys/fs/cgroup/cpu.stat"));
        assert_eq!(stat_files("nonsense"), Vec::<PathBuf>::new());
    }

    #[test]
    fn shortages_are_told_as_shares() {
        let usage = Usage {
            elapsed_us: 2_000_000,
            waited_us: Some(1_700_000),
            cores_us: Some(4_000_000),
            idle_us: Some(1_000_000),
            stolen_us: Some(0),
            throttled_us: Some(500_000),
        };
        assert_eq!(usage.and(&usage).busy(), Some(0.75));
        assert_eq!(Usage::default().busy(), None);
        assert_eq!(
            usage.in_words(),
            "85% of the time something waited for a core, 25% throttled by the CPU quota"
        );
        assert_eq!(usage.and(&usage).in_words(), usage.in_words());
        assert_eq!(Usage::default().in_words(), "");
    }
}
