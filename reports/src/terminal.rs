//! A run while it happens, for people: on a terminal with live lines at the bottom, in CI as plain
//! lines. A function of the records so far: it returns text and writes nothing.
//!
//! A scenario is a line when it ends, with the reasons below if it did not pass. `verbose` tells
//! what is in between, `summary` what stays.

mod look;
mod summary;
mod verbose;

use std::fmt::Write as _;

pub use self::look::Look;
pub use self::summary::summary;

use self::look::Colour;
use crate::run::{Load, Run, Scenario, remains};
use crate::{Event, Outcome, Record, ScenarioId, text};

/// In plain lines, how long a scenario runs, in milliseconds, before it shows a sign of life: most
/// have ended by then, and nobody takes a log for dead that is silent for so long.
const SIGN_AFTER_MS: u64 = 20_000;

/// Live lines at the bottom: as many scenarios as lanes on any sensible machine.
const LIVE_LINES: usize = 8;

/// The most progress that is remembered so that it is not told once for each lane.
const PROGRESS_MAX: usize = 100;

/// The state behind the output.
#[derive(Debug, Clone)]
pub struct Terminal {
    look: Look,
    run: Run,
    /// Live lines on the screen now.
    drawn: usize,
    /// When a scenario's load was last reported in plain lines.
    load_told: Vec<(ScenarioId, u64)>,
    /// Which scenarios have shown a sign of life in plain lines.
    signs: Vec<ScenarioId>,
    /// What the target was said to do.
    progress: Vec<String>,
    /// Whether the run has begun and no scenario has yet.
    preparing: bool,
}

// === impl Terminal ===

impl Terminal {
    /// Nothing shown yet.
    #[must_use]
    pub fn new(look: Look) -> Self {
        Self {
            look,
            run: Run::default(),
            drawn: 0,
            load_told: Vec::new(),
            signs: Vec::new(),
            progress: Vec::new(),
            preparing: false,
        }
    }

    /// What to write next: the lines this record adds, and on a terminal the live lines again.
    pub fn on(&mut self, record: &Record) -> String {
        self.run.on(record);
        if let Event::RunStarted { .. } = &record.event {
            self.preparing = true;
        } else if let Event::ScenarioStarted { .. } | Event::RunFinished { .. } = &record.event {
            self.preparing = false;
        }
        let mut lines = self.lines(record);
        lines.extend(self.signs_of_life(record.elapsed_ms));
        self.draw(&lines, record.elapsed_ms)
    }

    /// Later, without a new record: on a terminal the live lines again, so that the clock is seen
    /// to run; in CI a sign of life where one is due.
    pub fn tick(&mut self, elapsed_ms: u64) -> String {
        let signs = self.signs_of_life(elapsed_ms);
        self.draw(&signs, elapsed_ms)
    }

    /// Takes the live lines away, writes lines, and draws the live lines below them.
    fn draw(&mut self, lines: &[String], elapsed_ms: u64) -> String {
        let mut out = String::new();
        if self.drawn > 0 {
            // Up to the first live line, then clear to the end of the screen.
            let _ = write!(out, "\x1b[{}A\r\x1b[J", self.drawn);
        }
        for line in lines {
            out.push_str(line);
            out.push('\n');
        }
        let live = if self.look.live { self.live_lines(elapsed_ms) } else { Vec::new() };
        for line in &live {
            // Cut, because a line that wraps would be two and the next clearing would miss one.
            let cut = text::cut(line, self.look.width.saturating_sub(1));
            out.push_str(&self.look.paint(Colour::Dim, &cut));
            out.push('\n');
        }
        self.drawn = live.len();
        out
    }

    /// Per running scenario: phase, elapsed time, requests.
    fn live_lines(&self, elapsed_ms: u64) -> Vec<String> {
        if self.run.finished.is_some() {
            return Vec::new();
        }
        if self.preparing {
            return vec![format!("… getting ready ({})", text::duration(elapsed_ms))];
        }
        let running: Vec<_> = self.run.scenarios.iter().filter(|s| s.finished.is_none()).collect();
        let hidden = running.len().saturating_sub(LIVE_LINES);
        let mut lines: Vec<_> =
            running.iter().take(LIVE_LINES).map(|s| live_line(s, elapsed_ms)).collect();
        if hidden > 0 {
            lines.push(format!("… and {hidden} more"));
        }
        lines
    }

