//! The query parameters of a request, read once. Pure.

use std::time::Duration;

use serde_json::Value;

use crate::registry::WriteMode;
use crate::store::{Preconditions, Propagation, Refusal};

/// More parameters than any client of ours sends.
const PARAMETERS_MAX: usize = 64;

/// The parameters of one request.
#[derive(Debug, Default)]
pub(super) struct Options {
    pairs: Vec<(String, String)>,
}

/// What happens to fields the server does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldValidation {
    /// They are pruned.
    Ignore,
    /// They are pruned, and the answer warns of them.
    Warn,
    /// The write is refused.
    Strict,
}

// === impl Options ===

impl Options {
    /// From a decoded query.
    pub(super) fn new(pairs: Vec<(String, String)>) -> Result<Self, Refusal> {
        if pairs.len() > PARAMETERS_MAX {
            return Err(Refusal::bad_request("too many query parameters"));
        }
        Ok(Self { pairs })
    }

    /// The text of a parameter; empty when it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The texts of a parameter that may be repeated.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// `true` and `1` are yes, and so is the bare name.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .is_some_and(|(_, value)| !matches!(value.as_str(), "false" | "0"))
    }

    /// A whole number, or `None` when it is missing.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Refusal::bad_request(format!(
                    "invalid value \"{text}\" for {name}: must be a whole number"
                ))
            }),
        }
    }

    /// `dryRun`
    pub(super) fn dry_run(&self) -> Result<bool, Refusal> {
        match self.text("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => Err(Refusal::bad_request(format!(
                "dryRun: Unsupported value: \"{other}\": supported values: \"All\""
            ))),
        }
    }

    /// `fieldValidation`; `Warn` without one, as on a real server.
    pub(super) fn field_validation(&self) -> Result<FieldValidation, Refusal> {
        match self.text("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => Err(Refusal::bad_request(format!(
                "fieldValidation: Unsupported value: \"{other}\": supported values: \"Ignore\", \
                 \"Strict\", \"Warn\""
            ))),
        }
    }

    /// How long a watch may last, at most `longest`.
    pub(super) fn timeout(&self, longest: Duration) -> Result<Duration, Refusal> {
        let asked = self.number("timeoutSeconds")?.map(Duration::from_secs);
        Ok(asked.filter(|asked| !asked.is_zero()).unwrap_or(longest).min(longest))
    }

    /// How a delete is meant, from the parameters and the `DeleteOptions` in the body, which win.
    pub(super) fn deletion(&self, body: &Value) -> Result<(Preconditions, WriteMode), Refusal> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let policy = text("/propagationPolicy").unwrap_or(self.text("propagationPolicy"));
        let propagation = match (policy, body["orphanDependents"].as_bool()) {
            ("", Some(true)) | ("Orphan", _) => Some(Propagation::Orphan),
            ("", Some(false)) | ("Background", _) => Some(Propagation::Background),
            ("Foreground", _) => Some(Propagation::Foreground),
            ("", None) => None,
            (other, _) => {
                return Err(Refusal::bad_request(format!(
                    "propagationPolicy: Unsupported value: \"{other}\": supported values: \
                     \"Background\", \"Foreground\", \"Orphan\""
                )));
            }
        };
        let grace_seconds = match body["gracePeriodSeconds"].as_u64() {
            Some(seconds) => Some(seconds),
            None => self.number("gracePeriodSeconds")?,
        };
        let preconditions = Preconditions {
            uid: text("/preconditions/uid").map(str::to_owned),
            resource_version: text("/preconditions/resourceVersion").map(str::to_owned),
            propagation,
            grace_seconds,
        };
        let in_body = body["dryRun"].as_array().is_some_and(|all| all.iter().any(|d| d == "All"));
        let dry_run = in_body || self.dry_run()?;
        Ok((preconditions, WriteMode { dry_run, strict: false }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Options {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Options::new(pairs).unwrap()
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(options(&[("dryRun", "Some")]).dry_run().is_err());
        assert!(options(&[("dryRun", "All")]).dry_run().unwrap());
        assert!(options(&[("fieldValidation", "x")]).field_validation().is_err());
        assert!(options(&[("timeoutSeconds", "-1")]).timeout(Duration::MAX).is_err());
        assert!(options(&[]).deletion(&json!({"propagationPolicy": "x"})).is_err());
    }

    #[test]
    fn the_body_of_a_delete_wins() {
        let options = options(&[("gracePeriodSeconds", "5"), ("propagationPolicy", "Orphan")]);
        let body = json!({
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": "u"},
            "dryRun": ["All"],
        });
        let (preconditions, mode) = options.deletion(&body).unwrap();
        assert_eq!(preconditions.propagation, Some(Propagation::Foreground));
        assert_eq!(preconditions.grace_seconds, Some(5));
        assert_eq!(preconditions.uid.as_deref(), Some("u"));
        assert!(mode.dry_run);
    }

    #[test]
    fn a_watch_has_an_end() {
        let longest = Duration::from_secs(60);
        assert_eq!(options(&[]).timeout(longest).unwrap(), longest);
        assert_eq!(options(&[("timeoutSeconds", "600")]).timeout(longest).unwrap(), longest);
        assert_eq!(
            options(&[("timeoutSeconds", "6")]).timeout(longest).unwrap(),
            Duration::from_secs(6)
        );
    }
}
