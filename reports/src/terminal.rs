//! A run while it happens, for people: on a terminal with live lines at the bottom, in CI as plain
//! lines. A function of the records so far: it returns text and writes nothing.

use std::fmt::Write as _;

use crate::run::{Load, Run, Scenario, changed};
use crate::{Event, Outcome, Record, ScenarioId, text};

/// In CI, how often at most a scenario's load is reported, in milliseconds: often enough to show
/// that it is alive, seldom enough to keep the log short.
const LOAD_EVERY_MS: u64 = 10_000;

/// Live lines at the bottom: as many scenarios as lanes on any sensible machine.
const LIVE_LINES: usize = 8;

/// How the output is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns; live lines are cut to it. Plain lines are never cut.
    pub width: usize,
    /// Whether colours may be used.
    pub colour: bool,
    /// Whether it is a terminal on which lines can be drawn again.
    pub live: bool,
}

/// The state behind the output.
#[derive(Debug, Clone)]
pub struct Terminal {
    look: Look,
    run: Run,
    /// Live lines on the screen now.
    drawn: usize,
    /// When a scenario's load was last reported in plain lines.
    load_told: Vec<(ScenarioId, u64)>,
    /// What the target was last said to do, until the first scenario.
    preparing: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Colour {
    Green,
    Red,
    Yellow,
    Dim,
    Bold,
}

/// The summary of a run: what `Terminal` shows last, for a run that was recorded.
#[must_use]
pub fn summary(run: &Run, look: Look) -> String {
    let terminal = Terminal { run: run.clone(), ..Terminal::new(look) };
    terminal.summary().join("\n") + "\n"
}

// === impl Terminal ===

impl Terminal {
    /// Nothing shown yet.
    #[must_use]
    pub fn new(look: Look) -> Self {
        Self { look, run: Run::default(), drawn: 0, load_told: Vec::new(), preparing: None }
    }

    /// What to write next: the lines this record adds, and on a terminal the live lines again.
    pub fn on(&mut self, record: &Record) -> String {
        self.run.on(record);
        let lines = self.lines(record);
        if let Event::TargetProgress { what } = &record.event {
            self.preparing = Some(text::line(what));
        } else if let Event::ScenarioStarted { .. } | Event::RunFinished { .. } = &record.event {
            self.preparing = None;
        }
        self.draw(&lines, record.elapsed_ms)
    }

