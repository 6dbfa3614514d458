//! Feature files: found, parsed, expanded, picked, shared among machines. Text that is no feature
//! is explained.

mod find;
mod parse;
mod parse_errors;
mod pick;
mod shard;
mod suite;

pub(crate) use self::shard::Shard;
pub(crate) use self::suite::Suite;
