//! Why a Prometheus does not answer, and what to do about it. Pure.

use crate::telemetry::prometheus::NoAnswer;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing was reached.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// Nothing came in time.
    #[error("no answer within {0} s")]
    Silent(u64),
    /// It wants to know who asks, or does not like it.
    #[error("it answered {0}: it does not know who asks, or does not let them")]
    Unauthorized(u16),
    /// It is somewhere else.
    #[error("it leads on to {0}, which is not followed")]
    Elsewhere(String),
    /// Whoever answered is something else, or out of order.
    #[error("it answered {0}: {1}")]
    Status(u16, String),
    /// The answer is larger than anything that is asked for.
    #[error("its answer is larger than 64 MiB")]
    TooLarge,
    /// It answered, but not what was asked.
    #[error("{0}")]
    NoAnswer(String),
    /// No Service in the cluster looks like one.
    #[error("no Service in {0} is called prometheus or labelled as one")]
    NoService(String),
    /// The API server does not let us.
    #[error("the API server says: {0}")]
    Refused(String),
}

// === impl Trouble ===

impl Trouble {
    /// What to do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::Silent(_) => {
                "does the address lead to a Prometheus from here? `--prometheus cluster` goes \
                 through the API server; --prometheus-ca names who vouches for its certificate"
            }
            Self::Unauthorized(_) => {
                "say who asks: --prometheus-header-file with a line `Authorization: Bearer …`, or \
                 --prometheus-client-cert and --prometheus-client-key"
            }
            Self::Elsewhere(_) => "if that is right, say it as --prometheus",
            Self::Status(..) | Self::NoAnswer(_) => {
                "is this the address of a Prometheus? what stands before /api/v1 belongs to it"
            }
            Self::TooLarge => "is it asked about the right namespaces?",
            Self::NoService(_) => "say which it is: --prometheus cluster:NAMESPACE/SERVICE:PORT",
            Self::Refused(_) => {
                "`faultless preflight` with the same --prometheus shows which rights it takes"
            }
        }
    }
}

impl From<NoAnswer> for Trouble {
    fn from(cause: NoAnswer) -> Self {
        Self::NoAnswer(cause.to_string())
    }
}

/// What an HTTP status says, if it is no success; `body` is what came with it.
pub(super) fn status(code: u16, body: &[u8]) -> Option<Trouble> {
    match code {
        200..=299 => None,
        401 | 403 | 407 => Some(Trouble::Unauthorized(code)),
        // The API's errors have a body that says more.
        400 | 422 | 503 if body.starts_with(b"{\"status\":") => None,
        code => {
            // Enough to see what it is; the page may be anything.
            let start: String = String::from_utf8_lossy(body).chars().take(200).collect();
            Some(Trouble::Status(code, start.trim().to_owned()))
        }
    }
}
