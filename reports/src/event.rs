//! The closed set of things that can happen in a run. The JSON form (one record per line in
//! `events.jsonl`) is an interface: fields are added, never renamed.

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::suite::Feature;

/// One event with its place in the stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Position in the stream, from 0 without gaps.
    pub seq: u64,
    /// Wall-clock time, RFC 3339 with milliseconds, UTC.
    pub at: String,
    /// Milliseconds since the run started, on a monotonic clock.
    pub elapsed_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Which scenario an event belongs to: its place in the run, from 0.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct ScenarioId(pub u32);

/// What a scenario is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Getting workloads and agents ready.
    Prepare,
    /// Writing Istio configuration.
    Disturb,
    /// Waiting until every proxy that must know, knows.
    Converge,
    /// Sending load and reading telemetry.
    Observe,
    /// Deciding a claim.
    Judge,
    /// Putting everything back.
    Restore,
}

/// One of the things that can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    RunStarted {
        /// The run's id.
        run: String,
        /// Version of Faultless.
        version: String,
        /// `local mesh`, or the kubeconfig context.
        target: String,
        /// How many scenarios will run.
        scenarios: u32,
        /// Whether every change is withheld, so that no scenario may pass.
        #[serde(default)]
        placebo: bool,
        /// The features that will run; records of version 0.1.0 do not have them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        suite: Vec<Feature>,
    },
    /// The target is being made ready (fetching Envoy, starting pods, …).
    TargetProgress {
        /// What is going on, a short sentence.
        what: String,
    },
    /// The target was looked at before anything was written to it, and a run is possible.
    Preflight {
        /// What a run there has to do without, and what could not be looked at.
        warnings: Vec<String>,
        /// How long it took.
        took_ms: u64,
    },
    /// A scenario began.
    ScenarioStarted {
        /// Its id; every later event of it carries the same.
        scenario: ScenarioId,
        /// Name of the feature.
        feature: String,
        /// Path of the feature file as given.
        file: String,
        /// Line of the scenario (for an outline: of the example).
        line: u32,
        /// Name of the scenario.
        name: String,
        /// Tags without `@`.
        tags: Vec<String>,
    },
    /// A step began.
    StepStarted {
        /// The scenario.
        scenario: ScenarioId,
        /// `Given`, `When` or `Then`, as written.
        keyword: String,
        /// The sentence.
        text: String,
        /// Its line.
        line: u32,
    },
    /// A step ended.
    StepFinished {
        /// The scenario.
        scenario: ScenarioId,
        /// How.
        outcome: Outcome,
        /// Why, unless it passed.
        message: Option<String>,
        /// How long it took.
        took_ms: u64,
    },
    /// A scenario entered a phase.
    PhaseEntered {
        /// The scenario.
        scenario: ScenarioId,
        /// The phase.
        phase: Phase,
        /// What exactly, e.g. the objects written.
        detail: String,
    },
    /// The mesh was changed and every proxy knows.
    Disturbed {
        /// The scenario.
        scenario: ScenarioId,
        /// What was written, as `VirtualService travel-agency/hotels (added)`.
        objects: Vec<String>,
        /// Proxies that accepted it.
        proxies: u32,
        /// From the last write until the last proxy knew.
        converged_ms: u64,
        /// How it was seen that they know; empty in records of version 0.1.0.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        proof: String,
        /// What of it may not do what was meant, as Istio would warn of it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// It was decided how much load is sent, before anything is claimed of it.
    LoadChosen {
        /// The scenario.
        scenario: ScenarioId,
        /// How much, e.g. `40 through voyages.fr requests per second`.
        load: String,
        /// Why no more.
        why: String,
        /// Whether it is less than what was asked for.
        short: bool,
    },
    /// The machine was starved while a piece of load was sent: it says nothing about time, and is
    /// sent again, at a lower rate and without other lanes beside it.
    Starved {
        /// The scenario.
        scenario: ScenarioId,
        /// What was short, and by how much.
        what: String,
    },
    /// Load is running; sent about twice a second.
    LoadProgress {
        /// The scenario.
        scenario: ScenarioId,
        /// Requests due by the plan so far.
        due: u64,
        /// Sent.
        sent: u64,
        /// Answered or failed.
        done: u64,
        /// Sent and not yet answered.
        in_flight: u64,
        /// Sent later than planned by more than the tolerance.
        late: u64,
        /// Due, but never sent: too many were in flight.
        #[serde(default)]
        unsent: u64,
        /// Answers that were errors.
        errors: u64,
        /// Whether this piece of load is over: the next progress counts from 0 again.
        #[serde(default)]
        ended: bool,
    },
    /// A claim was judged.
    Judged {
        /// The scenario.
        scenario: ScenarioId,
        /// How it went.
        outcome: Outcome,
        /// The claim, in words.
        claim: String,
        /// Who observed; records of earlier versions do not say it apart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        observer: Option<String>,
        /// The numbers: counts, what they are of, interval, and what was required where that is not
        /// obvious.
        numbers: String,
        /// Proof that the fault took effect, e.g. `1,312 requests carry flag DI`.
        proof: Option<String>,
    },
    /// Everything of the scenario was put back, or not.
    Restored {
        /// The scenario.
        scenario: ScenarioId,
        /// Undone changes.
        undone: u32,
        /// What could not be undone, each with the command that would.
        left_behind: Vec<String>,
        /// What is put back, but not proven to be known by every proxy.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unproven: Vec<String>,
        /// How long it took.
        took_ms: u64,
    },
    /// A scenario ended.
    ScenarioFinished {
        /// The scenario.
        scenario: ScenarioId,
        /// How.
        outcome: Outcome,
        /// How long it took.
        took_ms: u64,
    },
    /// Somebody asked the run to stop.
    Interrupted {
        /// `SIGINT`, `SIGTERM`, `SIGHUP`.
        signal: String,
    },
    /// The run ended; the last event.
    RunFinished {
        /// Exit code of the process.
        exit_code: u8,
        /// What ended the run before its scenarios could say it themselves: a target that would
        /// not start, a feature that does not parse.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<String>,
        /// How long it took.
        took_ms: u64,
    },
}
