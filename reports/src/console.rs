//! A run for people. While it happens: on a terminal with live lines at the bottom, in CI as plain
//! lines; afterwards: its summary. Functions of the records so far: they return text and write
//! nothing.
//!
//! A scenario is a line when it ends, with the reasons below if it did not pass. `lines` are what
//! stays while it happens, `verbose` tells what is in between, `summary` what stays at the end.

mod console;
mod lines;
mod live;
mod look;
mod scenario;
mod summary;
mod told;
mod verbose;

pub use self::console::Console;
pub use self::look::Look;
pub use self::summary::summary;
