//! What a run saw and how to show it. Everything the runner learns leaves as one ordered stream of
//! `Record`s; every report is a function of that stream. Plain data and text: no async, no IO.

pub mod event;

pub use event::{Event, Outcome, Phase, Record, ScenarioId};
