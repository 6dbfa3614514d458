//! A file of the repository as the rules see it: its lines, its code with comments and strings
//! blanked, and the paths it names. A lexer for the few shapes that matter, not a parser.

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
    /// The line (from 0) at which the unit tests begin, or the number of lines.
    tests_from: usize,
}

/// A path that code names, e.g. `std::fs::File`; groups are expanded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Line, from 1.
    pub(super) line: usize,
    /// The parts between `::`.
    pub(super) parts: Vec<String>,
}

// === impl Source ===

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let is_rust = has_extension(path, "rs");
        let masked = if is_rust { mask(text) } else { text.to_owned() };
        let code: Vec<String> = masked.lines().map(str::to_owned).collect();
        // Integration tests are tests from their first line on.
        let tests_from = if path.starts_with("tests/") {
            0
        } else {
            code.iter().position(|line| line.starts_with("#[cfg(test)]")).unwrap_or(code.len())
        };
        Self {
            path: path.to_owned(),
            lines: text.lines().map(str::to_owned).collect(),
            code,
            ends_well: text.is_empty() || text.ends_with('\n'),
            tests_from,
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// A file of unit tests put aside from the module it tests.
    pub(super) fn is_unit_tests(&self) -> bool {
        self.tests_from == 0 && !self.path.starts_with("tests/")
    }

    /// Recorded, generated or golden: as it came, not as we would write it.
    pub(super) fn is_data(&self) -> bool {
        ["data", "samples", "snapshots"].iter().any(|part| self.path.split('/').any(|p| p == *part))
            || self.path == "Cargo.lock"
    }

    /// Whether a line (from 1) belongs to tests.
    pub(super) fn in_tests(&self, line: usize) -> bool {
        line > self.tests_from
    }

    /// Lines that hold code, without unit tests at the file's end; comments are free.
    pub(super) fn code_lines(&self) -> usize {
        let end = if self.path.starts_with("tests/") { self.code.len() } else { self.tests_from };
        self.code[..end].iter().filter(|line| !line.trim().is_empty()).count()
    }

    /// All paths that the code names: every `a::b`, and whatever a `use` brings in.
    pub(super) fn names(&self) -> Vec<Named> {
        let tokens = tokens(&self.code);
        let mut names = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let back = |steps| at.checked_sub(steps).map_or("", |at| tokens[at].text.as_str());
            // `use ::clap` imports like `use clap`.
            let before = if back(1) == "::" { back(2) } else { back(1) };
            if !tokens[at].is_word() || KEYWORDS.contains(&&*tokens[at].text) || before == "." {
                at += 1;
                continue;
            }
            let mut found = Vec::new();
            at = read_path(&tokens, at, &[], &mut found);
            // A lone word is a path only where it is imported.
            found.retain(|name: &Named| before == "use" || name.parts.len() > 1);
            names.append(&mut found);
        }
        names
    }

    /// The module that a line (from 1) of a library file is in: `src/local/store.rs` is
    /// `["local", "store"]`.
    pub(super) fn module(&self, line: usize) -> Vec<String> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        let mut module: Vec<String> =
            path.split('/').filter(|part| *part != "lib").map(str::to_owned).collect();
        if self.in_tests(line) && !self.is_unit_tests() {
            module.push("tests".to_owned());
        }
        module
    }
}

/// Finds the files that are only compiled for tests (`#[cfg(test)] mod x;`) and marks them.
pub(super) fn mark_unit_tests(sources: &mut [Source]) {
    let mut aside = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let stem = source.path.trim_end_matches(".rs").trim_end_matches("/lib");
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (at, line) in source.code.iter().enumerate().skip(source.tests_from) {
            let line = line.trim();
            let name = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
            let Some(name) = name else { continue };
            // `#[path = "other.rs"]` is relative to the folder that the file is in.
            let other = at.checked_sub(1).and_then(|before| {
                source.lines[before].strip_prefix("#[path = \"")?.strip_suffix("\"]")
            });
            aside.push(match other {
                Some(other) => format!("{folder}/{other}"),
                None => format!("{stem}/{name}.rs"),
            });
        }
    }
    for source in sources.iter_mut() {
        let children =
            |file: &String| source.path.starts_with(&format!("{}/", &file[..file.len() - 3]));
        if aside.iter().any(|file| *file == source.path || children(file)) {
            source.tests_from = 0;
        }
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|found| found == extension)
}

// === words and paths ===

/// Words that may stand before a path that begins with `::`.
const KEYWORDS: &[&str] =
    &["use", "return", "in", "mut", "dyn", "impl", "for", "else", "move", "as"];

struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

fn tokens(code: &[String]) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (index, line) in code.iter().enumerate() {
        let mut rest = line.as_str();
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if word(first) {
                rest.find(|c| !word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, after) = rest.split_at(length);
            if !first.is_whitespace() {
                tokens.push(Token { line: index + 1, text: text.to_owned() });
            }
            rest = after;
        }
    }
    tokens
}

