//! The stream of records, folded into what a reader thinks in: a run, its scenarios, their steps.

use crate::{Event, Outcome, Phase, Record, ScenarioId};

/// A run as far as its records tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Version of Faultless.
    pub version: String,
    /// What it ran against.
    pub target: String,
    /// How many scenarios were to run.
    pub planned: u32,
    /// Whether their changes were withheld: then none of them may pass.
    pub placebo: bool,
    /// When it began, as its first record says.
    pub started_at: String,
    /// In the order they began.
    pub scenarios: Vec<Scenario>,
    /// What was still in the mesh when the whole run had ended.
    pub left_behind: Vec<String>,
    /// The signal that stopped it.
    pub interrupted: Option<String>,
    /// How it ended; `None` if the records stop before.
    pub finished: Option<Finished>,
    /// Milliseconds since its start at the last record.
    pub elapsed_ms: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The process's exit code.
    pub exit_code: u8,
    /// What ended it, if no scenario says so.
    pub problem: Option<String>,
    /// How long it took.
    pub took_ms: u64,
}

/// A scenario as far as its records tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its id.
    pub id: ScenarioId,
    /// Name of its feature.
    pub feature: String,
    /// The feature's file.
    pub file: String,
    /// Its line.
    pub line: u32,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it began: wall-clock, and since the run's start.
    pub at: String,
    /// Milliseconds since the run's start when it began.
    pub started_ms: u64,
    /// Its steps so far.
    pub steps: Vec<Step>,
    /// The phases it entered: which, what exactly, and when since the run's start.
    pub phases: Vec<(Phase, String, u64)>,
    /// The last word about the piece of load that is or was sent last.
    pub load: Option<Load>,
    /// The pieces of load before that one, together.
    pub loaded: Load,
    /// What could not be put back, each with the command that would.
    pub left_behind: Vec<String>,
    /// Outcome and how long it took; `None` if it did not end.
    pub finished: Option<(Outcome, u64)>,
}

/// A step as far as its records tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// `Given`, `When`, `Then`; empty for what happened outside of the steps.
    pub keyword: String,
    /// The sentence.
    pub text: String,
    /// Its line.
    pub line: u32,
    /// Outcome, reason and how long it took; `None` if it did not end.
    pub finished: Option<(Outcome, Option<String>, u64)>,
    /// Claims that were judged in it.
    pub claims: Vec<Claim>,
    /// Changes of the mesh, in words.
    pub changes: Vec<String>,
    /// What of them may not do what was meant.
    pub warnings: Vec<String>,
}

/// A claim that was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// How it went.
    pub outcome: Outcome,
    /// In words.
    pub text: String,
    /// Who observed, if the record says it apart.
    pub observer: Option<String>,
    /// The numbers behind it.
    pub numbers: String,
    /// That the fault took effect.
    pub proof: Option<String>,
}

/// What became of the requests so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Due by the plan.
    pub due: u64,
    /// Sent.
    pub sent: u64,
    /// Answered or failed.
    pub done: u64,
    /// Sent and not yet answered.
    pub in_flight: u64,
    /// Sent too late.
    pub late: u64,
    /// Never sent, because too many were in flight.
    pub unsent: u64,
    /// Answered with an error.
    pub errors: u64,
}

// === impl Run ===

