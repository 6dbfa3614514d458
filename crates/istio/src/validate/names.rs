//! Names, hosts, labels, addresses and ports that Istio accepts (`pkg/config/labels`,
//! `pkg/config/visibility`, `pkg/config/validation/agent/validation.go`).

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

use super::node::Node;
use crate::duration;
use crate::review::Review;

/// Why this is no host (`ValidateWildcardDomain`); the first label may be a wildcard.
pub(super) fn wildcard_domain(host: &str) -> Result<(), String> {
    length(host)?;
    let (first, rest) = host.split_once('.').map_or((host, None), |(a, b)| (a, Some(b)));
    let plain = first.strip_prefix("*-").or(first.strip_prefix('*')).unwrap_or(first);
    let wild = first == "*" || (first.len() <= 63 && label(plain));
    if !wild {
        return Err(format!("domain name {host:?} invalid (label {first:?} invalid)"));
    }
    rest.map_or(Ok(()), labels)
}

/// Why this is no host of an object bound to gateways; with SNI rules, names that
/// `AUTO_PASSTHROUGH` generates are hosts too.
pub(super) fn gateway_domain(host: &str, sni: bool) -> Result<(), String> {
    length(host)?;
    if !(sni && host.starts_with("outbound_")) {
        return wildcard_domain(host);
    }
    let parts: Vec<&str> = host.split('_').collect();
    let [_, port, _, name, ..] = parts[..] else {
        return Err(format!(
            "domain name {host} invalid, should follow outbound_.<PORT>_._.<HOST>"
        ));
    };
    let fits = port.contains(|c: char| c.is_ascii_digit())
        && name.contains(|c: char| c.is_ascii_alphabetic());
    fits.then_some(()).ok_or_else(|| format!("domain name {host:?} invalid"))
}

/// Why this is no fully qualified name (`ValidateFQDN`).
pub(super) fn domain(name: &str) -> Result<(), String> {
    length(name).and_then(|()| labels(name))
}

fn length(host: &str) -> Result<(), String> {
    match host.len() {
        0 => Err("empty domain name not allowed".to_owned()),
        1..=255 => Ok(()),
        _ => Err(format!("domain name {host:?} too long (max 255)")),
    }
}

fn labels(domain: &str) -> Result<(), String> {
    let top = domain.rsplit('.').next().unwrap_or_default();
    if top.parse::<i64>().is_ok() {
        return Err(format!("domain name {domain:?} invalid (top level domain is a number)"));
    }
    // `istio.io.` is unambiguous.
    let domain_without_dot = domain.strip_suffix('.').unwrap_or(domain);
    match domain_without_dot.split('.').find(|part| !label(part)) {
        Some(part) if !domain.is_empty() => {
            Err(format!("domain name {domain:?} invalid (label {part:?} invalid)"))
        }
        _ => Ok(()),
    }
}

/// Whether this is a DNS-1123 label; Istio's may have capitals.
pub(super) fn label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

pub(super) fn subset_name(name: &Node<'_>, review: &mut Review) {
    let text = name.as_text();
    if text.is_empty() {
        review.error(name, "subset name cannot be empty");
    } else if !label(text) {
        review.error(name, format_args!("subset name is invalid: {text:?} is no DNS-1123 label"));
    }
}

pub(super) fn port_number(port: &Node<'_>, review: &mut Review) {
    let number = port.as_int();
    if !(1..=65_535).contains(&number) {
        review.error(port, format_args!("port number {number} must be in the range 1..65535"));
    }
}

/// Of a condition: 0 is the same as none.
pub(super) fn port_if_set(node: &Node<'_>, review: &mut Review) {
    if node.int("port") != 0 {
        port_number(&node.at("port"), review);
    }
}

/// Labels of pods (`labels.Instance.Validate`).
pub(super) fn pod_labels(node: &Node<'_>, name: &str, review: &mut Review) {
    for (key, value) in node.entries(name) {
        let (prefix, own) = key.rsplit_once('/').map_or((None, key), |(a, b)| (Some(a), b));
        let prefixed = prefix.is_none_or(|p| p.len() <= 253 && p.split('.').all(label));
        if !(prefixed && own.len() <= 63 && qualified(own)) {
            review.error(&value, format_args!("invalid tag key: {key:?}"));
        }
        let text = value.as_text();
        if !(text.is_empty() || qualified(text)) {
            review.error(&value, format_args!("invalid tag value: {text:?}"));
        }
    }
}

fn qualified(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| ends(c) || matches!(c, '-' | '_' | '.');
    text.starts_with(ends) && text.ends_with(ends) && text.chars().all(inner)
}

