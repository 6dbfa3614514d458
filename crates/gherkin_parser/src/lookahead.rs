//! The lines that are still to be read: which of the things that may stand here the next one is.

use crate::dialect::{Dialect, heading};
use crate::line::Line;
use crate::place::Place;
use crate::problem::{ParseError, Problem};
use crate::token::Token;

/// After so many mistakes the official parser reads no further.
const ERRORS_MAX: usize = 11;

/// What opens and closes a doc string, and what stands for it inside.
pub(crate) const DELIMITERS: [(&str, &str); 2] = [("\"\"\"", "\\\"\\\"\\\""), ("```", "\\`\\`\\`")];

/// A file under way.
pub(crate) struct Parser<'a> {
    pub(crate) lines: Vec<Line<'a>>,
    pub(crate) at: usize,
    pub(crate) dialect: &'static Dialect,
    pub(crate) language: String,
    pub(crate) errors: Vec<ParseError>,
}

// === impl Parser ===

impl<'a> Parser<'a> {
    /// The keyword of this heading, what follows its colon, and whether it is one of an outline.
    pub(crate) fn heading<'l>(
        &self,
        token: Token,
        line: &'l str,
    ) -> Option<(&'l str, &'l str, bool)>
    where
        'static: 'l,
    {
        let of = |keywords: &'static [String]| heading(keywords, line);
        let dialect = self.dialect;
        let (keyword, name) = match token {
            Token::Feature => of(&dialect.feature),
            Token::Background => of(&dialect.background),
            Token::Rule => of(&dialect.rule),
            Token::Examples => of(&dialect.examples),
            Token::Scenario => {
                if let Some((keyword, name)) = of(&dialect.scenario) {
                    return Some((keyword, name, false));
                }
                let (keyword, name) = of(&dialect.scenario_outline)?;
                return Some((keyword, name, true));
            }
            _ => None,
        }?;
        Some((keyword, name, false))
    }

    /// What the tags on the current line belong to: what comes next that is neither blank, nor a
    /// comment, nor more tags.
    pub(crate) fn tagged(&self) -> Token {
        let passed = |line: &&Line<'_>| {
            let text = line.trimmed;
            text.is_empty()
                || text.starts_with('#')
                || (text.starts_with('@') && line.tags().is_ok())
        };
        let next = self.lines[self.at..].iter().find(|line| !passed(line));
        let is = |token| next.is_some_and(|line| self.heading(token, line.trimmed).is_some());
        [Token::Examples, Token::Scenario]
            .into_iter()
            .find(|token| is(*token))
            .unwrap_or(Token::Rule)
    }

    /// As `peek`, where blank lines and comments may stand as well and mean nothing.
    pub(crate) fn peek_ignoring(&mut self, expected: &[Token]) -> Token {
        let expected = [expected, &[Token::Comment, Token::Empty]].concat();
        loop {
            match self.peek(&expected) {
                Token::Comment | Token::Empty => self.at += 1,
                token => return token,
            }
        }
    }

    /// Which of these the current line is: the first that fits. Lines that are none are told and
    /// passed over; at the end of the file it is that.
    pub(crate) fn peek(&mut self, expected: &[Token]) -> Token {
        while let Some(line) = self.lines.get(self.at).copied() {
            if let Some(token) = expected.iter().copied().find(|token| self.is(*token, line)) {
                return token;
            }
            // A tag with a blank inside was told already.
            if self.errors.last().is_none_or(|error| error.place.line != line.number) {
                let (text, expected) = (line.trimmed.trim_end().to_owned(), expected.to_vec());
                self.refuse(line.place(), Problem::Unexpected { line: text, expected });
            }
            self.at += 1;
        }
        if !expected.contains(&Token::EndOfFile) {
            self.ends_early(expected);
        }
        Token::EndOfFile
    }

    fn is(&mut self, token: Token, line: Line<'a>) -> bool {
        let text = line.trimmed;
        match token {
            Token::EndOfFile => false,
            Token::Empty => text.is_empty(),
            Token::Comment => text.starts_with('#'),
            Token::Row => text.starts_with('|'),
            Token::DocString => DELIMITERS.iter().any(|(delimiter, _)| text.starts_with(delimiter)),
            Token::Step => self.dialect.step(text).is_some(),
            Token::Other => true,
            Token::Tags => match line.tags() {
                _ if !text.starts_with('@') => false,
                Ok(_) => true,
                Err(place) => {
                    self.refuse(place, Problem::BlankInTag);
                    false
                }
            },
            Token::Language => match line.language().map(|code| (code, Dialect::of(code))) {
                None => false,
                Some((code, Some(dialect))) => {
                    self.dialect = dialect;
                    code.clone_into(&mut self.language);
                    true
                }
                Some((code, None)) => {
                    self.refuse(line.place(), Problem::UnknownLanguage(code.to_owned()));
                    false
                }
            },
            _ => self.heading(token, text).is_some(),
        }
    }

    pub(crate) fn ends_early(&mut self, expected: &[Token]) {
        let place = Place { line: self.lines.len() + 1, column: 1 };
        self.refuse(place, Problem::EndOfFile { expected: expected.to_vec() });
    }

    pub(crate) fn refuse(&mut self, place: Place, problem: Problem) {
        let error = ParseError { place, problem };
        if self.errors.len() < ERRORS_MAX && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}
