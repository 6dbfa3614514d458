//! Delays and aborts, and the shares of requests that meet them.

use serde_json::{Value, json};

use super::filters::FAULT_TYPE;
use istio::duration;
use istio::virtual_service::{Abort, Delay, GRPC, HttpFault, Percentage};

pub(super) fn fault(fault: &HttpFault) -> Option<Value> {
    let mut out = json!({"@type": FAULT_TYPE});
    if let Some(delay) = &fault.delay
        && let Some(fixed) = delay.fixed_delay.as_deref().and_then(duration::parse)
    {
        out["delay"] = json!({
            "fixed_delay": duration::proto(fixed),
            "percentage": fault_share(delay.percentage, delay),
        });
    }
    if let Some(abort) = &fault.abort {
        let percentage = fraction(abort.percentage.map_or(0.0, |share| share.value));
        match abort {
            Abort { http_status: Some(status), .. } => {
                out["abort"] = json!({"http_status": status, "percentage": percentage});
            }
            Abort { grpc_status: Some(name), .. } => {
                let number = GRPC.iter().position(|known| known == name)?;
                out["abort"] = json!({"grpc_status": number, "percentage": percentage});
            }
            Abort { .. } => {}
        }
    }
    (out.get("delay").is_some() || out.get("abort").is_some()).then_some(out)
}

/// An absent percentage is 0%, unless the deprecated whole number is there.
fn fault_share(percentage: Option<Percentage>, delay: &Delay) -> Value {
    let deprecated = delay.percent.and_then(|percent| i32::try_from(percent).ok());
    fraction(percentage.map_or_else(|| deprecated.map_or(0.0, f64::from), |share| share.value))
}

/// A share of a million, as pilot counts.
pub(super) fn fraction(percent: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=1,000,000 before"
    )]
    let numerator = (percent * 10_000.0).clamp(0.0, 1_000_000.0) as u32;
    json!({"numerator": numerator, "denominator": "MILLION"})
}
