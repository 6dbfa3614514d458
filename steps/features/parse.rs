//! A feature file, read: what is wrong with it is told by line, what is doubtful is noted, the
//! scenarios of the lines that are meant are left.

use std::path::Path;

use cucumber::gherkin;
use faultless::application::manifest;
use faultless::error::Result;
use gherkin_parser::Place;

use super::doubts::{Doubt, doubts, refusals};
use super::mistake::{Mistake, refused};
use super::{convert, misspelt, pick};
use crate::location::FILE_MAX;

/// What a file says.
pub(super) struct Parsed {
    /// The feature, its outlines filled in.
    pub feature: gherkin::Feature,
    /// What may not be meant.
    pub doubts: Vec<Doubt>,
}

/// Reads a file, of which the scenarios on these lines are meant, or all if there are none.
pub(super) fn file(file: &Path, lines: &[usize]) -> Result<Parsed> {
    let text = manifest::read(file, FILE_MAX).map_err(|error| {
        error.hint(format!("a feature file is UTF-8 text of at most {FILE_MAX} bytes"))
    })?;
    let Parsed { feature, doubts } =
        text_of(&text, lines).map_err(|mistakes| refused(file, mistakes))?;
    let feature = gherkin::Feature { path: Some(file.to_owned()), ..feature };
    Ok(Parsed { feature, doubts })
}

fn text_of(text: &str, lines: &[usize]) -> std::result::Result<Parsed, Vec<Mistake>> {
    let document =
        gherkin_parser::parse(text).map_err(|refused| misspelt::explained(text, refused))?;
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
    let converted = convert::feature(&feature, &picked).map_err(|mistake| vec![mistake])?;
    Ok(Parsed { doubts: doubts(&feature, &picked), feature: converted })
}
