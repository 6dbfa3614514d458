//! A feature file's text as a feature, its outlines expanded.

use std::path::Path;

use cucumber::feature::Ext as _;
use cucumber::gherkin;
use cucumber::gherkin::GherkinEnv;
use faultless::error::{Error, Result};

use super::parse_errors;
use super::parse_errors::ParseError;

/// A feature file is text that people write.
const FILE_MAX: u64 = 1024 * 1024;

/// Reads and parses a file.
pub(super) fn file(file: &Path) -> Result<gherkin::Feature> {
    let doing = format!("parsing {}", file.display());
    let size = std::fs::metadata(file).map_err(|cause| Error::feature(doing.clone(), cause))?.len();
    if size > FILE_MAX {
        return Err(Error::feature(doing, format!("it has {size} bytes, more than {FILE_MAX}")));
    }
    let text = std::fs::read_to_string(file).map_err(|cause| {
        let hint = "a feature file is UTF-8 text that you may read";
        Error::feature(doing.clone(), cause).hint(hint)
    })?;
    let refused = |ParseError { line, column, cause }: ParseError| {
        Error::feature(format!("parsing {}:{line}:{column}", file.display()), cause)
    };
    if let Some(error) = parse_errors::misspelt(&text) {
        return Err(refused(error));
    }
    let feature = gherkin::Feature::parse(&text, GherkinEnv::default()).map_err(|cause| {
        // "Error at LINE:COLUMN: {what was expected}"; the parts have no accessors.
        let cause = cause.to_string();
        let place = cause.trim_start_matches("Error at ").split([':', ' ']).next();
        let line = place.and_then(|line| line.parse().ok()).unwrap_or(1);
        refused(parse_errors::unparsed(&text, line, &cause))
    })?;
    if feature.count_scenarios() == 0 {
        let cause = "the feature has no scenario".to_owned();
        return Err(refused(ParseError { line: feature.position.line, column: 1, cause }));
    }
    let feature = gherkin::Feature { path: Some(file.to_owned()), ..feature };
    feature.expand_examples().map_err(|cause| {
        let place = format!("{}:{}:{}", file.display(), cause.pos.line, cause.pos.col);
        let cause = format!("no column of the examples is called <{}>", cause.name);
        Error::feature(format!("parsing {place}"), cause)
    })
}
