//! What the rules read code by: comments and strings masked, and the paths that are named. A lexer
//! for the few shapes that matter, not a parser.

/// A path that code names, e.g. `std::fs::File`; groups are expanded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Line, from 1.
    pub(super) line: usize,
    /// The parts between `::`.
    pub(super) parts: Vec<String>,
    /// Whether a `use` brings it in.
    pub(super) imported: bool,
}

/// All paths that the code names: every `a::b`, and whatever a `use` brings in.
pub(super) fn names(code: &[String]) -> Vec<Named> {
    let tokens = tokens(code);
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
        let imported = before == "use";
        // `pub(in a::b)` needs nothing of `b`.
        let visibility = [back(3), back(2), back(1)] == ["pub", "(", "in"];
        let mut found = Vec::new();
        at = read_path(&tokens, at, &[], &mut found);
        // A lone word is a path only where it is imported.
        found.retain(|name: &Named| (imported || name.parts.len() > 1) && !visibility);
        names.extend(found.into_iter().map(|name| Named { imported, ..name }));
    }
    names
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
                // Commas and renames (`x as y`) name nothing further, and `*` the group's path.
                if text(at) == "*" && text(at - 1) != "::" {
                    names.push(Named { line, parts: parts.clone(), imported: false });
                }
                let renamed = text(at - 1) == "as";
                let word = tokens[at].is_word() && text(at) != "as" && !renamed;
                at = if word { read_path(tokens, at, &parts, names) } else { at + 1 };
            }
            return at + 1;
        }
        if !tokens.get(at + 1).is_some_and(Token::is_word) {
            break;
        }
        parts.push(text(at + 1).to_owned());
        at += 2;
    }
    names.push(Named { line, parts, imported: false });
    at
}

// === comments and strings ===

/// The text with comments blanked and strings filled with `~`; every line stays where it is.
pub(super) fn mask(text: &str) -> String {
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
    assert_eq!(mask("a // b"), "a     ");
    assert_eq!(mask("a /* b /* c */ d */ e"), "a                   e");
    assert_eq!(mask(r#"f("x\"y", 'z', '\'', 'a)"#), "f(~~~~~~, ~~~, ~~~~, 'a)");
    assert_eq!(mask("r#\"a\"b\n\"#; br\"c\"; bar(r#fn)"), "~~~~~~\n~~; b~~~~; bar(r#fn)");
    assert_eq!(mask("\"open"), "~~~~~");
}

#[test]
fn groups_are_expanded() {
    let names = |text: &str| -> Vec<String> {
        names(&[text.to_owned()]).iter().map(|name| name.parts.join("::")).collect()
    };
    assert_eq!(
        names("use std::{fs, io::{self, Read as _}, net::{*}};"),
        ["std::fs", "std::io::self", "std::io::Read", "std::net"]
    );
    assert_eq!(names("let x = self.tokio.spawn(rand); use rand;"), ["rand"]);
    assert_eq!(
        names("::clap::Parser::parse_from::<a::B>(x)"),
        ["clap::Parser::parse_from", "a::B"]
    );
    assert_eq!(names("pub(in crate::a::b) fn f() { for x in c::d() {} }"), ["c::d"]);
}

#[test]
fn imports_are_known() {
    let code = ["use a::{b, c::*};".to_owned(), "d::e()".to_owned()];
    let imported: Vec<bool> = names(&code).iter().map(|name| name.imported).collect();
    assert_eq!(imported, [true, true, false]);
}
