//! When a pod that fails is left out for a while.

use crate::duration::Duration;
use crate::field::{Field, parts};

parts! {
    /// When a pod is left out for a while.
    pub struct OutlierDetection {
        /// Ignored since Istio 1.7; accepted with a warning.
        pub consecutive_errors: Option<i32>,
        /// So many 5xx in a row; 0 switches this off.
        #[serde(rename = "consecutive5xxErrors")]
        pub consecutive_5xx_errors: Option<u32>,
        /// So many 502, 503 or 504 in a row; 0 or none switches this off.
        pub consecutive_gateway_errors: Option<u32>,
        /// Whether errors of the connection itself are counted apart.
        pub split_external_local_origin_errors: Field<bool>,
        /// So many errors of the connection in a row.
        pub consecutive_local_origin_failures: Option<u32>,
        /// How often pods are looked at; none means 10 s.
        pub interval: Option<Duration>,
        /// How long a pod is left out, times how often it was before; none means 30 s.
        pub base_ejection_time: Option<Duration>,
        /// How many of the pods may be left out; 0 or none means Envoy's 10%.
        pub max_ejection_percent: Option<i32>,
        /// With fewer healthy pods than this, all are used.
        pub min_health_percent: Option<i32>,
    }
}
