//! Faults that the client's sidecar injects, and shares in percent.

use crate::duration::Duration;
use crate::field::{Field, parts};

parts! {
    /// Faults.
    pub struct HttpFault {
        /// A delay before the request is forwarded.
        pub delay: Option<Delay>,
        /// An answer instead of forwarding.
        pub abort: Option<Abort>,
    }

    /// A delay.
    pub struct Delay {
        /// Which share of the requests; **absent means none**.
        pub percentage: Option<Percentage>,
        /// The deprecated form of `percentage`.
        pub percent: Option<i64>,
        /// How long.
        pub fixed_delay: Option<Duration>,
        /// Refused by Istio's webhook.
        pub exponential_delay: Option<Duration>,
    }

    /// An abort.
    pub struct Abort {
        /// Which share of the requests; **absent means none**.
        pub percentage: Option<Percentage>,
        /// HTTP status of the answer.
        pub http_status: Option<i32>,
        /// gRPC status of the answer, by name.
        pub grpc_status: Option<String>,
        /// Refused by Istio's webhook.
        pub http2_error: Option<String>,
    }

    /// A share in percent.
    pub struct Percentage {
        /// 0 to 100.
        pub value: Field<f64>,
    }
}

/// gRPC's statuses by name, in the order of their numbers.
pub const GRPC: &[&str] = &[
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

// === impl Percentage ===

impl Percentage {
    /// So many percent.
    #[must_use]
    pub fn of(percent: f64) -> Self {
        Self { value: percent.into(), ..Self::default() }
    }
}

// === impl Delay ===

impl Delay {
    /// How many percent of the requests it is for; `None` if nothing is said of it, which is none
    /// too. The deprecated whole number counts where `percentage` is absent (pilot's
    /// `TranslateFault`).
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        // Envoy counts without a sign: what is below nought is more than all.
        let whole = |percent: i64| if percent < 0 { 100.0 } else { percent.min(100) as f64 };
        let new = self.percentage.as_ref().map(|share| *share.value);
        new.or(self.percent.map(whole))
    }
}

// === impl Abort ===

impl Abort {
    /// How many percent of the requests it is for; `None` if nothing is said of it, which is none
    /// too.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        self.percentage.as_ref().map(|share| *share.value)
    }
}
