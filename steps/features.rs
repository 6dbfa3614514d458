//! Feature files: found, parsed, filled in, picked. Text that is no feature is explained.

mod convert;
mod doubts;
mod find;
mod misspelt;
mod mistake;
mod parse;
mod pick;
mod suite;

#[cfg(test)]
mod tests;

pub(crate) use self::doubts::Doubt;
pub(crate) use self::suite::Suite;
