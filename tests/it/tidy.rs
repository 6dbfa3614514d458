//! What keeps the house: its size, its directions and its manners as plain tests over the text of
//! the repository. Each rule carries its reason and samples that break it, and a test that every
//! sample does: a rule that cannot fail would be a decoration.
//!
//! `rule` says what a rule is, `house` runs them all. About one file each: `files`, `words`,
//! `layers` and the size of functions. About all files together: `sizes`, `circles` and `maps`,
//! whose limits and lists of what breaks them today may only shrink. `docs` holds the papers
//! against the repository.

mod circles;
mod docs;
mod files;
mod house;
mod layers;
mod lexer;
mod maps;
mod modules;
mod repository;
mod rule;
mod sizes;
mod source;
mod words;
