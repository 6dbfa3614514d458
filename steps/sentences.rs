//! The language: one file per noun, and what is derived from all of them together: `registry` lists
//! the sentences, `words` what stands in their braces, `page` shows both, `export` has them for
//! editors, and `nearest` helps with a sentence that is unknown. A file here that `mod` does not
//! name is silently no part of it.

mod expectations;
mod export;
mod faults;
mod load;
mod mesh;
mod nearest;
mod page;
mod registry;
mod traffic;
mod words;

pub(crate) use self::nearest::nearest;
pub(crate) use self::page::print;
pub(crate) use self::registry::text;
