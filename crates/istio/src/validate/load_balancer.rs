//! How one of the pods is chosen (`validateLoadBalancer`).

use std::collections::BTreeSet;

use super::localities::{localities, zones};
use super::names::duration_if_set;
use super::node::Node;
use crate::review::Review;

/// Envoy's bound for Maglev's table.
const MAX_TABLE: i64 = 5_000_011;

pub(super) fn load_balancer(balancer: &Node<'_>, has_outlier: bool, review: &mut Review) {
    if let Some(hash) = balancer.get("consistentHash") {
        consistent_hash(&hash, review);
    }
    let (locality, zone) = (balancer.get("localityLbSetting"), balancer.get("zoneAwareLbSetting"));
    if let (Some(_), Some(zone)) = (&locality, &zone) {
        review.error(zone, "only one of localityLbSetting and zoneAwareLbSetting can be set");
    }
    if let Some(setting) = locality {
        localities(&setting, has_outlier, review);
    }
    if let Some(setting) = zone {
        zones(&setting, has_outlier, review);
    }
    if let Some(warmup) = balancer.get("warmup") {
        duration_if_set(&warmup, "duration", review);
        if warmup.get("aggression").is_some_and(|aggression| aggression.as_number() <= 0.0) {
            review.error(warmup.at("aggression"), "aggression should be greater than 0");
        }
    }
}

fn consistent_hash(hash: &Node<'_>, review: &mut Review) {
    if let Some(cookie) = hash.get("httpCookie") {
        if cookie.text("name").is_empty() {
            review.error(cookie.at("name"), "name required for HttpCookie");
        }
        let mut seen = BTreeSet::new();
        for attribute in cookie.items("attributes") {
            let name = attribute.text("name");
            if name.is_empty() {
                review.error(attribute.at("name"), "cookie attribute name cannot be empty");
            } else if !seen.insert(name) {
                let message = format_args!("duplicate cookie attribute name: {name}");
                review.error(attribute.at("name"), message);
            }
        }
    }
    if hash.int("minimumRingSize") != 0 {
        let field = hash.at("minimumRingSize");
        if hash.has("ringHash") || hash.has("maglev") {
            let message = "only one of MinimumRingSize or Maglev/Ringhash can be specified";
            review.error(&field, message);
        }
        review.warn(field, "is deprecated, use ringHash");
    }
    if let Some(maglev) = hash.get("maglev") {
        table_size(&maglev.at("tableSize"), review);
    }
}

fn table_size(field: &Node<'_>, review: &mut Review) {
    let size = field.as_int();
    if size == 0 {
        review.error(field, "tableSize must be set for maglev");
    }
    if size >= MAX_TABLE {
        // Whether that is a prime as well is not worth the time.
        review.error(field, "tableSize must be less than 5000011 for maglev");
    } else if !is_prime(size) {
        review.error(field, "tableSize must be a prime number for maglev");
    }
}

fn is_prime(number: i64) -> bool {
    let odd = number % 2 != 0;
    let mut factors = (3_i64..).step_by(2).take_while(|f| f.saturating_mul(*f) <= number);
    (1..4).contains(&number) || odd && factors.all(|factor| number % factor != 0)
}