impl Run {
    /// Folds a whole stream.
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        let mut run = Self::default();
        for record in records {
            run.on(record);
        }
        run
    }

    /// The scenario with an id.
    #[must_use]
    pub fn scenario(&self, id: ScenarioId) -> Option<&Scenario> {
        self.scenarios.iter().rev().find(|scenario| scenario.id == id)
    }

    /// How many scenarios ended (or, at the run's end, did not end) with an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.scenarios.iter().filter(|scenario| scenario.outcome() == outcome).count() as u64
    }

    /// How many scenarios there are, those that never began included.
    #[must_use]
    pub fn total(&self) -> u64 {
        (self.scenarios.len() as u64).max(u64::from(self.planned))
    }

    /// What its exit code means; `None` if it did not end.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        let code = self.finished.as_ref()?.exit_code;
        Some(crate::text::exit_code(code, self.placebo))
    }

    /// Takes the next record in. A record of a scenario that never began is passed over.
    pub fn on(&mut self, record: &Record) {
        self.elapsed_ms = record.elapsed_ms;
        match record.event.clone() {
            Event::RunStarted { run, version, target, scenarios, placebo } => {
                (self.id, self.version, self.target) = (run, version, target);
                (self.planned, self.placebo) = (scenarios, placebo);
                self.started_at.clone_from(&record.at);
            }
            Event::TargetProgress { what } => {
                self.left_behind.extend(remains(&what).map(str::to_owned));
            }
            Event::ScenarioStarted { scenario, feature, file, line, name, tags } => {
                self.scenarios.push(Scenario {
                    id: scenario,
                    feature,
                    file,
                    line,
                    name,
                    tags,
                    at: record.at.clone(),
                    started_ms: record.elapsed_ms,
                    steps: Vec::new(),
                    phases: Vec::new(),
                    load: None,
                    loaded: Load::default(),
                    left_behind: Vec::new(),
                    finished: None,
                });
            }
            Event::Interrupted { signal } => self.interrupted = Some(signal),
            Event::RunFinished { exit_code, problem, took_ms } => {
                self.finished = Some(Finished { exit_code, problem, took_ms });
            }
            Event::StepStarted { scenario, .. }
            | Event::StepFinished { scenario, .. }
            | Event::PhaseEntered { scenario, .. }
            | Event::Disturbed { scenario, .. }
            | Event::LoadChosen { scenario, .. }
            | Event::Starved { scenario, .. }
            | Event::LoadProgress { scenario, .. }
            | Event::Judged { scenario, .. }
            | Event::Restored { scenario, .. }
            | Event::ScenarioFinished { scenario, .. } => {
                let found = self.scenarios.iter_mut().rev().find(|known| known.id == scenario);
                if let Some(scenario) = found {
                    scenario.on(record);
                }
            }
        }
    }
}

// === impl Scenario ===

impl Scenario {
    /// How it ended; one that did not end is broken.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.finished.map_or(Outcome::Broken, |(outcome, _)| outcome)
    }

    /// How long it took; 0 if it did not end.
    #[must_use]
    pub fn took_ms(&self) -> u64 {
        self.finished.map_or(0, |(_, took)| took)
    }

    /// All load that was sent for it; nothing if there was none.
    #[must_use]
    pub fn all_load(&self) -> Option<Load> {
        let all = self.loaded.and(self.load.unwrap_or_default());
        (all != Load::default()).then_some(all)
    }

    /// `features/fault_injection.feature:12`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// `Fault injection: A delay is seen by its callers`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}: {}", self.feature, self.name)
    }

    /// The claims that were judged.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.steps.iter().flat_map(|step| &step.claims)
    }

    /// Why a step of it did not pass, as far as its claims do not say it already, and what else is
    /// told with that: a hint, a difference. All its claims are looked at, because a quick step may
    /// tell its own before it is told that it began.
    #[must_use]
    pub fn why<'a>(&self, step: &'a Step) -> (Option<&'a str>, Option<&'a str>) {
        let Some((outcome, Some(why), _)) = &step.finished else { return (None, None) };
        if matches!(outcome, Outcome::Passed | Outcome::Skipped) {
            return (None, None);
        }
        let (cause, more) = why.split_once('\n').unwrap_or((why, ""));
        let said = |claim: &Claim| {
            claim.outcome == Outcome::Passed || cause.contains(claim.numbers.as_str())
        };
        // For a vacuous claim the cause is what is missing, whatever else it says.
        let decided =
            |claim: &Claim| matches!(claim.outcome, Outcome::Failed | Outcome::Inconclusive);
        let repeats = self.claims().all(said) && self.claims().any(decided);
        let more = Some(more.trim_end()).filter(|more| !more.is_empty());
        ((!repeats).then_some(cause), more)
    }

    /// Why it did not pass, most telling first in each step; empty if it passed. What to do about
    /// it follows on lines of its own.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = Vec::new();
        for step in &self.steps {
            let (cause, hint) = self.why(step);
            let mut said: Vec<String> = cause.map(str::to_owned).into_iter().collect();
            let bad = |claim: &&Claim| claim.outcome != Outcome::Passed;
            said.extend(step.claims.iter().filter(bad).map(Claim::stated));
            match (said.last_mut(), hint) {
                (Some(last), Some(hint)) => *last = format!("{last}\n{hint}"),
                (None, Some(hint)) => said.push(hint.to_owned()),
                (_, None) => {}
            }
            reasons.extend(said);
        }
        let left = self.left_behind.iter().map(|what| format!("left behind: {what}"));
        reasons.extend(left);
        if self.finished.is_none() {
            reasons.push("did not end".to_owned());
        }
        reasons
    }

    /// The step that is running, or one without a sentence for what happens outside of steps.
    fn current(&mut self) -> &mut Step {
        let outside = self
            .steps
            .last()
            .is_none_or(|step| step.finished.is_some() && !step.keyword.is_empty());
        if outside {
            self.steps.push(Step::new(
                String::new(),
                "(outside of the steps)".to_owned(),
                self.line,
            ));
        }
        self.steps.last_mut().expect("one was just pushed if there was none")
    }

    fn on(&mut self, record: &Record) {
        match record.event.clone() {
            Event::StepStarted { keyword, text, line, .. } => {
                self.steps.push(Step::new(keyword, text, line));
            }
            Event::StepFinished { outcome, message, took_ms, .. } => {
                if let Some(step) = self.steps.iter_mut().rev().find(|s| !s.keyword.is_empty()) {
                    step.finished = Some((outcome, message, took_ms));
                }
            }
            Event::PhaseEntered { phase, detail, .. } => {
                self.phases.push((phase, detail, record.elapsed_ms));
            }
            Event::Disturbed { objects, proxies, converged_ms, warnings, .. } => {
                let step = self.current();
                step.changes.push(changed(&objects, proxies, converged_ms));
                step.warnings.extend(warnings);
            }
            Event::LoadChosen { load, why, .. } => {
                self.phases.push((Phase::Prepare, format!("{load}: {why}"), record.elapsed_ms));
            }
            Event::Starved { what, .. } => {
                let said = format!("the machine was starved: {what}");
                self.phases.push((Phase::Observe, said, record.elapsed_ms));
            }
            Event::LoadProgress {
                due, sent, done, in_flight, late, unsent, errors, ended, ..
            } => {
                let load = Load { due, sent, done, in_flight, late, unsent, errors };
                if ended {
                    self.loaded = self.loaded.and(load);
                }
                self.load = (!ended).then_some(load);
            }
            Event::Judged { outcome, claim, observer, numbers, proof, .. } => {
                let claim = Claim { outcome, text: claim, observer, numbers, proof };
                self.current().claims.push(claim);
            }
            Event::Restored { left_behind, .. } => self.left_behind.extend(left_behind),
            Event::ScenarioFinished { outcome, took_ms, .. } => {
                self.finished = Some((outcome, took_ms));
            }
            Event::RunStarted { .. }
            | Event::TargetProgress { .. }
            | Event::ScenarioStarted { .. }
            | Event::Interrupted { .. }
            | Event::RunFinished { .. } => {}
        }
    }
}

