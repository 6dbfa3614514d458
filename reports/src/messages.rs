//! A run as Cucumber messages, one JSON object a line (`messages.ndjson`), for every tool that
//! shows Cucumber's runs. The form is that of the schema in `@cucumber/messages`, and a test holds
//! it to that. `features` says what was to run, `run` what happened, `status` which of Cucumber's
//! words stands for which outcome.

mod features;
mod run;
mod status;
#[cfg(test)]
mod tests;
mod timestamp;

pub use self::run::render;
