//! Gherkin as Cucumber's official parser reads it: the grammar of `gherkin.berp`, its eighty
//! languages, its columns and the lines of its errors (<https://github.com/cucumber/gherkin>). The
//! parser of the `gherkin` crate loses surplus cells, knows `# language:` only on the first line,
//! and refuses what the official one reads; so text is read here, and its structs are filled in
//! elsewhere. Pure: text in, a document or all of its errors out.

mod ast;
mod cells;
mod dialect;
mod line;
mod lookahead;
mod outline;
mod parser;
mod place;
mod problem;
mod step;
mod token;

pub use ast::{
    Background, Described, Description, Document, Examples, Feature, Rule, Scenario, Tag,
};
pub use dialect::Dialect;
pub use outline::{Instance, Room, TooMuch};
pub use parser::parse;
pub use place::Place;
pub use problem::{ParseError, Problem, Refused};
pub use step::{DocString, Kind, Row, Step};
pub use token::Token;

#[cfg(test)]
mod tests;
