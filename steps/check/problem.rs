//! What is wrong with a step, and how it is said.

use std::fmt;
use std::path::PathBuf;

use cucumber::gherkin;
use cucumber::step::AmbiguousMatchError;
use faultless::error::Error;

use crate::features::Doubt;
use crate::location::file;
use crate::sentences;

/// What is wrong with a step, or doubtful, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    file: String,
    line: usize,
    column: usize,
    text: String,
    cause: String,
}

/// All problems as one error.
pub(crate) fn refusal(problems: &[Problem]) -> Error {
    let list: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    let what = match problems.len() {
        1 => "1 problem".to_owned(),
        several => format!("{several} problems"),
    };
    Error::feature("checking the features", format!("{what}{list}"))
}

/// Why a step is refused that fits several sentences.
pub(super) fn ambiguous(several: &AmbiguousMatchError) -> String {
    let fits = several.possible_matches.iter();
    let fits: Vec<_> =
        fits.map(|(regex, _)| format!("`{}`", sentences::text(regex.as_str()))).collect();
    format!("it fits {} sentences; say it so that it fits one of: {}", fits.len(), fits.join(", "))
}

/// Why a step is refused that fits none.
pub(super) fn unknown(step: &gherkin::Step) -> String {
    let keyword = format!("{:?}", step.ty);
    match sentences::nearest(&step.value) {
        Some(near) => format!(
            "no sentence of this kind ({keyword}) is known; the nearest is: {} {}",
            near.keyword, near.text
        ),
        None => format!("no such sentence ({keyword}) is known; `faultless steps` lists them"),
    }
}

// === impl Problem ===

impl Problem {
    /// Without the step's text, on one line.
    pub(crate) fn brief(&self) -> String {
        let Self { file, line, cause, .. } = self;
        format!("{file}:{line}: {cause}")
    }

    /// Of a step.
    pub(super) fn of(feature: &gherkin::Feature, step: &gherkin::Step, cause: String) -> Self {
        let text = format!("{}{}", step.keyword, step.value);
        Self::at(feature, step.position, text, cause)
    }

    /// A scenario without steps claims nothing, and would pass.
    pub(super) fn empty(feature: &gherkin::Feature, scenario: &gherkin::Scenario) -> Self {
        let text = format!("{}: {}", scenario.keyword, scenario.name);
        Self::at(feature, scenario.position, text, "it has no steps, so it shows nothing".into())
    }

    /// Of headings.
    pub(crate) fn doubted(doubts: &[(PathBuf, Doubt)]) -> impl Iterator<Item = Self> {
        doubts.iter().map(|(file, Doubt { place, text, what, .. })| {
            let (file, cause) = (file.display().to_string(), format!("warning: {what}"));
            Self { file, line: place.line, column: place.column, text: text.clone(), cause }
        })
    }

    fn at(
        feature: &gherkin::Feature,
        position: gherkin::LineCol,
        text: String,
        cause: String,
    ) -> Self {
        let file = file(feature);
        Self { file, line: position.line, column: position.col, text, cause }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, text, cause } = self;
        // A cause may bring a hint on a line of its own.
        let cause = cause.lines().map(str::trim_start).collect::<Vec<_>>().join("\n    ");
        write!(f, "{file}:{line}:{column}: {text}\n    {cause}")
    }
}
