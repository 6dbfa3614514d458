//! What is in doubt where ledgers differ, and for whom. Pure.

use crate::telemetry::Reporter;
use crate::units::ServiceName;

/// Two ledgers that do not come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// Whose requests.
    pub client: String,
    /// The service they are sent to.
    pub service: ServiceName,
    /// Whose count it is about: what the sources counted, or what the destinations did.
    pub side: Reporter,
    /// Both numbers.
    pub text: String,
}
