//! What a process and its children take of memory, for the benchmarks.

use std::fs;

/// Proportional set sizes, in MiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// The process itself.
    pub own: f64,
    /// Its children.
    pub children: f64,
    /// How many children there are.
    pub count: usize,
}

// === impl Memory ===

impl Memory {
    /// What this process and its children take now, as `/proc` tells it.
    pub(crate) fn of(process: u32) -> Self {
        let mut memory = Self::default();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let pss = || kibibytes(pid, "smaps_rollup", "Pss:") as f64 / 1024.0;
            if pid == process {
                memory.own = pss();
            } else if kibibytes(pid, "status", "PPid:") == u64::from(process) {
                memory.children += pss();
                memory.count += 1;
            }
        }
        memory
    }
}

/// A number in one of a process's files; zero when it has ended.
fn kibibytes(pid: u32, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or_default()
}
