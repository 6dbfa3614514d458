//! What a watchdog has to do, as its pod's arguments. Pure.

use std::time::Duration;

use crate::error::{Error, Result};

/// Whose changes a watchdog gives back, where, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchdogArgs {
    /// The run whose changes it gives back.
    pub run: String,
    /// Where: its own namespace.
    pub namespace: String,
    /// How long after the last heartbeat.
    pub within: Duration,
}

// === impl WatchdogArgs ===

impl WatchdogArgs {
    /// From the arguments after `watchdog`.
    ///
    /// # Errors
    ///
    /// The feature's (whoever typed them), if they are not a run, a namespace and whole seconds.
    pub fn parse(args: &[String]) -> Result<Self> {
        let wrong = || {
            Error::feature("reading what to watch", format!("`{}`", args.join(" ")))
                .hint("a run's id, a namespace, and seconds")
        };
        let [run, namespace, seconds] = args else { return Err(wrong()) };
        let seconds: u64 = seconds.parse().map_err(|_| wrong())?;
        let within = Duration::from_secs(seconds);
        Ok(Self { run: run.clone(), namespace: namespace.clone(), within })
    }

    pub(crate) fn args(&self) -> [String; 4] {
        let seconds = self.within.as_secs().to_string();
        ["watchdog".to_owned(), self.run.clone(), self.namespace.clone(), seconds]
    }
}
