//! A file of the repository as the rules see it: its lines, its code with comments and strings
//! blanked, what of it is tests, and the modules that it names.

use std::ops::RangeInclusive;

use super::lexer::{self, Named};
use super::modules::{self, LIBRARIES};

/// A text file.
pub(super) struct Source {
    /// Its path from the repository's root.
    pub(super) path: String,
    /// Its lines as they are.
    pub(super) lines: Vec<String>,
    /// The same lines without comments, and with `~` for each character inside a string: what is
    /// only quoted must not count as used.
    pub(super) code: Vec<String>,
    /// Whether it ends with a line break.
    pub(super) ends_well: bool,
    /// What in it is compiled for tests only.
    tests: Vec<TestItem>,
    /// Whether all of it is.
    put_aside: bool,
}

/// Something with `#[cfg(test)]` before it.
struct TestItem {
    /// Its lines, from 1, attributes included.
    lines: RangeInclusive<usize>,
    /// Whether it is a module that stands in the file itself.
    inline: bool,
}

// === impl Source ===

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let is_rust = has_extension(path, "rs");
        let masked = if is_rust { lexer::mask(text) } else { text.to_owned() };
        let code: Vec<String> = masked.lines().map(str::to_owned).collect();
        Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            tests: test_items(&code),
            code,
            ends_well: text.is_empty() || text.ends_with('\n'),
            put_aside: false,
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// A file of unit tests put aside from the module it tests.
    pub(super) fn is_unit_tests(&self) -> bool {
        self.put_aside
    }

    /// Recorded, generated or golden: as it came, not as we would write it.
    pub(super) fn is_data(&self) -> bool {
        ["data", "samples", "snapshots"].iter().any(|part| self.path.split('/').any(|p| p == *part))
            || self.path == "Cargo.lock"
    }

    /// Whether a line (from 1) belongs to tests; integration tests do from their first line on.
    pub(super) fn in_tests(&self, line: usize) -> bool {
        self.path.starts_with("tests/") || self.in_unit_tests(line)
    }

    /// Whether a line (from 1) is compiled for unit tests only.
    pub(super) fn in_unit_tests(&self, line: usize) -> bool {
        self.put_aside || self.tests.iter().any(|item| item.lines.contains(&line))
    }

    /// Its lines up to an inline module of tests; comments and blank lines count.
    pub(super) fn size(&self) -> usize {
        let tests = self.tests.iter().find(|item| item.inline);
        tests.map_or(self.lines.len(), |tests| tests.lines.start() - 1)
    }

    /// All paths that the code names: every `a::b`, and whatever a `use` brings in.
    pub(super) fn names(&self) -> Vec<Named> {
        lexer::names(&self.code)
    }

    /// The module that a line (from 1) is in, e.g. `["faultless", "load", "plan"]`.
    pub(super) fn module(&self, line: usize) -> Vec<String> {
        let mut module = modules::module_of(&self.path);
        if self.tests.iter().any(|item| item.inline && item.lines.contains(&line)) {
            module.push("tests".to_owned());
        }
        module
    }

    /// The whole file's module, e.g. `localmesh::api`, before and after the move to its crate.
    pub(super) fn home(&self) -> String {
        modules::module_of(&self.path).join("::")
    }

    /// A path that this file names, from its crate on; `None` if its first word does not say where
    /// it begins, or is no crate of ours.
    pub(super) fn absolute(&self, name: &Named) -> Option<Vec<String>> {
        let own = self.module(name.line);
        let ups = name.parts.iter().take_while(|part| *part == "super").count();
        let (base, rest) = match name.parts[0].as_str() {
            "crate" => (&own[..1], &name.parts[1..]),
            "self" => (&own[..], &name.parts[1..]),
            "super" => (&own[..own.len().saturating_sub(ups).max(1)], &name.parts[ups..]),
            library if LIBRARIES.contains(&library) => (&own[..0], &name.parts[..]),
            _ => return None,
        };
        // `a::{self}` is `a`.
        Some(base.iter().chain(rest).filter(|part| *part != "self").cloned().collect())
    }
}