    /// The lines that stay.
    fn lines(&mut self, record: &Record) -> Vec<String> {
        match &record.event {
            Event::RunStarted { .. } => vec![self.look.paint(Colour::Bold, &self.header())],
            Event::Interrupted { signal } => {
                let said = format!("{}: stopping and restoring", text::line(signal));
                vec![self.look.paint(Colour::Yellow, &said)]
            }
            Event::RunFinished { .. } => summary::closing(&self.run, self.look),
            Event::TargetProgress { what } => match remains(what) {
                Some(what) => vec![self.look.left_behind(what)],
                None if self.is_told(what) => Vec::new(),
                None if self.look.verbose => verbose::lines(self, record),
                None => vec![text::line(what)],
            },
            Event::ScenarioFinished { .. }
            | Event::ScenarioStarted { .. }
            | Event::StepStarted { .. }
            | Event::StepFinished { .. }
            | Event::PhaseEntered { .. }
            | Event::Disturbed { .. }
            | Event::LoadChosen { .. }
            | Event::Starved { .. }
            | Event::LoadProgress { .. }
            | Event::Judged { .. }
            | Event::Restored { .. }
                if self.look.verbose =>
            {
                verbose::lines(self, record)
            }
            Event::ScenarioFinished { scenario, outcome, .. } => self.ended(*scenario, *outcome),
            // Less than what was asked for is said before anything is judged by it; once is enough.
            Event::LoadChosen { load, why, short: true, .. } => {
                let said = text::line(&format!("less load than asked for: {load}; {why}"));
                if self.is_told(&said) { Vec::new() } else { vec![said] }
            }
            // What may not do what was meant is said before anything is judged under it.
            Event::Disturbed { warnings, .. } => {
                let said = warnings.iter().map(|what| format!("warning: {}", text::line(what)));
                said.filter(|said| !self.is_told(said)).collect()
            }
            Event::LoadChosen { .. }
            | Event::Starved { .. }
            | Event::ScenarioStarted { .. }
            | Event::StepStarted { .. }
            | Event::StepFinished { .. }
            | Event::PhaseEntered { .. }
            | Event::LoadProgress { .. }
            | Event::Judged { .. }
            | Event::Restored { .. } => Vec::new(),
        }
    }

    /// Whether this progress was told before: lanes say the same, each when it is so far.
    fn is_told(&mut self, what: &String) -> bool {
        let told = self.progress.contains(what);
        if !told && self.progress.len() < PROGRESS_MAX {
            self.progress.push(what.clone());
        }
        told
    }

    /// A scenario that ended, with what a reader needs to know of it.
    fn ended(&self, id: ScenarioId, outcome: Outcome) -> Vec<String> {
        // After a signal the rest is skipped, and the totals count it.
        if outcome == Outcome::Skipped && self.run.interrupted.is_some() {
            return Vec::new();
        }
        let known = self.run.scenario(id);
        known.map(|known| summary::block(known, &self.run, self.look)).unwrap_or_default()
    }

    fn header(&self) -> String {
        let Run { version, target, id, planned, placebo, .. } = &self.run;
        let scenarios = text::counted(u64::from(*planned), "scenario");
        let how = if *placebo { ", placebo: every change is withheld" } else { "" };
        let (version, target, id) = (text::line(version), text::line(target), text::line(id));
        format!("Faultless {version} on {target}: {scenarios} (run {id}{how})")
    }

    /// In short plain lines, one for each scenario that has been running for long.
    fn signs_of_life(&mut self, elapsed_ms: u64) -> Vec<String> {
        if self.look.live || self.look.verbose || self.run.finished.is_some() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for scenario in self.run.scenarios.iter().filter(|scenario| scenario.finished.is_none()) {
            let due = scenario.started_ms.saturating_add(SIGN_AFTER_MS);
            if elapsed_ms >= due && !self.signs.contains(&scenario.id) {
                self.signs.push(scenario.id);
                let (title, place) = (text::line(&scenario.title()), text::line(&scenario.place()));
                lines.push(format!("running: {title}  ({place}, {})", state(scenario, elapsed_ms)));
            }
        }
        lines
    }
}

/// `observe 20.3 s | 297 of 600 done`: what a running scenario does.
fn state(scenario: &Scenario, elapsed_ms: u64) -> String {
    let took = text::duration(elapsed_ms.saturating_sub(scenario.started_ms));
    let phase = scenario.phases.last().map_or("start", |(phase, _, _)| text::phase(*phase));
    let load = scenario.load.map_or(String::new(), |load| format!(" | {}", load_words(load)));
    format!("{phase} {took}{load}")
}

fn live_line(scenario: &Scenario, elapsed_ms: u64) -> String {
    let id = u64::from(scenario.id.0) + 1;
    format!("#{id} {} | {}", state(scenario, elapsed_ms), text::line(&scenario.name))
}

