//! Cucumber's features and events as the run's record has them: the only files that know both.

mod index;
mod suite;
mod writer;

pub(crate) use self::index::ScenarioIndex;
pub(crate) use self::suite::told;
pub(crate) use self::writer::CucumberWriter;
