//! Rules that can never be used, as far as one object shows it (`analyzeUnreachableHTTPRules` and
//! its likes).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::node::Node;
use crate::review::Review;

/// Warns of rules behind a rule for everything, and of conditions that were met before.
pub(super) fn unused(spec: &Node<'_>, review: &mut Review) {
    let http = reached(&spec.items("http"), review);
    for protocol in ["tcp", "tls"] {
        reached(&spec.items(protocol), review);
    }
    covered(http, review);
}

/// The conditions that something may come to; of the others it is said why not.
fn reached<'a>(routes: &[Node<'a>], review: &mut Review) -> Vec<Node<'a>> {
    let mut reached = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut everything = false;
    for route in routes {
        let blocks = route.items("match");
        if blocks.is_empty() {
            if everything {
                review.warn(route, "rule not used (only the last rule can have no matches)");
            }
            everything = true;
            continue;
        }
        let (mut duplicates, count) = (0, blocks.len());
        for block in blocks {
            if everything {
                review.warn(&block, "rule not used (route without matches defined before)");
                continue;
            }
            let mut anonymous = block.value().clone();
            if let Some(fields) = anonymous.as_object_mut() {
                fields.remove("name");
                // As istiod compares them: without what says nothing.
                fields.retain(|name, value| MATCHES.contains(&name.as_str()) || says(value));
            }
            if !seen.insert(canonical(&anonymous)) {
                review.warn(&block, "is not used (duplicate match in an earlier rule)");
                duplicates += 1;
                continue;
            }
            reached.push(block);
        }
        if duplicates == count {
            review.warn(route, "rule not used (all matches used by prior rules)");
        }
    }
    reached
}

/// Conditions that are there, and met by nothing, when they are empty.
const MATCHES: [&str; 4] = ["authority", "method", "scheme", "uri"];

fn says(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) => true,
    }
}

/// The same text for equal values, in whatever order their fields stand: thousands of conditions
/// are not compared with one another.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let each = fields.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value)));
            format!("{{{}}}", each.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

/// What Istio compares of a condition on the beginning of a path.
struct Prefix<'a> {
    block: Node<'a>,
    path: &'a str,
    port: i64,
    method: String,
    authority: String,
    maps: [BTreeMap<&'a str, String>; 3],
}

// === impl Prefix ===

impl<'a> Prefix<'a> {
    fn of(block: Node<'a>) -> Option<Self> {
        let path = block.at("uri").text("prefix");
        if path.is_empty() {
            return None;
        }
        let method = exact_or_prefix(&block.at("method"));
        let maps = ["headers", "queryParams", "withoutHeaders"].map(|name| {
            let entries = block.entries(name).into_iter();
            entries.map(|(key, text)| (key, exact_or_prefix(&text))).collect()
        });
        Some(Self {
            path,
            port: block.int("port"),
            method: if method.is_empty() { "exact:GET".to_owned() } else { method },
            authority: exact_or_prefix(&block.at("authority")),
            maps,
            block,
        })
    }

    /// Whether what meets the other, whose path goes on where this one's ends, meets this one too.
    fn covers(&self, other: &Self) -> bool {
        let each = self.maps.iter().zip(&other.maps);
        let mut same = each.map(|(own, others)| {
            let begins = |(key, value): (&&str, &String)| {
                others.get(key).is_some_and(|other| value.starts_with(other.as_str()))
            };
            own.len() == others.len() && own.iter().all(begins)
        });
        other.port == self.port
            && self.method.starts_with(&other.method)
            && self.authority.starts_with(&other.authority)
            && same.all(|same| same)
    }
}

fn exact_or_prefix(text: &Node<'_>) -> String {
    match (text.text("exact"), text.text("prefix")) {
        ("", "") => String::new(),
        ("", prefix) => format!("prefix:{prefix}"),
        (exact, _) => format!("exact:{exact}"),
    }
}

fn covered(blocks: Vec<Node<'_>>, review: &mut Review) {
    let all = blocks.into_iter().filter_map(Prefix::of);
    let mut blocks: Vec<Prefix<'_>> = Vec::new();
    // What covers a block has a beginning of its path: thousands are not all compared.
    let mut by_path: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut lengths: BTreeSet<usize> = BTreeSet::new();
    for block in all {
        let begins = lengths.range(..block.path.len()).filter_map(|end| block.path.get(..*end));
        let covering = begins.filter_map(|path| {
            by_path.get(path)?.iter().copied().find(|earlier| blocks[*earlier].covers(&block))
        });
        if let Some(earlier) = covering.min() {
            let message = format_args!("is not used (overlaps with {})", blocks[earlier].block);
            review.warn(&block.block, message);
        }
        lengths.insert(block.path.len());
        by_path.entry(block.path).or_default().push(blocks.len());
        blocks.push(block);
    }
}
