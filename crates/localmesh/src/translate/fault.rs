//! Delays and aborts, and the shares of requests that meet them.

use serde_json::{Value, json};

use super::filters::FAULT_TYPE;
use istio::duration::{self, Duration};
use istio::{Abort, Delay, GRPC, HttpFault};

pub(super) fn fault(fault: &HttpFault) -> Option<Value> {
    let mut out = json!({"@type": FAULT_TYPE});
    if let Some(delay) = &fault.delay
        && let Some(fixed) = delay.fixed_delay.as_ref().and_then(Duration::get)
    {
        out["delay"] = json!({
            "fixed_delay": duration::proto(fixed),
            "percentage": fault_share(delay),
        });
    }
    if let Some(abort) = &fault.abort {
        let percentage = fraction(abort.percentage.as_ref().map_or(0.0, |share| *share.value));
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
fn fault_share(delay: &Delay) -> Value {
    let deprecated = delay.percent.and_then(|percent| i32::try_from(percent).ok());
    let share = delay.percentage.as_ref().map(|share| *share.value);
    fraction(share.or(deprecated.map(f64::from)).unwrap_or_default())
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
