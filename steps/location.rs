//! Where a scenario stands in the features.

use cucumber::gherkin;

/// File and line: enough to tell scenarios apart.
pub(crate) type Location = (String, usize);

/// A scenario's.
pub(crate) fn location(feature: &gherkin::Feature, scenario: &gherkin::Scenario) -> Location {
    (file(feature), scenario.position.line)
}

/// A feature's file, as it was given.
pub(crate) fn file(feature: &gherkin::Feature) -> String {
    feature.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
}
