//! A feature file, read: what is wrong with it is told by line, what is doubtful is noted, the
//! scenarios of the lines that are meant are left.

use std::path::Path;

use cucumber::gherkin;
use faultless::error::{Error, Result};
use gherkin_parser::Place;

use super::doubts::{Doubt, doubts, refusals};
use super::mistake::{Mistake, refused};
use super::{convert, misspelt, pick};

/// A feature file is text that people write.
const FILE_MAX: u64 = 1024 * 1024;

/// What a file says.
pub(super) struct Parsed {
    /// The feature, its outlines filled in.
    pub feature: gherkin::Feature,
    /// What may not be meant.
    pub doubts: Vec<Doubt>,
}

/// Reads a file, of which the scenarios on these lines are meant, or all if there are none.
pub(super) fn file(file: &Path, lines: &[usize]) -> Result<Parsed> {
    let doing = format!("parsing {}", file.display());
    let size = std::fs::metadata(file).map_err(|cause| Error::feature(doing.clone(), cause))?.len();
    if size > FILE_MAX {
        return Err(Error::feature(doing, format!("it has {size} bytes, more than {FILE_MAX}")));
    }
    let text = std::fs::read_to_string(file).map_err(|cause| {
        let hint = "a feature file is UTF-8 text that you may read";
        Error::feature(doing, cause).hint(hint)
    })?;
    let Parsed { feature, doubts } =
        text_of(&text, lines).map_err(|mistakes| refused(file, mistakes))?;
    let feature = gherkin::Feature { path: Some(file.to_owned()), ..feature };
    Ok(Parsed { feature, doubts })
}

fn text_of(text: &str, lines: &[usize]) -> std::result::Result<Parsed, Vec<Mistake>> {
    let document =
        gherkin_parser::parse(text).map_err(|errors| misspelt::explained(text, errors))?;
    let feature = document.feature.ok_or_else(|| {
        let cause = "there is nothing in it; a feature file begins with `Feature: NAME`".to_owned();
        vec![Mistake { place: Place { line: 1, column: 1 }, cause }]
    })?;
    let mut mistakes = misspelt::in_prose(&feature);
    if mistakes.is_empty() {
        mistakes = refusals(&feature);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let picked = pick::on_lines(&feature, lines);
    Ok(Parsed { doubts: doubts(&feature), feature: convert::feature(&feature, &picked) })
}
