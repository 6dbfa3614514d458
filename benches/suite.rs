//! What a run of all features costs: how long it takes, how much memory, and whether its verdicts
//! are the same each time; and that nothing passes when the Istio configuration is withheld. It
//! prints figures and judges nothing.
//!
//! `cargo bench --bench suite`; further words go to `faultless run`. `FAULTLESS_BENCH_RUNS` says
//! how many runs of each sort (1 by default).

#[path = "memory.rs"]
mod memory;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use reports::{Event, Outcome, Record};

use self::memory::Memory;

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(500);

/// How one run went.
struct Ran {
    seconds: f64,
    peak: f64,
    exit: Option<i32>,
    outcomes: BTreeMap<String, Outcome>,
}

fn main() -> ExitCode {
    let runs = std::env::var("FAULTLESS_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok());
    // Cargo says that it is a benchmark.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let plain: Vec<_> = words.iter().map(String::as_str).collect();
    let placebo: Vec<_> = plain.iter().copied().chain(["--placebo"]).collect();
    let done = measure("runs", runs.unwrap_or(1), &plain)
        .and_then(|()| measure("placebo runs", runs.unwrap_or(1), &placebo));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            println!("no figures: {cause}");
            ExitCode::FAILURE
        }
    }
}

fn measure(what: &str, runs: usize, words: &[&str]) -> Result<(), String> {
    let mut all: Vec<Ran> = Vec::new();
    for number in 1..=runs {
        let ran = run(words)?;
        println!(
            "{what} {number}: {:.1} s, exit {:?}, peak memory (PSS) {:.0} MiB, {}",
            ran.seconds,
            ran.exit,
            ran.peak,
            summary(&ran.outcomes)
        );
        if let Some(first) = all.first() {
            for (scenario, outcome) in &ran.outcomes {
                let before = first.outcomes.get(scenario);
                if before != Some(outcome) {
                    println!("  differs: {scenario}: {outcome:?}, first {before:?}");
                }
            }
        }
        all.push(ran);
    }
    let Some(first) = all.first() else { return Ok(()) };
    let same = all.iter().filter(|ran| ran.outcomes == first.outcomes).count();
    let passes: usize = all
        .iter()
        .map(|ran| ran.outcomes.values().filter(|one| **one == Outcome::Passed).count())
        .sum();
    let mut seconds: Vec<f64> = all.iter().map(|ran| ran.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let peak = all.iter().map(|ran| ran.peak).fold(0.0, f64::max);
    println!(
        "{what}: {same} of {runs} with the verdicts of the first, {passes} passes in all; seconds: \
         median {:.1}, least {:.1}, most {:.1}; peak memory (PSS) {peak:.0} MiB",
        seconds[seconds.len() / 2],
        seconds[0],
        seconds[seconds.len() - 1],
    );
    Ok(())
}

fn run(words: &[&str]) -> Result<Ran, String> {
    let out = tempfile::tempdir().map_err(|cause| cause.to_string())?;
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_faultless"))
        .args(["run", "--out"])
        .arg(out.path())
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|cause| format!("starting faultless: {cause}"))?;
    let mut peak: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|cause| cause.to_string())? {
            break status;
        }
        let Memory { own, children, .. } = Memory::of(child.id());
        peak = peak.max(own + children);
        std::thread::sleep(LOOK);
    };
    Ok(Ran {
        seconds: started.elapsed().as_secs_f64(),
        peak,
        exit: status.code(),
        outcomes: outcomes(&out.path().join("events.jsonl"))?,
    })
}

/// How each scenario ended, by its place.
fn outcomes(record: &Path) -> Result<BTreeMap<String, Outcome>, String> {
    let text =
        fs::read_to_string(record).map_err(|cause| format!("reading the record: {cause}"))?;
    let (mut places, mut outcomes) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        let record: Record =
            serde_json::from_str(line).map_err(|cause| format!("reading the record: {cause}"))?;
        if let Event::ScenarioStarted { scenario, file, line, .. } = &record.event {
            places.insert(*scenario, format!("{file}:{line}"));
        }
        if let Event::ScenarioFinished { scenario, outcome, .. } = &record.event {
            let place = places.get(scenario).cloned().unwrap_or_default();
            outcomes.insert(place, *outcome);
        }
    }
    Ok(outcomes)
}

fn summary(outcomes: &BTreeMap<String, Outcome>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes.values() {
        *counts.entry(format!("{outcome:?}").to_lowercase()).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}
