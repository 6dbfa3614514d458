//! The rules before a rule, found by what they ask for: of thousands only those are compared that
//! may meet what it meets.

use std::collections::{BTreeSet, HashMap};

use crate::http_match::{HttpMatch, StringMatch};

/// Earlier rules by one condition of each of their blocks; under nothing those that ask for none.
/// A block is met by another only if it has each of the other's conditions, or a path that goes on
/// where the other's ends.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    by_condition: HashMap<String, Vec<usize>>,
    /// How long the beginnings of paths are that rules ask for, in bytes.
    lengths: BTreeSet<usize>,
}

// === impl Earlier ===

impl Earlier {
    /// Notes a rule's block, under the condition that the fewest have.
    pub(super) fn add(&mut self, number: usize, block: &HttpMatch) {
        let mut all = conditions(block);
        match &block.uri {
            Some(uri) if any_path(uri) => {}
            Some(StringMatch { prefix: Some(prefix), .. }) => {
                self.lengths.insert(prefix.len());
                all.push(format!("path {prefix}"));
            }
            Some(uri) => all.push(format!("uri {uri:?}")),
            None => {}
        }
        let many = |condition: &String| self.by_condition.get(condition).map_or(0, Vec::len);
        let rarest = all.into_iter().min_by_key(many).unwrap_or_default();
        let rules = self.by_condition.entry(rarest).or_default();
        if rules.last() != Some(&number) {
            rules.push(number);
        }
    }

    /// The first rule that passes, of those that may meet what the block does.
    pub(super) fn first(&self, block: &HttpMatch, passes: impl Fn(usize) -> bool) -> Option<usize> {
        let mut asked = conditions(block);
        asked.push(String::new());
        if let Some(uri) = &block.uri {
            asked.push(format!("uri {uri:?}"));
            let path = uri.exact.as_deref().or(uri.prefix.as_deref()).unwrap_or_default();
            let begins = self.lengths.range(..=path.len()).filter_map(|end| path.get(..*end));
            asked.extend(begins.map(|begin| format!("path {begin}")));
        }
        let rules = asked.iter().filter_map(|condition| self.by_condition.get(condition));
        rules.filter_map(|rules| rules.iter().copied().find(|rule| passes(*rule))).min()
    }
}

/// Whether every path meets it.
pub(super) fn any_path(uri: &StringMatch) -> bool {
    uri.prefix.as_deref() == Some("/") || uri.regex.as_deref() == Some(".*")
}

/// What must stand in a block likewise for it to be met, its path aside.
fn conditions(block: &HttpMatch) -> Vec<String> {
    let texts =
        [("scheme", &block.scheme), ("method", &block.method), ("authority", &block.authority)];
    let maps = [
        ("header", &block.headers),
        ("without", &block.without_headers),
        ("query", &block.query_params),
    ];
    let texts =
        texts.into_iter().filter_map(|(name, text)| Some(format!("{name} {:?}", text.as_ref()?)));
    let maps = maps.into_iter().flat_map(|(name, map)| {
        map.iter().map(move |(key, text)| format!("{name} {key:?} {text:?}"))
    });
    let labels = block.source_labels.iter().map(|(key, value)| format!("label {key:?} {value:?}"));
    let port = block.port.map(|port| format!("port {port}"));
    let namespace = Some(&block.source_namespace).filter(|name| !name.is_empty());
    let namespace = namespace.map(|name| format!("namespace {name:?}"));
    texts.chain(maps).chain(labels).chain(port).chain(namespace).collect()
}