/// Names of gateways. Istio looks no further than the first that is not `namespace/name`.
pub(super) fn gateway_names(node: &Node<'_>, review: &mut Review) {
    for gateway in node.items("gateways") {
        let name = gateway.as_text();
        let Some((namespace, own)) = name.split_once('/') else {
            if let [first, second, ..] = name.split('.').collect::<Vec<_>>()[..] {
                let better = format!("{second}/{first}");
                review.warn(&gateway, format_args!("legacy name {name:?}; prefer {better:?}"));
            }
            if let Err(cause) = domain(name) {
                review.error(&gateway, cause);
            }
            return;
        };
        if namespace.is_empty() || own.is_empty() {
            review.error(&gateway, "config namespace and gateway name cannot be empty");
        }
        if !label(namespace) {
            review.error(&gateway, format_args!("invalid value for namespace: {namespace:?}"));
        }
        if !label(own) {
            review.error(&gateway, format_args!("invalid value for gateway name: {own:?}"));
        }
    }
}

/// Who sees the object. One with a `selector` is for its own namespace alone.
pub(super) fn export_to(spec: &Node<'_>, namespace: &str, selector: bool, review: &mut Review) {
    let all = spec.items("exportTo");
    let field = spec.at("exportTo");
    let mut seen = BTreeSet::new();
    for entry in &all {
        let text = entry.as_text();
        let key = if text == "." { namespace } else { text };
        if seen.contains(key) {
            review.error(entry, format_args!("duplicate entries in exportTo for entry {text}"));
        } else if key == "~" {
            review.error(entry, "exportTo ~ (none) is not allowed here");
        } else if !matches!(key, "." | "*") && !label(key) {
            let message = "only ., *, or a DNS-1123 label is allowed as exportTo entry";
            review.error(entry, message);
        } else {
            seen.insert(key);
        }
    }
    if selector && !seen.is_empty() && (!seen.contains(namespace) || seen.len() > 1) {
        let message = "destination rule with workload selector cannot have exportTo beyond current \
                       namespace";
        review.error(&field, message);
    }
    if seen.contains("*") && all.len() > 1 {
        review.error(&field, "cannot have both public (*) and non-public exportTo values");
    }
}

/// An address (Go's `netip.ParseAddr`); IPv6 ones may have a zone.
pub(super) fn is_address(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => address.contains(':') && !zone.is_empty() && ip(address).is_some(),
        None => ip(text).is_some(),
    }
}

fn ip(text: &str) -> Option<IpAddr> {
    IpAddr::from_str(text).ok()
}

/// An address, or a block of them.
pub(super) fn subnet(subnet: &Node<'_>, review: &mut Review) {
    let text = subnet.as_text();
    let block = |(address, bits): (&str, &str)| {
        let most = ip(address).map(|ip| if ip.is_ipv4() { 32 } else { 128 });
        let plain =
            bits.chars().all(|c| c.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
        plain && bits.parse::<u8>().is_ok_and(|bits| most.is_some_and(|most| bits <= most))
    };
    let fits = match text.matches('/').count() {
        1 => text.split_once('/').is_some_and(block),
        _ => is_address(text),
    };
    if !fits {
        review.error(subnet, format_args!("{text:?} is not a CIDR block or an address"));
    }
}

/// `ValidateDuration`, of a field that may be absent.
pub(super) fn duration_if_set(node: &Node<'_>, name: &str, review: &mut Review) {
    let Some(field) = node.get(name) else { return };
    match duration::signed(field.as_text()) {
        Some(nanos) if nanos < 1_000_000 => {
            review.error(&field, "duration must be greater than 1ms");
        }
        Some(nanos) if nanos % 1_000_000 != 0 => {
            review.error(&field, "only durations to ms precision are supported");
        }
        _ => {}
    }
}

/// Whether two hosts overlap (`host.Name.Matches`).
pub(super) fn overlap(one: &str, other: &str) -> bool {
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        (Some(a), Some(b)) => a.ends_with(b) || b.ends_with(a),
        (Some(end), None) => other.ends_with(end),
        (None, Some(end)) => one.ends_with(end),
        (None, None) => one == other,
    }
}

/// Whether a host is within another (`host.Name.SubsetOf`).
pub(super) fn within(one: &str, other: &str) -> bool {
    match (one.strip_prefix('*'), other.strip_prefix('*')) {
        (Some(a), Some(b)) => a.len() >= b.len() && a.ends_with(b),
        (Some(_), None) => false,
        (None, Some(end)) => one.ends_with(end),
        (None, None) => one == other,
    }
}
