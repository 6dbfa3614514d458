//! `faultless run`: from arguments to an exit code. Features are tried for sense, a mesh is made
//! ready, scenarios run between the one `before` and the one `after` hook, and everything is put
//! back whichever way it ends.

mod agent_image;
mod conduct;
mod exit_code;
mod hooks;
mod run;

pub(crate) use self::run::run;