// === impl Claim ===

impl Claim {
    /// It and its numbers, once: who saw how many do what. Records of earlier versions say who
    /// observed at the beginning of the numbers, or nowhere but in the claim's sentence.
    #[must_use]
    pub fn stated(&self) -> String {
        let Self { observer, text, numbers, .. } = self;
        let before_interval = numbers.split('(').next().unwrap_or_default();
        match observer {
            Some(observer) => format!("{observer}: {numbers}"),
            None if before_interval.contains(": ") => numbers.clone(),
            None => format!("{text}: {numbers}"),
        }
    }
}

// === impl Load ===

impl Load {
    /// Both together; a recording's absurd figures end at the largest number.
    const fn and(self, other: Self) -> Self {
        Self {
            due: self.due.saturating_add(other.due),
            sent: self.sent.saturating_add(other.sent),
            done: self.done.saturating_add(other.done),
            in_flight: self.in_flight.saturating_add(other.in_flight),
            late: self.late.saturating_add(other.late),
            unsent: self.unsent.saturating_add(other.unsent),
            errors: self.errors.saturating_add(other.errors),
        }
    }
}

/// Every count of it, in words.
impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = [
            (self.due, "due"),
            (self.sent, "sent"),
            (self.late, "late"),
            (self.unsent, "unsent"),
            (self.in_flight, "in flight"),
            (self.done, "done"),
            (self.errors, "with errors"),
        ];
        let words = counts.map(|(count, what)| format!("{} {what}", crate::text::thousands(count)));
        f.write_str(&words.join(", "))
    }
}

/// What a run says that it leaves behind as a whole. It has no event of its own.
pub(crate) fn remains(progress: &str) -> Option<&str> {
    progress.strip_prefix("left behind: ")
}

/// A change of the mesh in words.
pub(crate) fn changed(objects: &[String], proxies: u32, converged_ms: u64) -> String {
    let knew = if proxies == 1 { "proxy knew" } else { "proxies knew" };
    let after = crate::text::duration(converged_ms);
    format!("{}; {proxies} {knew} after {after}", objects.join(", "))
}

// === impl Step ===

