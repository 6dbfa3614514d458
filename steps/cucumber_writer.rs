//! Cucumber's events as events of the run: the only files that know both.

mod index;
mod writer;

pub(crate) use self::index::ScenarioIndex;
pub(crate) use self::writer::CucumberWriter;
