//! What a run saw and how to show it. Everything the runner learns leaves as one ordered stream of
//! `Record`s; every report is a function of that stream. Plain data and text: no async, no IO.
//!
//! `run` folds the stream into scenarios and steps; `terminal` shows it while it happens, `junit`,
//! `json` and `html` afterwards. `story` tells a scenario step by step for them, `placebo` what a
//! placebo run showed. `text` keeps what features, clusters and proxies say from doing
//! anything but being read.

pub mod event;
#[cfg(test)]
mod golden;
pub mod html;
pub mod json;
pub mod junit;
mod placebo;
pub mod run;
mod story;
pub mod terminal;
pub mod text;

pub use event::{Event, Outcome, Phase, Record, ScenarioId};
pub use run::Run;
