//! What a run of all features costs: how long it takes, how much processor time and memory, how
//! much load, how many pieces of it were starved, and whether its verdicts are the same each time;
//! and that nothing passes when the Istio configuration is withheld. It prints figures and judges
//! nothing.
//!
//! `cargo bench --bench suite`; further words go to `faultless run`. `FAULTLESS_BENCH_RUNS` says
//! how many runs of each sort (1 by default), `FAULTLESS_BENCH_PLACEBO=0` leaves the placebo out,
//! `FAULTLESS_BENCH_BURNERS` how many processes burn a core each beside them. For a quota or a
//! priority, start it under one.

#[path = "memory.rs"]
mod memory;
#[path = "processor.rs"]
mod processor;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use reports::{Event, Outcome, Record};

use self::memory::Memory;
use self::processor::{Burners, Processor};

/// Between two looks at the processes.
const LOOK: Duration = Duration::from_millis(500);

/// Looks from one look at the memory to the next: the kernel walks all pages for it.
const LOOKS_PER_MEMORY: u32 = 10;

/// How one run went.
struct Ran {
    seconds: f64,
    /// Processor time of the runner and its Envoys, in seconds.
    processor: f64,
    peak: f64,
    requests: u64,
    starved: u64,
    exit: Option<i32>,
    outcomes: BTreeMap<String, Outcome>,
}

fn main() -> ExitCode {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let runs = number("FAULTLESS_BENCH_RUNS").unwrap_or(1);
    let _burners = Burners::start(number("FAULTLESS_BENCH_BURNERS").unwrap_or(0));
    let placebos = if number("FAULTLESS_BENCH_PLACEBO") == Some(0) { 0 } else { runs };
    // Cargo says that it is a benchmark.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let plain: Vec<_> = words.iter().map(String::as_str).collect();
    let placebo: Vec<_> = plain.iter().copied().chain(["--placebo"]).collect();
    let done =
        measure("runs", runs, &plain).and_then(|()| measure("placebo runs", placebos, &placebo));
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
            "{what} {number}: {:.1} s, {:.0} CPU-s, exit {:?}, {} requests, {} pieces starved, \
             peak memory (PSS) {:.0} MiB, {}",
            ran.seconds,
            ran.processor,
            ran.exit,
            ran.requests,
            ran.starved,
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
    let (mut peak, mut processor, mut looks) = (0.0f64, Processor::default(), 0u32);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|cause| cause.to_string())? {
            break status;
        }
        processor.look(child.id());
        looks += 1;
        if looks.is_multiple_of(LOOKS_PER_MEMORY) {
            let Memory { own, children, .. } = Memory::of(child.id());
            peak = peak.max(own + children);
        }
        std::thread::sleep(LOOK);
    };
    let seconds = started.elapsed().as_secs_f64();
    let record = fs::read_to_string(out.path().join("events.jsonl"))
        .map_err(|cause| format!("reading the record: {cause}"))?;
    let (outcomes, requests, starved) = seen(&record)?;
    let (processor, exit) = (processor.seconds(), status.code());
    Ok(Ran { seconds, processor, peak, requests, starved, exit, outcomes })
}

/// How each scenario ended, by its place; how many requests were answered in all, and how many
/// pieces of load said nothing about time.
fn seen(text: &str) -> Result<(BTreeMap<String, Outcome>, u64, u64), String> {
    let (mut places, mut outcomes) = (BTreeMap::new(), BTreeMap::new());
    let (mut requests, mut starved) = (0, 0);
    for line in text.lines() {
        let record: Record =
            serde_json::from_str(line).map_err(|cause| format!("reading the record: {cause}"))?;
        if let Event::ScenarioStarted { scenario, file, line, .. } = &record.event {
            places.insert(*scenario, format!("{file}:{line}"));
        }
        if let Event::LoadProgress { done, ended: true, .. } = &record.event {
            requests += done;
        }
        starved += u64::from(matches!(&record.event, Event::Starved { .. }));
        if let Event::ScenarioFinished { scenario, outcome, .. } = &record.event {
            let place = places.get(scenario).cloned().unwrap_or_default();
            outcomes.insert(place, *outcome);
        }
    }
    Ok((outcomes, requests, starved))
}

fn summary(outcomes: &BTreeMap<String, Outcome>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes.values() {
        *counts.entry(format!("{outcome:?}").to_lowercase()).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}