/// Finds the files that are only compiled for tests (`#[cfg(test)] mod x;`) and marks them.
pub(super) fn mark_unit_tests(sources: &mut [Source]) {
    let mut aside = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/lib");
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for item in &source.tests {
            let (start, end) = (item.lines.start() - 1, *item.lines.end());
            let named = source.code[end - 1].trim().strip_suffix(';');
            let Some((_, name)) = named.and_then(|item| item.split_once("mod ")) else { continue };
            // `#[path = "other.rs"]` is relative to the folder that the file is in.
            let other = source.lines[start..end]
                .iter()
                .find_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]"));
            aside.push(match other {
                Some(other) => format!("{folder}/{other}"),
                None => format!("{stem}/{name}.rs"),
            });
        }
    }
    for source in sources.iter_mut() {
        let children =
            |file: &String| source.path.starts_with(&format!("{}/", &file[..file.len() - 3]));
        source.put_aside = aside.iter().any(|file| *file == source.path || children(file));
    }
}

/// Finds an item's end by its indentation, which rustfmt keeps equal to its beginning's.
fn test_items(code: &[String]) -> Vec<TestItem> {
    let mut items = Vec::new();
    for (at, line) in code.iter().enumerate() {
        let body = line.trim_start();
        if !body.starts_with("#[cfg(test)]") {
            continue;
        }
        let indent = &line[..line.len() - body.len()];
        // Lines inside of it are indented deeper, or in a string.
        let ends = |line: &String| {
            let inner = line.strip_prefix(indent).unwrap_or_default().trim_end();
            inner.ends_with(['}', ';']) && !inner.starts_with([' ', '~'])
        };
        let end = code[at..].iter().position(ends).map_or(code.len(), |length| at + length + 1);
        let item = code[at..end].iter().map(|line| line.trim()).find(|line| !line.starts_with('#'));
        let inline = item.is_some_and(|item| item.starts_with("mod ") && !item.ends_with(';'));
        items.push(TestItem { lines: at + 1..=end, inline });
    }
    items
}

fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|found| found == extension)
}

#[test]
fn only_what_is_for_tests_is_tests() {
    let text = "fn a() {}\n\
                #[cfg(test)]\nuse b::{\n    c,\n};\n\
                impl A {\n    #[cfg(test)]\n    fn d() {\n    }\n    fn e() {}\n}\n\
                #[cfg(test)]\nmod tests {\n    const F: &str = r\"\n\";\n}\nfn g() {}\n";
    let source = Source::new("src/a.rs", text);
    let tests: Vec<usize> = (1..=17).filter(|line| source.in_tests(*line)).collect();
    assert_eq!(tests, [2, 3, 4, 5, 7, 8, 9, 12, 13, 14, 15, 16]);
    assert_eq!(source.size(), 11);
    assert_eq!(Source::new("tests/it/a.rs", "//! A.\n\nfn f() {}\n").size(), 3);
}

#[test]
fn unit_tests_put_aside_are_found() {
    let mut sources = [
        Source::new("src/a.rs", "#[cfg(test)]\nmod tests;\nmod part;\nfn f() {}\n"),
        Source::new("src/a/tests.rs", "fn t() { x().unwrap(); }\n"),
        Source::new("src/a/tests/golden.rs", "fn t() {}\n"),
        Source::new("src/a/part.rs", "fn t() {}\n"),
        Source::new(
            "src/b/c.rs",
            "fn f() {}\n#[cfg(test)]\n#[path = \"c_tests.rs\"]\nmod tests;\n",
        ),
        Source::new("src/b/c_tests.rs", "fn t() {}\n"),
        Source::new("crates/d/src/lib.rs", "#[cfg(test)]\npub(crate) mod fake;\n"),
        Source::new("crates/d/src/fake.rs", "fn t() {}\n"),
    ];
    mark_unit_tests(&mut sources);
    let aside: Vec<bool> = sources.iter().map(Source::is_unit_tests).collect();
    assert_eq!(aside, [false, true, true, false, false, true, false, true]);
}

#[test]
fn a_path_begins_at_its_crate() {
    let absolute = |path: &str, text: &str| -> Vec<String> {
        let source = Source::new(path, text);
        let names = source.names();
        names.iter().filter_map(|name| source.absolute(name)).map(|path| path.join("::")).collect()
    };
    assert_eq!(absolute("src/a/b.rs", "use crate::{c::{self}};"), ["faultless::c"]);
    assert_eq!(absolute("src/a/b.rs", "use super::super::c;"), ["faultless::c"]);
    assert_eq!(
        absolute("src/a.rs", "#[cfg(test)]\nmod t {\n    use super::*;\n}"),
        ["faultless::a"]
    );
    assert_eq!(absolute("steps/main.rs", "use faultless::a;"), ["faultless::a"]);
    assert_eq!(absolute("steps/main.rs", "use self::b::C;"), ["steps::b::C"]);
    assert_eq!(absolute("crates/istio/src/a.rs", "use super::b;\nuse std::fs;"), ["istio::b"]);
}
