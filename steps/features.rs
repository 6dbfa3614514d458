//! Feature files: found, parsed, expanded, picked. Text that is no feature is explained.

mod find;
mod parse;
mod parse_errors;
mod pick;
mod suite;

pub(crate) use self::suite::Suite;
