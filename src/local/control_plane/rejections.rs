//! The reasons for which an Envoy refused a configuration. They are only in its log: counters say
//! that something was refused, the admin's dump says why for listeners alone. So the reader of the
//! log keeps the newest reasons in a small file in the pod's folder, and `deliver` reads them there.

use std::fs;
use std::path::Path;

/// The file's name.
const FILE: &str = "rejections.txt";
/// How many reasons are kept.
const KEEP: usize = 8;
/// The longest reason; Envoy quotes the whole resource before it, so its end is what is kept.
const REASON_MAX: usize = 1200;
/// The words in which Envoy refuses a file (`filesystem_subscription_impl.cc`).
const WORDS: [&str; 2] =
    ["Filesystem config update rejected: ", "Filesystem config update failure: "];

/// Keeps the reason if this line of Envoy's log has one. A failed write loses the reason's words,
/// never the rejection itself.
pub fn note(dir: &Path, line: &str) {
    let Some(reason) = reason(line) else { return };
    let mut kept = read(dir);
    kept.push(reason);
    let newest = kept.len().saturating_sub(KEEP);
    let temporary = dir.join(".rejections");
    if fs::write(&temporary, kept[newest..].join("\n")).is_ok() {
        let _ = fs::rename(temporary, dir.join(FILE));
    }
}

/// The kept reasons, oldest first.
#[must_use]
pub fn read(dir: &Path) -> Vec<String> {
    let text = fs::read_to_string(dir.join(FILE)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Forgets the reasons: those that come now belong to what is written now.
pub fn clear(dir: &Path) {
    let _ = fs::remove_file(dir.join(FILE));
}

/// The reason in a line of Envoy's log, bounded and on one line. Pure.
fn reason(line: &str) -> Option<String> {
    let (_, text) = WORDS.iter().find_map(|words| line.split_once(words))?;
    // `--log-format-escaped` escapes as C does.
    let text = text.replace("\\n", " ").replace("\\\"", "\"").replace("\\'", "'");
    let words: Vec<&str> =
        text.split_whitespace().filter(|word| !word.starts_with("goo.gle/debug")).collect();
    let text = words.join(" ");
    let skip = text.chars().count().saturating_sub(REASON_MAX);
    let kept: String = text.chars().skip(skip).collect();
    Some(if skip == 0 { kept } else { format!("…{kept}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_bounded_line_and_ends_as_envoys() {
        let line = "[warning][config] Filesystem config update rejected: goo.gle/debugstr   \\nname: \
                    \\\"a\\\"\\n: Proto constraint validation failed\\n";
        assert_eq!(
            reason(line).as_deref(),
            Some("name: \"a\" : Proto constraint validation failed")
        );
        let long = format!("x {}{}why", WORDS[0], "y".repeat(5000));
        let reason = reason(&long).expect("it has the words");
        assert!(
            reason.starts_with('…') && reason.ends_with("ywhy") && reason.chars().count() == 1201
        );
        assert_eq!(super::reason("[warning][main] something else"), None);
    }

    #[test]
    fn only_the_newest_are_kept() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        (0..20).for_each(|n| note(dir.path(), &format!("{}no {n}", WORDS[0])));
        let kept = read(dir.path());
        assert_eq!((kept.len(), kept.last().map(String::as_str)), (KEEP, Some("no 19")));
        clear(dir.path());
        assert!(read(dir.path()).is_empty());
    }
}
