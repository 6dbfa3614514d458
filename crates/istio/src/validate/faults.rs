//! Faults, and shares in percent.

use crate::http_fault::{Abort, Delay, GRPC, HttpFault, Percentage};
use crate::review::Review;

/// Istio refuses other statuses for aborts and direct responses.
pub(super) const STATUS: std::ops::RangeInclusive<i64> = 200..=599;

pub(super) fn http_fault(fault: &HttpFault, path: &str, review: &mut Review) {
    if fault.delay.is_none() && fault.abort.is_none() {
        review.error(path, "HTTP fault injection must have an abort and/or a delay");
    }
    if let Some(delay) = &fault.delay {
        fault_delay(delay, &format!("{path}.delay"), review);
    }
    if let Some(abort) = &fault.abort {
        fault_abort(abort, &format!("{path}.abort"), review);
    }
}

fn fault_delay(delay: &Delay, path: &str, review: &mut Review) {
    if delay.exponential_delay.is_some() {
        review.error(path, "exponentialDelay not supported yet");
    } else if delay.fixed_delay.is_none() {
        review.error(path, "delay type must be set: fixedDelay is required");
    }
    if let Some(percent) = delay.percent {
        review.warn(format!("{path}.percent"), "is deprecated, use percentage");
        if !(0..=100).contains(&percent) {
            review.error(
                format!("{path}.percent"),
                format_args!("percentage {percent} is not in range 0..100"),
            );
        }
    }
    let absent = delay.percent.unwrap_or(0) == 0;
    percentage(delay.percentage.as_ref(), absent, "no request will be delayed", path, review);
}

fn fault_abort(abort: &Abort, path: &str, review: &mut Review) {
    if abort.http2_error.is_some() {
        review.error(path, "HTTP/2 abort fault injection not supported yet");
    } else if abort.http_status.is_none() && abort.grpc_status.is_none() {
        review
            .warn(path, "abort type must be set: without httpStatus or grpcStatus it does nothing");
    }
    if let Some(status) = abort.http_status
        && !STATUS.contains(&i64::from(status))
    {
        review.error(
            format!("{path}.httpStatus"),
            format_args!("invalid abort http status {status}, must be 200 to 599"),
        );
    }
    if let Some(status) = &abort.grpc_status
        && !GRPC.contains(&status.as_str())
    {
        review.error(
            format!("{path}.grpcStatus"),
            format_args!("gRPC status {status:?} is not supported"),
        );
    }
    percentage(abort.percentage.as_ref(), true, "no request will be aborted", path, review);
}

/// An absent percentage means 0% here, which nobody ever wants.
fn percentage(
    share: Option<&Percentage>,
    warn_if_absent: bool,
    meaning: &str,
    path: &str,
    review: &mut Review,
) {
    match share {
        Some(share) => percent(share, &format!("{path}.percentage.value"), review),
        None if warn_if_absent => {
            review.warn(
                format!("{path}.percentage"),
                format_args!("is absent, which means 0%: {meaning}"),
            );
        }
        None => {}
    }
}

pub(super) fn percent(share: &Percentage, path: &str, review: &mut Review) {
    // Not a range test alone: NaN must be refused too.
    if !(0.0..=100.0).contains(&*share.value) {
        review.error(path, format_args!("percentage {} is not in range 0..100", share.value));
    }
}