fn load_words(load: Load) -> String {
    let mut words = format!("{} of {} done", text::thousands(load.done), text::thousands(load.due));
    for (count, what) in [
        (load.in_flight, "in flight"),
        (load.late, "late"),
        (load.unsent, "unsent"),
        (load.errors, if load.errors == 1 { "error" } else { "errors" }),
    ] {
        if count > 0 {
            let _ = write!(words, ", {} {what}", text::thousands(count));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    const CI: Look = Look { width: 80, colour: false, live: false, verbose: false };
    const TTY: Look = Look { width: 60, colour: true, live: true, verbose: false };

    fn records() -> Vec<Record> {
        json::read(include_str!("../samples/run.jsonl")).unwrap().records
    }

    fn shown(look: Look) -> Vec<String> {
        let mut terminal = Terminal::new(look);
        records().iter().map(|record| terminal.on(record)).collect()
    }

    #[test]
    fn plain_lines_hold_no_control_characters() {
        let all = shown(CI).concat();
        assert!(!all.contains(|c: char| c.is_control() && c != '\n'), "{all}");
    }

    #[test]
    fn a_feature_cannot_draw_on_the_terminal() {
        let mut terminal = Terminal::new(TTY);
        let all: String = records().iter().map(|record| terminal.on(record)).collect();
        // The sample's feature names and telemetry hold escapes; only ours may arrive.
        for (at, _) in all.match_indices('\x1b') {
            let code: String = all[at..].chars().take_while(|c| !c.is_ascii_alphabetic()).collect();
            let end = all[at + code.len()..].chars().next().unwrap();
            let ours = matches!(end, 'A' | 'J') || (end == 'm' && code.len() <= 4);
            assert!(ours, "{:?}", &all[at..at + 12]);
        }
        assert!(!all.contains("\x1b[41m") && !all.contains("\x1b]0;"), "{all}");
    }

    /// A terminal that knows what we use: lines, cursor up and clear.
    fn screen(outputs: &[String]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for output in outputs {
            let mut rest = output.as_str();
            if let Some(after) = rest.strip_prefix("\x1b[")
                && let Some((count, after)) = after.split_once("A\r\x1b[J")
            {
                lines.truncate(lines.len() - count.parse::<usize>().unwrap());
                rest = after;
            }
            lines.extend(rest.lines().map(str::to_owned));
        }
        lines
    }

    #[test]
    fn live_lines_come_and_go() {
        let look = Look { colour: false, ..TTY };
        let outputs = shown(look);
        let middle = outputs.iter().position(|o| o.contains("done | ") || o.contains("flight"));
        let during = screen(&outputs[..=middle.unwrap()]);
        let last = during.last().unwrap();
        assert!(last.starts_with('#') && last.contains("observe"), "{during:#?}");
        assert!(during.iter().filter(|line| line.contains(" | ")).count() <= 2);
        let end = screen(&outputs);
        assert!(!end.iter().any(|line| line.contains(" | ")), "{end:#?}");
        let mut terminal = Terminal::new(look);
        for record in &records()[..=middle.unwrap()] {
            terminal.on(record);
        }
        let ticked = terminal.tick(999_000);
        assert!(ticked.starts_with("\x1b[") && ticked.contains("16 min"), "{ticked:?}");
        assert_eq!(Terminal::new(CI).tick(5), "");
    }

    #[test]
    fn a_long_scenario_shows_one_sign_of_life() {
        let started =
            records().into_iter().find(|r| matches!(r.event, Event::ScenarioStarted { .. }));
        let started = started.unwrap();
        let mut terminal = Terminal::new(CI);
        assert_eq!(terminal.on(&started), "");
        assert_eq!(terminal.tick(started.elapsed_ms + SIGN_AFTER_MS - 1), "");
        let sign = terminal.tick(started.elapsed_ms + SIGN_AFTER_MS);
        assert!(
            sign.starts_with("running: Fault injection: ") && sign.contains("20.0 s"),
            "{sign}"
        );
        assert_eq!(terminal.tick(started.elapsed_ms + 10 * SIGN_AFTER_MS), "");
    }

    #[test]
    fn a_warning_is_said_once_and_escapes_nothing() {
        let event = Event::Disturbed {
            scenario: ScenarioId(0),
            objects: vec!["VirtualService a/b (added)".to_owned()],
            proxies: 1,
            converged_ms: 1,
            warnings: vec!["VirtualService a/b: spec\u{1b}[2J: is absent".to_owned()],
        };
        let record = Record { seq: 0, at: String::new(), elapsed_ms: 1, event };
        let said = "warning: VirtualService a/b: spec\u{fffd}[2J: is absent\n";
        let mut terminal = Terminal::new(CI);
        assert_eq!((terminal.on(&record), terminal.on(&record)), (said.into(), String::new()));
        let verbose = Terminal::new(Look { verbose: true, ..CI }).on(&record);
        assert!(verbose.contains("changed: VirtualService a/b") && verbose.contains("warning: "));
    }

    #[test]
    fn what_a_run_leaves_behind_is_said_and_said_again() {
        let mut terminal = Terminal::new(CI);
        let what = "left behind: Job a/b\u{1b}[2J".to_owned();
        let record = Record {
            seq: 0,
            at: String::new(),
            elapsed_ms: 1,
            event: Event::TargetProgress { what },
        };
        let said = "LEFT BEHIND: Job a/b\u{fffd}[2J\n";
        assert_eq!((terminal.on(&record), terminal.on(&record)), (said.into(), said.into()));
        assert!(summary(&Run::of(&[record]), CI).starts_with(said));
    }

    #[test]
    fn live_lines_fit_the_width() {
        let mut look = TTY;
        look.colour = false;
        for output in shown(look) {
            for line in output.lines().filter(|line| line.contains(" | ")) {
                let visible = line.trim_start_matches(['\r', '\x1b']);
                assert!(visible.chars().count() < look.width + 8, "{line:?}");
            }
        }
    }
}
