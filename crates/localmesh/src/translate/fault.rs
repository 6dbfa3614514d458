//! Delays and aborts, and the shares of requests that meet them.

use serde_json::{Value, json};

use super::filters::FAULT_TYPE;
use istio::duration::{self, Duration};
use istio::{Abort, GRPC, HttpFault};

pub(super) fn fault(fault: &HttpFault) -> Option<Value> {
    let mut out = json!({"@type": FAULT_TYPE});
    if let Some(delay) = &fault.delay
        && let Some(fixed) = delay.fixed_delay.as_ref().and_then(Duration::get)
    {
        out["delay"] = json!({
            "fixed_delay": duration::proto(fixed),
            "percentage": fraction(delay.share().unwrap_or_default()),
        });
    }
    if let Some(abort) = &fault.abort {
        let percentage = fraction(abort.share().unwrap_or_default());
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
