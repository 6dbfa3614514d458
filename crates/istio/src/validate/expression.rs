//! Regular expressions, as Go's `regexp` judges them for istiod. It has RE2's notation; Rust's
//! knows more words, and takes some of RE2's for others. They are read and not compiled: what a
//! compiler makes of them has other bounds than Go's, and takes its time.

use regex_syntax::hir::{Hir, HirKind};

use super::node::Node;
use crate::review::Review;

/// Istio's bound (bytes), for what Envoy makes of it must stay small.
const MAX_LENGTH: usize = 1024;

/// What Go repeats at most.
const REPEAT_MAX: u32 = 1_000;

/// How deep Go reads (`regexp/syntax`, `maxHeight`).
const NEST_MAX: u32 = 1_000;

/// POSIX's, and Perl's `word`.
const CLASSES: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Reviews the expression that stands there.
pub(super) fn expression(regex: &Node<'_>, review: &mut Review) {
    let pattern = regex.as_text();
    if pattern.len() > MAX_LENGTH {
        review.error(regex, "regex is too large, max length allowed is 1024");
    } else if let Err(cause) = judge(pattern) {
        let message = format_args!("invalid regular expression {pattern:?}: {cause}");
        review.error(regex, message);
    }
}

fn judge(pattern: &str) -> Result<(), String> {
    let mut reader = Reader { rest: pattern, out: String::new(), repeated: false };
    while !reader.rest.is_empty() {
        reader.one()?;
    }
    // Go's bound on groups within groups is above what fits in an expression.
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(NEST_MAX).build();
    let read = parser.parse(&reader.out).map_err(|error| {
        let text = error.to_string();
        text.lines().last().unwrap_or_default().to_owned()
    })?;
    match fits(&read, REPEAT_MAX) {
        true => Ok(()),
        false => Err("invalid repeat count".to_owned()),
    }
}

/// Whether no number of `{2,5}` is above the bound.
fn repeats(count: &str) -> bool {
    let numbers = count.split(['{', ',', '}']).filter(|number| !number.is_empty());
    numbers.into_iter().all(|number| number.parse().is_ok_and(|number: u32| number <= REPEAT_MAX))
}

/// Whether repetitions within repetitions stay below the bound together (`repeatIsValid` of Go's
/// `regexp/syntax`).
fn fits(read: &Hir, most: u32) -> bool {
    let times = match read.kind() {
        HirKind::Repetition(own) if own.max == Some(0) => return true,
        HirKind::Repetition(own) => own.max.unwrap_or(own.min),
        _ => 1,
    };
    times <= most && read.kind().subs().iter().all(|sub| fits(sub, most / times.max(1)))
}

/// Writes an expression of RE2 in the words of Rust's `regex`.
struct Reader<'a> {
    rest: &'a str,
    out: String,
    /// Whether the last thing was a repetition, which cannot be repeated.
    repeated: bool,
}

// === impl Reader ===