/// Reads one path from `at`, expanding groups; answers where it ends.
fn read_path(tokens: &[Token], at: usize, prefix: &[String], names: &mut Vec<Named>) -> usize {
    let mut parts = prefix.to_vec();
    let line = tokens[at].line;
    parts.push(tokens[at].text.clone());
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| token.text.as_str());
    let mut at = at + 1;
    while text(at) == "::" {
        if text(at + 1) == "{" {
            at += 2;
            while at < tokens.len() && text(at) != "}" {
                // Commas, renames (`x as y`) and `*` name nothing further.
                let renamed = text(at - 1) == "as";
                let word = tokens[at].is_word() && text(at) != "as" && !renamed;
                at = if word { read_path(tokens, at, &parts, names) } else { at + 1 };
            }
            names.push(Named { line, parts });
            return at + 1;
        }
        if !tokens.get(at + 1).is_some_and(Token::is_word) {
            break;
        }
        parts.push(text(at + 1).to_owned());
        at += 2;
    }
    names.push(Named { line, parts });
    at
}

// === comments and strings ===

/// The text with comments blanked and strings filled with `~`; every line stays where it is.
fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<char> = Vec::with_capacity(chars.len());
    let mut at = 0;
    while at < chars.len() {
        let (length, fill) = lexeme(&chars, at);
        for &c in &chars[at..at + length] {
            out.push(if c == '\n' { c } else { fill.unwrap_or(c) });
        }
        at += length;
    }
    out.into_iter().collect()
}

/// How long the thing at `at` is, and what is shown instead of it (`None`: itself).
fn lexeme(chars: &[char], at: usize) -> (usize, Option<char>) {
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    match (get(at), get(at + 1)) {
        ('/', '/') => {
            let end = chars[at..].iter().position(|&c| c == '\n').unwrap_or(chars.len() - at);
            (end, Some(' '))
        }
        ('/', '*') => (block_comment(chars, at), Some(' ')),
        ('"', _) => (string(chars, at), Some('~')),
        ('r', '"' | '#') => match raw_string(chars, at) {
            Some(length) => (length, Some('~')),
            None => (1, None),
        },
        ('\'', '\\') => {
            // The quote after the escaped character, which may itself be a quote.
            let close = chars[at + 3..].iter().position(|&c| c == '\'').unwrap_or(0);
            (close + 4, Some('~'))
        }
        ('\'', _) if get(at + 2) == '\'' => (3, Some('~')),
        _ => (1, None),
    }
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at - start;
        }
    }
    chars.len() - start
}

fn string(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1 - start,
            _ => at += 1,
        }
    }
    chars.len() - start
}

/// `r"…"` and `r#"…"#`, also after `b` or `c`; `None` for a raw identifier or a word's end.
fn raw_string(chars: &[char], start: usize) -> Option<usize> {
    let word = |at: usize| chars[at].is_alphanumeric() || chars[at] == '_';
    let mut before = start;
    if before > 0 && matches!(chars[before - 1], 'b' | 'c') {
        before -= 1;
    }
    if before > 0 && word(before - 1) {
        return None;
    }
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let mut end = vec!['"'];
    end.resize(hashes + 1, '#');
    let body = &chars[open + 1..];
    let length = body.windows(end.len()).position(|window| *window == *end);
    Some(length.map_or(chars.len() - start, |length| open + 1 + length + end.len() - start))
}

#[test]
fn strings_and_comments_are_not_code() {
    let masked = |text: &str| Source::new("a.rs", text).code.join("\n");
    assert_eq!(masked("a // b"), "a     ");
    assert_eq!(masked("a /* b /* c */ d */ e"), "a                   e");
    assert_eq!(masked(r#"f("x\"y", 'z', '\'', 'a)"#), "f(~~~~~~, ~~~, ~~~~, 'a)");
    assert_eq!(masked("r#\"a\"b\n\"#; br\"c\"; bar(r#fn)"), "~~~~~~\n~~; b~~~~; bar(r#fn)");
    assert_eq!(masked("\"open"), "~~~~~");
}

#[test]
fn groups_are_expanded() {
    let names = |text: &str| -> Vec<String> {
        Source::new("a.rs", text).names().iter().map(|name| name.parts.join("::")).collect()
    };
    assert_eq!(
        names("use std::{fs, io::{self, Read as _}};"),
        ["std::fs", "std::io::self", "std::io::Read", "std::io", "std"]
    );
    assert_eq!(names("let x = self.tokio.spawn(rand); use rand;"), ["rand"]);
    assert_eq!(
        names("::clap::Parser::parse_from::<a::B>(x)"),
        ["clap::Parser::parse_from", "a::B"]
    );
}

#[test]
fn unit_tests_put_aside_are_found() {
    let mut sources = [
        Source::new("src/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests;\n"),
        Source::new("src/a/tests.rs", "fn t() { x().unwrap(); }\n"),
        Source::new("src/a/tests/golden.rs", "fn t() {}\n"),
        Source::new("src/a/part.rs", "fn t() {}\n"),
        Source::new(
            "src/b/c.rs",
            "fn f() {}\n#[cfg(test)]\n#[path = \"c_tests.rs\"]\nmod tests;\n",
        ),
        Source::new("src/b/c_tests.rs", "fn t() {}\n"),
    ];
    mark_unit_tests(&mut sources);
    let aside: Vec<bool> = sources.iter().map(Source::is_unit_tests).collect();
    assert_eq!(aside, [false, true, true, false, false, true]);
    assert_eq!(sources[0].code_lines(), 1);
}
