//! Faults, and shares in percent.

use super::names::duration_if_set;
use super::node::Node;
use crate::http_fault::GRPC;
use crate::review::Review;

pub(super) fn http_fault(fault: &Node<'_>, review: &mut Review) {
    let (delay, abort) = (fault.get("delay"), fault.get("abort"));
    if delay.is_none() && abort.is_none() {
        review.error(fault, "HTTP fault injection must have an abort and/or a delay");
    }
    if let Some(abort) = abort {
        fault_abort(&abort, review);
    }
    if let Some(delay) = delay {
        fault_delay(&delay, review);
    }
}

fn fault_abort(abort: &Node<'_>, review: &mut Review) {
    percentage(abort, review);
    if let Some(status) = abort.get("grpcStatus") {
        let name = status.as_text();
        if !GRPC.contains(&name) {
            review.error(status, format_args!("gRPC status {name:?} is not supported"));
        }
    } else if let Some(error) = abort.get("http2Error") {
        review.error(error, "HTTP/2 abort fault injection not supported yet");
    } else if let Some(status) = abort.get("httpStatus") {
        http_status(&status, review);
    } else {
        review.warn(abort, "without httpStatus or grpcStatus it does nothing");
    }
    if !abort.has("percentage") {
        never(&abort.at("percentage"), "is absent, which means 0%", "aborted", review);
    } else if abort.at("percentage").number("value") == 0.0 {
        never(&abort.at("percentage"), "is 0%", "aborted", review);
    }
}

fn fault_delay(delay: &Node<'_>, review: &mut Review) {
    percentage(delay, review);
    if let Some(exponential) = delay.get("exponentialDelay") {
        duration_if_set(delay, "exponentialDelay", review);
        review.error(exponential, "exponentialDelay not supported yet");
    } else if delay.has("fixedDelay") {
        duration_if_set(delay, "fixedDelay", review);
    } else {
        review.warn(delay, "without fixedDelay it does nothing");
    }
    let old = delay.at("percent");
    if delay.has("percent") {
        review.warn(&old, "is deprecated, use percentage");
        if !(0..=100).contains(&old.as_int()) {
            review.warn(&old, format_args!("{} is no percentage: Envoy takes 100%", old.as_int()));
        }
    }
    if delay.has("percentage") {
        if delay.has("percent") {
            review.warn(&old, "has no effect beside percentage");
        }
        if delay.at("percentage").number("value") == 0.0 {
            never(&delay.at("percentage"), "is 0%", "delayed", review);
        }
    } else if old.as_int() == 0 {
        never(&delay.at("percentage"), "is absent, which means 0%", "delayed", review);
    }
}

/// What nobody ever wants, and what passes every claim that is not about the fault.
fn never(field: &Node<'_>, what: &str, done: &str, review: &mut Review) {
    review.warn(field, format_args!("{what}: no request will be {done}"));
}

/// Envoy counts in millionths.
fn percentage(of: &Node<'_>, review: &mut Review) {
    let field = of.at("percentage").at("value");
    let value = field.as_number();
    if !(0.0..=100.0).contains(&value) || (value > 0.0 && value < 0.0001) {
        let message = format_args!("percentage {value} is not in range 0..100, or below 0.0001");
        review.error(field, message);
    }
}

/// The share of requests that are copied.
pub(super) fn share(of: &Node<'_>, name: &str, review: &mut Review) {
    let field = of.at(name).at("value");
    if !(0.0..=100.0).contains(&field.as_number()) {
        let message = format_args!("percentage {} is not in range 0..100", field.as_number());
        review.error(field, message);
    }
}

/// Istio's bounds, which are one wider than its message says.
pub(super) fn http_status(status: &Node<'_>, review: &mut Review) {
    let number = status.as_int();
    // Pilot narrows it to an int32 first.
    #[expect(clippy::cast_possible_truncation, reason = "as pilot does")]
    let narrow = i64::from(number as i32);
    if !(200..=600).contains(&narrow) {
        review.error(status, format_args!("HTTP status {number} is not in range 200-599"));
    } else if number == 600 {
        review.warn(status, "Envoy refuses HTTP status 600");
    }
}
