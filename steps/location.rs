//! Where a scenario stands in the features, and a text in its file.

use std::path::Path;

use cucumber::gherkin;
use faultless::application::manifest;
use faultless::application::manifest::Origin;

/// A feature file is text that people write: no longer than this, in bytes.
pub(crate) const FILE_MAX: u64 = 1024 * 1024;

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

/// Where the text below a step stands in its file, which was read as a feature before.
pub(crate) fn origin(file: Option<&Path>, step: &gherkin::Step, text: &str) -> Origin {
    let found = file.and_then(|file| {
        let content = manifest::read(file, FILE_MAX).ok()?;
        Origin::of_doc_string(&file.display().to_string(), &content, step.position.line, text)
    });
    found.unwrap_or_default()
}
