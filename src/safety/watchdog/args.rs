//! What a watchdog has to do, as its pod's arguments. Pure.

use std::time::Duration;

use crate::cluster::image::VERSION;
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
    /// The runner's version: only its own knows for sure what it changed and how.
    pub runner: String,
}

// === impl WatchdogArgs ===

impl WatchdogArgs {
    /// From the arguments after `watchdog`.
    ///
    /// # Errors
    ///
    /// The feature's (whoever typed them), if they are not a run, a namespace, whole seconds and
    /// a version.
    pub fn parse(args: &[String]) -> Result<Self> {
        let wrong = || {
            Error::feature("reading what to watch", format!("`{}`", args.join(" ")))
                .hint("a run's id, a namespace, seconds, and the runner's version")
        };
        let [run, namespace, seconds, runner] = args else { return Err(wrong()) };
        let seconds: u64 = seconds.parse().map_err(|_| wrong())?;
        let within = Duration::from_secs(seconds);
        let (run, namespace, runner) = (run.clone(), namespace.clone(), runner.clone());
        Ok(Self { run, namespace, within, runner })
    }

    pub(crate) fn args(&self) -> [String; 5] {
        let seconds = self.within.as_secs().to_string();
        let (run, namespace, runner) =
            (self.run.clone(), self.namespace.clone(), self.runner.clone());
        ["watchdog".to_owned(), run, namespace, seconds, runner]
    }

    /// Why this program must not watch, if the run is another version's.
    pub(crate) fn stranger(&self) -> Option<String> {
        (self.runner != VERSION).then(|| {
            format!(
                "the watchdog in {} is faultless {VERSION}, the run is of {}: make its image anew \
                 with `faultless image`",
                self.namespace, self.runner
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_as_they_are_written() {
        let charge = WatchdogArgs {
            run: "r1".to_owned(),
            namespace: "a".to_owned(),
            within: Duration::from_secs(7),
            runner: "9.9.9".to_owned(),
        };
        let args = charge.args();
        assert_eq!(args[0], "watchdog");
        assert_eq!(WatchdogArgs::parse(&args[1..]).unwrap(), charge);
        let why = charge.stranger().unwrap();
        assert!(why.contains("9.9.9") && why.contains("`faultless image`"), "{why}");
        assert_eq!(WatchdogArgs { runner: VERSION.to_owned(), ..charge }.stranger(), None);
        for bad in [&args[1..4], &args[..], &[]] {
            assert!(WatchdogArgs::parse(bad).is_err(), "{bad:?}");
        }
    }
}
