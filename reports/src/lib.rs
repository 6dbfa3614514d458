//! What a run saw and how to show it. Everything the runner learns leaves as one ordered stream of
//! `Record`s; every report is a function of that stream. Plain data and text: no async, no IO.
//!
//! `run` folds the stream into scenarios and steps; `suite` is what was to run. `console` shows
//! it while it happens, `junit`, `json`, `html` and `messages` afterwards. `story` tells a
//! scenario step by step for them, `placebo` what a placebo run showed. `wording` has our words
//! for outcomes and numbers; `text` keeps what features, clusters and proxies say from doing
//! anything but being read.

pub mod console;
pub mod event;
#[cfg(test)]
mod golden;
pub mod html;
pub mod json;
pub mod junit;
pub mod messages;
pub mod outcome;
mod placebo;
pub mod run;
mod story;
pub mod suite;
pub mod text;
pub mod wording;

pub use event::{Event, Phase, Record, ScenarioId};
pub use outcome::Outcome;
pub use run::Run;