    /// On a terminal, the live lines again at a later time, so that the clock is seen to run;
    /// nothing in CI.
    pub fn tick(&mut self, elapsed_ms: u64) -> String {
        if self.look.live { self.draw(&[], elapsed_ms) } else { String::new() }
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
            out.push_str(&self.paint(Colour::Dim, &cut));
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
        if let Some(what) = &self.preparing {
            return vec![format!("… {what} ({})", text::duration(elapsed_ms))];
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
        let at = record.elapsed_ms;
        match &record.event {
            Event::RunStarted { run, version, target, scenarios } => vec![self.paint(
                Colour::Bold,
                &format!(
                    "Faultless {} on {}: {} (run {})",
                    text::line(version),
                    text::line(target),
                    text::counted(u64::from(*scenarios), "scenario"),
                    text::line(run),
                ),
            )],
            Event::TargetProgress { what } => vec![stamped(at, None, &text::line(what))],
            Event::ScenarioStarted { scenario, feature, file, line, name, tags: _ } => {
                let (feature, name) = (text::line(feature), text::line(name));
                let name = self.paint(Colour::Bold, &format!("{feature}: {name}"));
                let place = text::line(&format!("{file}:{line}"));
                vec![stamped(at, Some(*scenario), &format!("{name}  ({place})"))]
            }
            Event::StepStarted { .. } => Vec::new(),
            Event::StepFinished { scenario, outcome, message, took_ms } => {
                self.step(at, *scenario, *outcome, message.as_deref(), *took_ms)
            }
            // On a terminal the live lines show phases and load.
            Event::PhaseEntered { .. } | Event::LoadProgress { .. } if self.look.live => Vec::new(),
            Event::PhaseEntered { scenario, phase, detail } => {
                let (phase, detail) = (text::phase(*phase), text::line(detail));
                let said = if detail.is_empty() { String::new() } else { format!(": {detail}") };
                vec![stamped(at, Some(*scenario), &format!("  {phase}{said}"))]
            }
            Event::LoadProgress { scenario, .. } => self.load(at, *scenario),
            Event::Disturbed { scenario, objects, proxies, converged_ms } => {
                let change = text::line(&changed(objects, *proxies, *converged_ms));
                vec![stamped(at, Some(*scenario), &format!("  changed: {change}"))]
            }
            Event::Judged { scenario, outcome, claim, numbers, proof } => {
                let verdict = self.outcome(*outcome);
                let said = format!("  {verdict}: {}: {}", text::line(claim), text::line(numbers));
                let proof = proof.iter().map(|proof| format!("    proof: {}", text::line(proof)));
                let all = std::iter::once(said).chain(proof);
                all.map(|line| stamped(at, Some(*scenario), &line)).collect()
            }
            Event::Restored { scenario, undone, left_behind, took_ms } => {
                let (undone, took) = (u64::from(*undone), text::duration(*took_ms));
                let done =
                    format!("  restored: {} undone in {took}", text::counted(undone, "change"));
                let left = left_behind.iter().map(|what| {
                    self.paint(Colour::Red, &format!("  LEFT BEHIND: {}", text::line(what)))
                });
                let all = std::iter::once(done).chain(left);
                all.map(|line| stamped(at, Some(*scenario), &line)).collect()
            }
            Event::ScenarioFinished { scenario, outcome, took_ms } => {
                let (outcome, took) = (self.outcome(*outcome), text::duration(*took_ms));
                vec![stamped(at, Some(*scenario), &format!("{outcome} in {took}"))]
            }
            Event::Interrupted { signal } => {
                let said = format!("{}: stopping and restoring", text::line(signal));
                vec![stamped(at, None, &self.paint(Colour::Yellow, &said))]
            }
            Event::RunFinished { .. } => self.summary(),
        }
    }

    fn step(
        &self,
        at: u64,
        scenario: ScenarioId,
        outcome: Outcome,
        message: Option<&str>,
        took_ms: u64,
    ) -> Vec<String> {
        let steps = self.run.scenario(scenario).map(|scenario| &scenario.steps);
        let step = steps.and_then(|steps| steps.iter().rev().find(|s| !s.keyword.is_empty()));
        let sentence =
            step.map_or(String::new(), |s| text::line(&format!("{} {}", s.keyword, s.text)));
        let (outcome, took) = (self.outcome(outcome), text::duration(took_ms));
        let mut lines =
            vec![stamped(at, Some(scenario), &format!("  {sentence} ... {outcome}, {took}"))];
        // Errors come with a hint on a line of its own.
        for line in message.map(text::block).iter().flat_map(|message| message.lines()) {
            lines.push(stamped(at, Some(scenario), &format!("    {}", text::line(line))));
        }
        lines
    }

    fn load(&mut self, at: u64, scenario: ScenarioId) -> Vec<String> {
        let told = self.load_told.iter_mut().find(|(id, _)| *id == scenario);
        match told {
            Some((_, last)) if at < last.saturating_add(LOAD_EVERY_MS) => return Vec::new(),
            Some((_, last)) => *last = at,
            None => self.load_told.push((scenario, at)),
        }
        let load = self.run.scenario(scenario).and_then(|scenario| scenario.load);
        let line = |load| stamped(at, Some(scenario), &format!("  load: {}", load_words(load)));
        load.map(line).into_iter().collect()
    }

    /// The scenarios with the numbers behind each verdict, then the run. What ended it before its
    /// scenarios could say so is an error, which the program says apart.
    fn summary(&self) -> Vec<String> {
        let mut lines = vec![String::new(), self.paint(Colour::Bold, "Summary")];
        for scenario in &self.run.scenarios {
            let outcome = self.outcome(scenario.outcome());
            let (name, place) = (text::line(&scenario.name), text::line(&scenario.place()));
            let took = text::duration(scenario.took_ms());
            lines.push(format!("{outcome}: {name}  ({place}, {took})"));
            for claim in scenario.steps.iter().flat_map(|step| &step.claims) {
                let mark = if claim.outcome == Outcome::Passed { "+" } else { "-" };
                let (said, numbers) = (text::line(&claim.text), text::line(&claim.numbers));
                lines.push(format!("  {mark} {said}: {numbers}"));
            }
            lines.extend(scenario.all_load().map(|load| format!("  load: {load}")));
            if scenario.outcome() != Outcome::Passed {
                let claimed = |reason: &&String| !is_claim(scenario, reason);
                for reason in scenario.reasons().iter().filter(claimed) {
                    lines.push(format!("  - {}", text::line(reason)));
                }
            }
        }
        lines.push(self.totals());
        if let Some(end) = &self.run.finished {
            lines.push(format!("exit code {}: {}", end.exit_code, text::exit_code(end.exit_code)));
        } else {
            lines.push(self.paint(Colour::Red, "the record stops before the run's end"));
        }
        lines
    }

    fn totals(&self) -> String {
        let seen = self.run.scenarios.len() as u64;
        let mut parts: Vec<String> = OUTCOMES
            .into_iter()
            .map(|outcome| (outcome, self.run.count(outcome)))
            .filter(|(_, count)| *count > 0)
            .map(|(outcome, count)| {
                format!("{} {}", text::thousands(count), text::outcome(outcome))
            })
            .collect();
        let unseen = u64::from(self.run.planned).saturating_sub(seen);
        if unseen > 0 {
            parts.push(format!("{} not run", text::thousands(unseen)));
        }
        let took = self.run.finished.as_ref().map_or(self.run.elapsed_ms, |end| end.took_ms);
        let of = text::counted(seen.max(u64::from(self.run.planned)), "scenario");
        let parts =
            if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        self.paint(Colour::Bold, &format!("{of} in {}{parts}", text::duration(took)))
    }

    fn outcome(&self, outcome: Outcome) -> String {
        self.paint(colour(outcome), text::outcome(outcome))
    }

    fn paint(&self, colour: Colour, text: &str) -> String {
        if !self.look.colour {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Green => "32",
            Colour::Red => "31",
            Colour::Yellow => "33",
            Colour::Dim => "2",
            Colour::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// In the order in which totals name them.
const OUTCOMES: [Outcome; 8] = [
    Outcome::Passed,
    Outcome::Failed,
    Outcome::Inconclusive,
    Outcome::Vacuous,
    Outcome::Wrong,
    Outcome::Broken,
    Outcome::LeftBehind,
    Outcome::Skipped,
];

const fn colour(outcome: Outcome) -> Colour {
    match outcome {
        Outcome::Passed => Colour::Green,
        Outcome::Inconclusive | Outcome::Vacuous => Colour::Yellow,
        Outcome::Failed | Outcome::Wrong | Outcome::Broken | Outcome::LeftBehind => Colour::Red,
        Outcome::Skipped => Colour::Dim,
    }
}

/// Whether a reason is a claim's, which the summary has already printed.
fn is_claim(scenario: &Scenario, reason: &str) -> bool {
    let mut claims = scenario.steps.iter().flat_map(|step| &step.claims);
    claims.any(|claim| format!("{}: {}", claim.text, claim.numbers) == reason)
}

/// `[   12.3 s] #2 text`: lanes run side by side, so each line says whose it is.
fn stamped(at: u64, scenario: Option<ScenarioId>, text: &str) -> String {
    let whose = scenario.map_or(String::new(), |ScenarioId(id)| format!("#{} ", u64::from(id) + 1));
    format!("[{:>11}] {whose}{text}", text::duration(at))
}

fn live_line(scenario: &Scenario, elapsed_ms: u64) -> String {
    let took = text::duration(elapsed_ms.saturating_sub(scenario.started_ms));
    let id = u64::from(scenario.id.0) + 1;
    let phase = scenario.phases.last().map_or("start", |(phase, _, _)| text::phase(*phase));
    let load = scenario.load.map_or(String::new(), |load| format!(" | {}", load_words(load)));
    format!("#{id} {phase} {took}{load} | {}", text::line(&scenario.name))
}

fn load_words(load: Load) -> String {
    let mut words = format!("{} of {} done", text::thousands(load.done), text::thousands(load.due));
    for (count, what) in [
        (load.in_flight, "in flight"),
        (load.late, "late"),
        (load.unsent, "unsent"),
        (load.errors, "errors"),
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

    const CI: Look = Look { width: 80, colour: false, live: false };
    const TTY: Look = Look { width: 60, colour: true, live: true };

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
