//! What a run writes while it happens: the lines that stay, and below them, on a terminal, the live
//! lines, drawn again and again.

use std::fmt::Write as _;

use super::look::{Colour, Look};
use super::told::Told;
use super::{lines, live};
use crate::event::{Event, Record};
use crate::run::Run;
use crate::text;

/// The state behind the output.
#[derive(Debug, Clone)]
pub struct Console {
    look: Look,
    run: Run,
    /// Live lines on the screen now.
    drawn: usize,
    told: Told,
    /// Whether the run has begun and no scenario has yet.
    preparing: bool,
}

// === impl Console ===

impl Console {
    /// Nothing shown yet.
    #[must_use]
    pub fn new(look: Look) -> Self {
        Self { look, run: Run::default(), drawn: 0, told: Told::default(), preparing: false }
    }

    /// What to write next: the lines this record adds, and on a terminal the live lines again.
    pub fn on(&mut self, record: &Record) -> String {
        self.run.on(record);
        if let Event::RunStarted { .. } = &record.event {
            self.preparing = true;
        } else if let Event::ScenarioStarted { .. } | Event::RunFinished { .. } = &record.event {
            self.preparing = false;
        }
        let mut lines = lines::of(record, &self.run, self.look, &mut self.told);
        lines.extend(self.signs(record.elapsed_ms));
        self.draw(&lines, record.elapsed_ms)
    }

    /// Later, without a new record: on a terminal the live lines again, so that the clock is seen
    /// to run; in CI a sign of life where one is due.
    pub fn tick(&mut self, elapsed_ms: u64) -> String {
        let signs = self.signs(elapsed_ms);
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
        let live = if self.look.live {
            live::lines(&self.run, self.preparing, elapsed_ms)
        } else {
            Vec::new()
        };
        for line in &live {
            // Cut, because a line that wraps would be two and the next clearing would miss one.
            let cut = text::cut(line, self.look.width.saturating_sub(1));
            out.push_str(&self.look.paint(Colour::Dim, &cut));
            out.push('\n');
        }
        self.drawn = live.len();
        out
    }

    fn signs(&mut self, elapsed_ms: u64) -> Vec<String> {
        lines::signs_of_life(&self.run, self.look, &mut self.told, elapsed_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::summary;
    use crate::console::told::SIGN_AFTER_MS;
    use crate::event::{Event, ScenarioId};
    use crate::json;

    const CI: Look = Look { width: 80, colour: false, live: false, verbose: false };
    const TTY: Look = Look { width: 60, colour: true, live: true, verbose: false };

    fn records() -> Vec<Record> {
        json::read(include_str!("../../samples/run.jsonl")).unwrap().records
    }

    fn shown(look: Look) -> Vec<String> {
        let mut console = Console::new(look);
        records().iter().map(|record| console.on(record)).collect()
    }

    #[test]
    fn plain_lines_hold_no_control_characters() {
        let all = shown(CI).concat();
        assert!(!all.contains(|c: char| c.is_control() && c != '\n'), "{all}");
    }

    #[test]
    fn a_feature_cannot_draw_on_the_terminal() {
        let mut console = Console::new(TTY);
        let all: String = records().iter().map(|record| console.on(record)).collect();
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
        let mut console = Console::new(look);
        for record in &records()[..=middle.unwrap()] {
            console.on(record);
        }
        let ticked = console.tick(999_000);
        assert!(ticked.starts_with("\x1b[") && ticked.contains("16 min"), "{ticked:?}");
        assert_eq!(Console::new(CI).tick(5), "");
    }

    #[test]
    fn a_long_scenario_shows_one_sign_of_life() {
        let started =
            records().into_iter().find(|r| matches!(r.event, Event::ScenarioStarted { .. }));
        let started = started.unwrap();
        let mut console = Console::new(CI);
        assert_eq!(console.on(&started), "");
        assert_eq!(console.tick(started.elapsed_ms + SIGN_AFTER_MS - 1), "");
        let sign = console.tick(started.elapsed_ms + SIGN_AFTER_MS);
        assert!(
            sign.starts_with("running: Fault injection: ") && sign.contains("20.0 s"),
            "{sign}"
        );
        assert_eq!(console.tick(started.elapsed_ms + 10 * SIGN_AFTER_MS), "");
    }

    #[test]
    fn what_a_run_leaves_behind_is_said_and_said_again() {
        let mut console = Console::new(CI);
        let what = "left behind: Job a/b\u{1b}[2J".to_owned();
        let record = Record {
            seq: 0,
            at: String::new(),
            elapsed_ms: 1,
            event: Event::TargetProgress { what },
        };
        let said = "LEFT BEHIND: Job a/b\u{fffd}[2J\n";
        assert_eq!((console.on(&record), console.on(&record)), (said.into(), said.into()));
        assert!(summary(&Run::of(&[record]), CI).starts_with(said));
    }

    #[test]
    fn a_target_that_was_looked_at_is_no_news_unless_all_is_told() {
        let warnings = vec!["mTLS: could not be\u{1b}[2J looked at".to_owned()];
        let event = Event::Preflight { warnings, took_ms: 40 };
        let record = Record { seq: 0, at: String::new(), elapsed_ms: 50, event };
        assert_eq!(Console::new(CI).on(&record), "");
        let said = Console::new(Look { verbose: true, ..CI }).on(&record);
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].ends_with("looked at the target in 40 ms: a run is possible"), "{said}");
        assert!(lines[1].ends_with("warning: mTLS: could not be\u{fffd}[2J looked at"), "{said}");
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

    #[test]
    fn a_warning_is_said_once_and_escapes_nothing() {
        let event = Event::Disturbed {
            scenario: ScenarioId(0),
            objects: vec!["VirtualService a/b (added)".to_owned()],
            proxies: 1,
            converged_ms: 1,
            proof: "shown".to_owned(),
            warnings: vec!["VirtualService a/b: spec\u{1b}[2J: is absent".to_owned()],
        };
        let record = Record { seq: 0, at: String::new(), elapsed_ms: 1, event };
        let said = "warning: VirtualService a/b: spec\u{fffd}[2J: is absent\n";
        let mut console = Console::new(CI);
        assert_eq!((console.on(&record), console.on(&record)), (said.into(), String::new()));
        let verbose = Console::new(Look { verbose: true, ..CI }).on(&record);
        assert!(verbose.contains("changed: VirtualService a/b") && verbose.contains("warning: "));
    }
}
