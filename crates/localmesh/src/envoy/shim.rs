//! What a child is before it becomes Envoy: it asks the kernel to be killed when its parent dies,
//! makes sure the parent is still there, and then is replaced by Envoy. So no Envoy outlives the
//! runner, even when the runner is killed with SIGKILL, and nothing stands between them.
//!
//! The kernel binds that wish to the *thread* that forked the child (`PR_SET_PDEATHSIG` in
//! prctl(2)): were it a thread of a pool that ends when idle, its Envoys would die with it. That is
//! why `spawner` starts all children from one thread that lives as long as the program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::error::Error;

/// The first argument by which the program is told to be a shim.
pub const NAME: &str = "envoy-shim";

const DOING: &str = "starting Envoy as a child";

/// Becomes the program in `<parent pid> -- <program> <args…>` (the arguments after `NAME`); it
/// returns only when that failed, with the reason.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> Error {
    let mut args = args.into_iter();
    let parent = args.next().and_then(|pid| pid.to_str()?.parse::<i32>().ok());
    let dashes = args.next();
    let (Some(parent), Some("--"), Some(program)) =
        (parent, dashes.as_deref().and_then(|dashes| dashes.to_str()), args.next())
    else {
        let usage = format!("the arguments are not `{NAME} <parent pid> -- <program> <args…>`");
        return Error::new(DOING, usage).hint("this command is for Faultless' own use");
    };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return Error::new(DOING, format!("cannot tie it to its parent: {error}"));
    }
    // The parent may have died between the fork and the wish above; then nobody sends the signal.
    if getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        return Error::new(DOING, format!("the parent {parent} has already ended"));
    }
    let error = Command::new(&program).args(args).exec();
    Error::new(DOING, format!("cannot run {}: {error}", program.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(args: &[&str]) -> String {
        run(args.iter().map(OsString::from)).to_string()
    }

    #[test]
    fn wrong_arguments_are_refused_before_anything_is_done() {
        for args in
            [&[][..], &["x"], &["1"], &["1", "--"], &["1", "-", "/bin/true"], &["", "--", "x"]]
        {
            assert!(refused(args).contains("<parent pid>"), "{args:?}: {}", refused(args));
        }
    }
}
