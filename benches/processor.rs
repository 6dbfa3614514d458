//! The processor time of a process and its children, for the benchmarks, and something that burns
//! it beside them.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command};

/// Ticks of `/proc/PID/stat` per second: what Linux tells programs, whatever its own tick is.
const TICKS: f64 = 100.0;

/// Ticks by process, as far as they were seen: a process that ends takes what it used since the
/// last look with it.
#[derive(Debug, Default)]
pub(crate) struct Processor(BTreeMap<u32, u64>);

/// Processes that do nothing, as fast as they can; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Burners(Vec<Child>);

// === impl Processor ===

impl Processor {
    /// Looks at the process and its children once more.
    pub(crate) fn look(&mut self, process: u32) {
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The program's name, in parentheses, may hold blanks: what follows it does not.
            let Some((_, rest)) = stat.rsplit_once(')') else { continue };
            let words: Vec<&str> = rest.split_whitespace().collect();
            let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
            let parent = number(1).unwrap_or_default();
            if pid == process || parent == u64::from(process) {
                let ticks = number(11).unwrap_or_default() + number(12).unwrap_or_default();
                self.0.insert(pid, ticks);
            }
        }
    }

    /// All that was seen, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.0.values().sum::<u64>() as f64 / TICKS
    }
}

// === impl Burners ===

impl Burners {
    /// Starts so many; one that cannot be started is said and left out.
    pub(crate) fn start(count: usize) -> Self {
        let burn = |_| {
            let child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn();
            child.inspect_err(|cause| println!("no burner: {cause}")).ok()
        };
        Self((0..count).filter_map(burn).collect())
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended already needs no ending.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