impl Step {
    fn new(keyword: String, text: String, line: u32) -> Self {
        Self {
            keyword,
            text,
            line,
            finished: None,
            claims: Vec::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// How it ended; `Skipped` if it did not.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.finished {
            Some((outcome, _, _)) => *outcome,
            None if self.keyword.is_empty() => Outcome::Passed,
            None => Outcome::Skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> Scenario {
        let event = Event::ScenarioStarted {
            scenario: ScenarioId(0),
            feature: String::new(),
            file: String::new(),
            line: 1,
            name: String::new(),
            tags: Vec::new(),
        };
        let record = Record { seq: 0, at: String::new(), elapsed_ms: 0, event };
        Run::of(&[record]).scenarios.remove(0)
    }

    #[test]
    fn a_claim_and_its_numbers_are_stated_once() {
        let stated = |observer: Option<&str>, numbers: &str| {
            let observer = observer.map(str::to_owned);
            let (text, numbers) = ("portals see it".to_owned(), numbers.to_owned());
            let claim = Claim { outcome: Outcome::Passed, text, observer, numbers, proof: None };
            claim.stated()
        };
        assert_eq!(stated(Some("portal a"), "3 of 3 (99.9%: 0)"), "portal a: 3 of 3 (99.9%: 0)");
        assert_eq!(stated(None, "portal a: 3 of 3 (99.9%: 0)"), "portal a: 3 of 3 (99.9%: 0)");
        assert_eq!(stated(None, "3 of 3 (99.9%: 0)"), "portals see it: 3 of 3 (99.9%: 0)");
    }

    #[test]
    fn an_error_is_told_without_what_the_claims_say() {
        let why = |judged: &[(Outcome, &str)], message: &str| {
            let mut step = Step::new("Then".to_owned(), String::new(), 1);
            step.finished = Some((Outcome::Failed, Some(message.to_owned()), 1));
            step.claims = judged
                .iter()
                .map(|(outcome, numbers)| Claim {
                    outcome: *outcome,
                    text: String::new(),
                    observer: Some("portal a".to_owned()),
                    numbers: (*numbers).to_owned(),
                    proof: None,
                })
                .collect();
            let mut scenario = scenario();
            scenario.steps.push(Step { finished: None, ..step.clone() });
            step.claims.clear();
            let (cause, more) = scenario.why(&step);
            (cause.map(str::to_owned), more.map(str::to_owned))
        };
        let some = |text: &str| Some(text.to_owned());
        let failed = [(Outcome::Passed, "1 of 1"), (Outcome::Failed, "2 of 3")];
        assert_eq!(why(&failed, "violated: portal a: 2 of 3"), (None, None));
        assert_eq!(why(&failed, "violated: 2 of 3\n  hint: x"), (None, some("  hint: x")));
        assert_eq!(why(&failed, "the lease is lost"), (some("the lease is lost"), None));
        let vacuous = [(Outcome::Vacuous, "2 of 2")];
        assert_eq!(why(&vacuous, "no proof; 2 of 2"), (some("no proof; 2 of 2"), None));
        assert_eq!(why(&[], "no such service"), (some("no such service"), None));
    }

    #[test]
    fn pieces_of_load_add_up_and_the_last_one_may_be_open() {
        let scenario = ScenarioId(0);
        let started = Event::ScenarioStarted {
            scenario,
            feature: String::new(),
            file: String::new(),
            line: 1,
            name: String::new(),
            tags: Vec::new(),
        };
        let load = |due, ended| {
            let (sent, done) = (due - 1, if ended { due - 1 } else { 0 });
            let (in_flight, late, unsent, errors) = (sent - done, 1, 1, done / 10);
            Event::LoadProgress {
                scenario,
                due,
                sent,
                done,
                in_flight,
                late,
                unsent,
                errors,
                ended,
            }
        };
        let mut run = Run::default();
        let mut told = |event| {
            let at = String::new();
            run.on(&Record { seq: 0, at, elapsed_ms: 0, event });
            run.scenarios[0].all_load().map(|load| load.to_string())
        };
        assert_eq!(told(started), None);
        told(load(11, false));
        let one = "101 due, 100 sent, 1 late, 1 unsent, 0 in flight, 100 done, 10 with errors";
        assert_eq!(told(load(101, true)).as_deref(), Some(one));
        told(load(101, true));
        let all =
            "2,203 due, 2,200 sent, 3 late, 3 unsent, 2,000 in flight, 200 done, 20 with errors";
        assert_eq!(told(load(2_001, false)).as_deref(), Some(all));
    }
}