impl Reader<'_> {
    fn one(&mut self) -> Result<(), String> {
        let was_repeated = std::mem::take(&mut self.repeated);
        if let Some(quoted) = self.rest.strip_prefix(r"\Q") {
            let (text, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
            self.rest = rest;
            self.out.push_str(&regex_syntax::escape(text));
            return Ok(());
        }
        let Some(c) = self.next() else { return Ok(()) };
        match c {
            '\\' => return self.escape(),
            '[' => return self.class(),
            '(' => return self.group(),
            '*' | '+' | '?' => return self.repetition(&c.to_string(), was_repeated),
            '{' => match self.count() {
                Some(count) if !repeats(&count) => return Err("invalid repeat count".to_owned()),
                Some(count) => return self.repetition(&count, was_repeated),
                None => self.literal('{'),
            },
            '.' | '^' | '$' | '|' | ')' => self.out.push(c),
            other => self.literal(other),
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Takes this, if it is next.
    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn literal(&mut self, c: char) {
        self.out.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4])));
    }

    /// Writes the character of this code, in hexadecimal digits.
    fn code(&mut self, digits: &str) {
        self.out.extend(["\\x{", digits, "}"]);
    }

    fn repetition(&mut self, operator: &str, was_repeated: bool) -> Result<(), String> {
        if was_repeated {
            return Err(format!("invalid nested repetition operator: `{operator}`"));
        }
        self.out.push_str(operator);
        if self.take("?") {
            self.out.push('?');
        }
        self.repeated = true;
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,5}`, whose opening was read; anything else is text.
    fn count(&mut self) -> Option<String> {
        let (inside, rest) = self.rest.split_once('}')?;
        let number = |text: &str| {
            let plain = text.len() <= 8 && text.chars().all(|c| c.is_ascii_digit());
            plain && !text.is_empty() && (text == "0" || !text.starts_with('0'))
        };
        let fits = match inside.split_once(',') {
            Some((low, high)) => number(low) && (high.is_empty() || number(high)),
            None => number(inside),
        };
        if !fits {
            return None;
        }
        self.rest = rest;
        Some(format!("{{{inside}}}"))
    }

    fn group(&mut self) -> Result<(), String> {
        let named = self.rest.starts_with("?P<") || self.rest.starts_with("?<");
        if !self.rest.starts_with('?') || named {
            self.out.push('(');
            if named {
                let (name, rest) = self.rest.split_once('>').ok_or("invalid named capture")?;
                self.out.push_str(name);
                self.out.push('>');
                self.rest = rest;
            }
            return Ok(());
        }
        let end = self.rest.find([':', ')']).ok_or("missing argument to (?")?;
        let flags = &self.rest[1..end];
        if !flags.chars().all(|c| "imsU-".contains(c)) {
            return Err(format!("invalid or unsupported Perl syntax: `(?{flags}`"));
        }
        self.out.push('(');
        self.out.push_str(&self.rest[..=end]);
        self.rest = &self.rest[end + 1..];
        Ok(())
    }

    /// What follows a backslash, outside of a class or in one.
    fn escape(&mut self) -> Result<(), String> {
        let before = self.rest;
        let Some(c) = self.next() else {
            return Err("trailing backslash at end of expression".to_owned());
        };
        match c {
            'p' | 'P' => {
                let name = match self.take("{") {
                    true => {
                        let (name, rest) = self.rest.split_once('}').ok_or("invalid class")?;
                        self.rest = rest;
                        name.to_owned()
                    }
                    false => self.next().ok_or("invalid class")?.to_string(),
                };
                let sign = if c == 'p' { "\\p{" } else { "\\P{" };
                self.out.extend([sign, &name, "}"]);
            }
            'x' => {
                let digits = match self.take("{") {
                    true => self.rest.split_once('}'),
                    false => self.rest.split_at_checked(2),
                };
                let (digits, rest) = digits.ok_or("invalid escape sequence")?;
                self.rest = rest;
                self.code(digits);
            }
            '0'..='7' => {
                // A single digit but 0 would refer back to a group.
                let more = self.rest.chars().take(2).take_while(|c| c.is_digit(8)).count();
                if c != '0' && more == 0 {
                    return Err(format!("invalid escape sequence: `\\{c}`"));
                }
                let digits = &before[..=more];
                self.rest = &before[digits.len()..];
                let code = u32::from_str_radix(digits, 8).unwrap_or_default();
                self.code(&format!("{code:x}"));
            }
            'A' | 'b' | 'B' | 'z' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'a' | 'f' | 'n' | 'r'
            | 't' | 'v' => self.out.extend(['\\', c]),
            _ if c.is_ascii_punctuation() || c.is_ascii_control() || c == ' ' => self.literal(c),
            _ => return Err(format!("invalid escape sequence: `\\{c}`")),
        }
        Ok(())
    }

    /// A class, whose opening was read. Only RE2's signs in it are signs.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.take("^") {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            if !first && self.take("]") {
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if self.rest.starts_with("[:")
                && let Some((name, rest)) = self.rest.split_once(":]")
            {
                if !CLASSES.contains(&name.trim_start_matches("[:").trim_start_matches('^')) {
                    return Err(format!("invalid character class range: `{name}:]`"));
                }
                self.out.push_str(name);
                self.out.push_str(":]");
                self.rest = rest;
                continue;
            }
            self.class_char()?;
            let is_range = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            if is_range && self.rest.len() > 1 {
                self.next();
                self.out.push('-');
                self.class_char()?;
            }
        }
    }

    fn class_char(&mut self) -> Result<(), String> {
        match self.next().ok_or("missing closing ]")? {
            '\\' => self.escape(),
            c => {
                self.code(&format!("{:x}", u32::from(c)));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn re2_is_read_as_go_reads_it() {
        for pattern in [
            "",
            "/a/{id}",
            "a{,3}",
            r"\Qa(b\E+",
            r"[[a]",
            "[a&&b]",
            r"\<",
            r"\101",
            "(?i)a",
            "[^]a]",
            "(?P<n>a)",
            "(?<n>a)",
            r"\pL\p{Greek}",
            "a{2,5}?",
            "[[:alpha:]-]",
            r"[\d-]",
            "é",
            "x{1000}",
            r"^\w{1,256}$",
            "(?:a{100}){10}",
            &format!("{}a{}", "(".repeat(500), ")".repeat(500)),
        ] {
            assert_eq!(judge(pattern), Ok(()), "{pattern}");
        }
        for pattern in [
            "(",
            "*",
            "a**",
            "a{1001}",
            "(?=a)",
            "(?x)a",
            r"\1",
            r"\u00e9",
            "[a",
            "[b-a]",
            r"\",
            ")",
            "(?P<n",
            "[[:no:]]",
            "a{2}{3}",
            "|*",
            "x{5,2}",
            r"([a-z0-9]{1,63}\.){1,20}com",
            "(?:a{100}){11}",
            "a{99999999}",
            "^{1001}",
            "(?:a{1001}){0}",
        ] {
            assert!(judge(pattern).is_err(), "{pattern}");
        }
    }
}
