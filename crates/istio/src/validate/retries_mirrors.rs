//! Retries and mirrors of a rule.

use super::destinations::destination;
use super::faults::percent;
use crate::http_route::{HttpRoute, Retries};
use crate::review::Review;

pub(super) fn http_retries(retries: &Retries, path: &str, review: &mut Review) {
    if *retries.attempts < 0 {
        review.error(format!("{path}.attempts"), "attempts cannot be negative");
    }
    if *retries.attempts == 0 && (retries.per_try_timeout.is_some() || !retries.retry_on.is_empty())
    {
        review.error(path, "http retry policy configured when attempts are set to 0 (disabled)");
    }
    for part in retries.retry_on.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let code = part.parse::<u16>().is_ok_and(|code| (100..=599).contains(&code));
        let word = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '5')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !code && (!word || part.parse::<u64>().is_ok()) {
            review.error(
                format!("{path}.retryOn"),
                format_args!("{part:?} is not a valid retryOn policy"),
            );
        }
    }
}

pub(super) fn mirrors(route: &HttpRoute, path: &str, review: &mut Review) {
    if let Some(mirror) = &route.mirror {
        destination(mirror, &format!("{path}.mirror"), review);
    }
    if route.mirror.is_some() && !route.mirrors.is_empty() {
        review.error(path, "HTTP route cannot contain both mirror and mirrors");
    }
    for (index, mirror) in route.mirrors.iter().enumerate() {
        let field = format!("{path}.mirrors[{index}]");
        destination(&mirror.destination, &format!("{field}.destination"), review);
        if let Some(share) = &mirror.percentage {
            percent(share, &format!("{field}.percentage.value"), review);
        }
    }
    if let Some(share) = &route.mirror_percentage {
        percent(share, &format!("{path}.mirrorPercentage.value"), review);
    }
    if let Some(share) = route.mirror_percent
        && share > 100
    {
        review.error(
            format!("{path}.mirrorPercent"),
            format_args!("mirror percent {share} is not in range 0..100"),
        );
    }
}
