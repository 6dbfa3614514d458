//! The reasons for which an Envoy refused a configuration. They are only in its log: its next
//! question says that something was refused, the admin's dump says why for listeners alone. Pure.

use std::collections::VecDeque;

use super::kind::Kind;

/// How many reasons are kept.
const KEEP: usize = 16;
/// The longest reason; Envoy quotes the whole resource before it, so its end is what is kept.
const REASON_MAX: usize = 1200;
/// The words in which Envoy refuses an answer (`http_subscription_impl.cc`), around the path.
const BEFORE: &str = "REST config for ";
const AFTER: &str = " rejected: ";

/// The newest reasons of one Envoy.
#[derive(Debug, Default)]
pub(super) struct Nacks {
    /// How many there have been.
    count: u64,
    kept: VecDeque<(u64, Kind, String)>,
}

// === impl Nacks ===

impl Nacks {
    /// Keeps the reason if this line of Envoy's log has one; says whether it has.
    pub(super) fn note(&mut self, line: &str) -> bool {
        let Some((kind, reason)) = reason(line) else { return false };
        if self.kept.len() == KEEP {
            self.kept.pop_front();
        }
        self.kept.push_back((self.count, kind, reason));
        self.count += 1;
        true
    }

    /// How many there have been.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// What was said about this kind after the first `count`: what quotes the name if something
    /// does, since Envoy does not say which of several subscriptions it means.
    pub(super) fn since(&self, count: u64, kind: Kind, name: &str) -> Option<String> {
        let new = self.kept.iter().filter(|(number, of, _)| *number >= count && *of == kind);
        let mut said: Vec<&str> = new.map(|(_, _, reason)| reason.as_str()).collect();
        said.dedup();
        let quotes: Vec<&str> = said.iter().copied().filter(|text| text.contains(name)).collect();
        let said = if quotes.is_empty() { said } else { quotes };
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// What was refused in a line of Envoy's log, and why: bounded and on one line.
fn reason(line: &str) -> Option<(Kind, String)> {
    let (_, text) = line.split_once(BEFORE)?;
    let (path, text) = text.split_once(AFTER)?;
    let kind = Kind::of(path)?;
    // `--log-format-escaped` escapes as C does.
    let text = text.replace("\\n", " ").replace("\\\"", "\"").replace("\\'", "'");
    let words: Vec<&str> =
        text.split_whitespace().filter(|word| !word.starts_with("goo.gle/debug")).collect();
    let text = words.join(" ");
    let skip = text.chars().count().saturating_sub(REASON_MAX);
    let kept: String = text.chars().skip(skip).collect();
    Some((kind, if skip == 0 { kept } else { format!("…{kept}") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "[warning][config] REST config for /v3/discovery:routes rejected: ";

    #[test]
    fn a_reason_is_one_bounded_line_and_ends_as_envoys() {
        let line = format!(
            "{WORDS}goo.gle/debugstr   \\nname: \\\"a\\\"\\n: Proto constraint validation failed\\n"
        );
        let text = "name: \"a\" : Proto constraint validation failed".to_owned();
        assert_eq!(reason(&line), Some((Kind::Routes, text)));
        let long = format!("{WORDS}{}why", "y".repeat(5000));
        let (_, long) = reason(&long).expect("it has the words");
        assert!(long.starts_with('…') && long.ends_with("ywhy") && long.chars().count() == 1201);
        assert_eq!(reason("[warning][main] something else"), None);
        assert_eq!(reason("[warning][config] REST config for /x rejected: y"), None);
    }

    #[test]
    fn only_the_newest_are_kept_and_each_belongs_to_a_kind() {
        let mut nacks = Nacks::default();
        assert!(!nacks.note("something else"));
        (0..20).for_each(|n| assert!(nacks.note(&format!("{WORDS}no {n}"))));
        assert_eq!((nacks.count(), nacks.kept.len()), (20, KEEP));
        assert_eq!(nacks.since(18, Kind::Routes, "8000").as_deref(), Some("no 18; no 19"));
        assert_eq!(nacks.since(18, Kind::Routes, "18").as_deref(), Some("no 18"));
        assert_eq!(nacks.since(18, Kind::Clusters, ""), None);
        assert_eq!(nacks.since(20, Kind::Routes, ""), None);
    }
}
