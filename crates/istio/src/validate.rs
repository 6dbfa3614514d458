//! What istiod's validating webhook says of one object (`pkg/config/validation`), rule by rule, and
//! what we doubt besides. It is held to `istioctl validate` (`istiod`).

mod actions;
mod connection_pool;
mod cors;
mod destination_rule;
mod destinations;
mod expression;
mod faults;
mod header_value;
mod headers;
mod http_route;
mod layer4;
mod load_balancer;
mod localities;
mod matches;
mod metadata;
mod names;
mod node;
mod outlier_detection;
mod retries;
mod tls;
mod traffic_policy;
mod unused;
mod validate;
mod virtual_service;

pub(crate) use self::validate::validate;
