//! The grammar, from the top down: each rule of `gherkin.berp` is a function that reads its lines.
//! As there, a line that fits nowhere is told and passed over, so that a file's mistakes are all
//! told at once.

use crate::ast::{
    Background, Described, Description, DocString, Document, Examples, Feature, Place, Row, Rule,
    Scenario, Step, Tag,
};
use crate::dialect::{Dialect, heading};
use crate::line::{Line, lines};
use crate::problem::{ParseError, Problem, Token};

/// The language of files that name none.
const ENGLISH: &str = "en";

/// After so many mistakes the official parser reads no further.
const ERRORS_MAX: usize = 11;

/// What opens and closes a doc string, and what stands for it inside.
const DELIMITERS: [(&str, &str); 2] = [("\"\"\"", "\\\"\\\"\\\""), ("```", "\\`\\`\\`")];

/// What may follow where, in the order in which lines are compared with it.
const IN_HEADER: [Token; 4] = [Token::Background, Token::Tags, Token::Scenario, Token::Rule];
const IN_BACKGROUND: [Token; 3] = [Token::Tags, Token::Scenario, Token::Rule];
const IN_SCENARIO: [Token; 4] = [Token::Tags, Token::Examples, Token::Scenario, Token::Rule];

/// Reads a feature file's text; or all that is wrong with it, by place, eleven things at most.
pub fn parse(text: &str) -> Result<Document, Vec<ParseError>> {
    let dialect = Dialect::of(ENGLISH).ok_or_else(|| {
        let problem = Problem::UnknownLanguage(ENGLISH.to_owned());
        vec![ParseError { place: Place::default(), problem }]
    })?;
    let language = ENGLISH.to_owned();
    let mut parser = Parser { lines: lines(text), at: 0, dialect, language, errors: Vec::new() };
    let document = parser.document();
    if parser.errors.is_empty() {
        return Ok(document);
    }
    parser.errors.sort_by_key(|error| error.place);
    Err(parser.errors)
}

struct Parser<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
    dialect: &'static Dialect,
    language: String,
    errors: Vec<ParseError>,
}

// === impl Parser ===

impl<'a> Parser<'a> {
    fn document(&mut self) -> Document {
        let mut expected = vec![Token::EndOfFile, Token::Language, Token::Tags, Token::Feature];
        loop {
            match self.peek_ignoring(&expected) {
                Token::Language => {
                    self.at += 1;
                    expected = vec![Token::Tags, Token::Feature];
                }
                Token::Tags => {
                    let tags = self.tags(Token::Feature);
                    return Document { feature: self.feature(tags) };
                }
                Token::Feature => return Document { feature: self.feature(Vec::new()) },
                _ => return Document::default(),
            }
        }
    }

    fn feature(&mut self, tags: Vec<Tag>) -> Option<Feature> {
        let head = self.head(Token::Feature, tags, &IN_HEADER)?.0;
        let (background, scenarios) = self.container();
        let mut rules = Vec::new();
        loop {
            let tags = match self.peek_ignoring(&[Token::EndOfFile, Token::Tags, Token::Rule]) {
                Token::Tags => self.tags(Token::Rule),
                Token::Rule => Vec::new(),
                _ => break,
            };
            let Some((head, _)) = self.head(Token::Rule, tags, &IN_HEADER) else { break };
            let (background, scenarios) = self.container();
            rules.push(Rule { head, background, scenarios });
        }
        let language = self.language.clone();
        Some(Feature { head, language, background, scenarios, rules })
    }

    /// What stands in a feature and in a rule.
    fn container(&mut self) -> (Option<Background>, Vec<Scenario>) {
        let mut scenarios = Vec::new();
        let mut background = None;
        if self.peek_ignoring(&with(Token::EndOfFile, &IN_HEADER)) == Token::Background {
            let after = with(Token::Step, &IN_BACKGROUND);
            if let Some((head, _)) = self.head(Token::Background, Vec::new(), &after) {
                background = Some(Background { head, steps: self.steps(&IN_BACKGROUND) });
            }
        }
        loop {
            let tags = match self.peek_ignoring(&with(Token::EndOfFile, &IN_BACKGROUND)) {
                Token::Scenario => Vec::new(),
                Token::Tags if self.tagged() == Token::Scenario => self.tags(Token::Scenario),
                _ => return (background, scenarios),
            };
            scenarios.extend(self.scenario(tags));
        }
    }

    fn scenario(&mut self, tags: Vec<Tag>) -> Option<Scenario> {
        let after = with(Token::Step, &IN_SCENARIO);
        let (head, outline) = self.head(Token::Scenario, tags, &after)?;
        let steps = self.steps(&IN_SCENARIO);
        let mut examples = Vec::new();
        loop {
            let tags = match self.peek_ignoring(&with(Token::EndOfFile, &IN_SCENARIO)) {
                Token::Examples => Vec::new(),
                Token::Tags if self.tagged() == Token::Examples => self.tags(Token::Examples),
                _ => return Some(Scenario { head, outline, steps, examples }),
            };
            examples.extend(self.examples(tags));
        }
    }

    fn examples(&mut self, tags: Vec<Tag>) -> Option<Examples> {
        let expected = with(Token::Row, &IN_SCENARIO);
        let head = self.head(Token::Examples, tags, &expected)?.0;
        let mut rows = Vec::new();
        let expected = with(Token::EndOfFile, &expected);
        while self.peek_ignoring(&expected) == Token::Row {
            rows.extend(self.row());
        }
        self.even(&rows);
        let mut rows = rows.into_iter();
        Some(Examples { head, header: rows.next(), rows: rows.collect() })
    }

    fn steps(&mut self, after: &[Token]) -> Vec<Step> {
        let expected = with(Token::EndOfFile, &with(Token::Step, after));
        let mut steps = Vec::new();
        while self.peek_ignoring(&expected) == Token::Step {
            steps.extend(self.step(&expected));
        }
        steps
    }

    /// A step, with a data table and a doc string in either order.
    fn step(&mut self, after: &[Token]) -> Option<Step> {
        let line = *self.lines.get(self.at)?;
        let (keyword, kind) = self.dialect.step(line.trimmed)?;
        let text = line.trimmed[keyword.len()..].trim().to_owned();
        self.at += 1;
        let (mut doc_string, mut table) = (None, Vec::new());
        let mut table_open = true;
        loop {
            let mut expected = Vec::new();
            expected.extend(table_open.then_some(Token::Row));
            expected.extend(doc_string.is_none().then_some(Token::DocString));
            expected.extend(after);
            match self.peek_ignoring(&expected) {
                Token::Row => table.extend(self.row()),
                Token::DocString => {
                    doc_string = self.doc_string();
                    table_open = table.is_empty();
                }
                _ => break,
            }
        }
        self.even(&table);
        let (place, keyword) = (line.place(), keyword.to_owned());
        Some(Step { place, keyword, kind, text, doc_string, table })
    }

    fn doc_string(&mut self) -> Option<DocString> {
        let opening = *self.lines.get(self.at)?;
        let opens = |(delimiter, _): &&(&str, &str)| opening.trimmed.starts_with(delimiter);
        let (delimiter, escaped) = DELIMITERS.iter().find(opens)?;
        let media_type = opening.trimmed[delimiter.len()..].trim();
        let media_type = (!media_type.is_empty()).then(|| media_type.to_owned());
        let indent = opening.indent();
        let mut content = Vec::new();
        loop {
            self.at += 1;
            let Some(line) = self.lines.get(self.at) else {
                self.ends_early(&[Token::DocString, Token::Other]);
                break;
            };
            if line.trimmed.starts_with(delimiter) {
                self.at += 1;
                break;
            }
            content.push(line.without_indent(indent).replace(escaped, delimiter));
        }
        Some(DocString { place: opening.place(), media_type, content: content.join("\n") })
    }

    fn row(&mut self) -> Option<Row> {
        let line = self.lines.get(self.at)?;
        self.at += 1;
        Some(Row { place: line.place(), cells: line.cells() })
    }

    /// Tells the first row that is not as wide as the first.
    fn even(&mut self, rows: &[Row]) {
        let Some(first) = rows.first().map(|row| row.cells.len()) else { return };
        if let Some(row) = rows.iter().find(|row| row.cells.len() != first) {
            self.refuse(row.place, Problem::Ragged { cells: row.cells.len(), first });
        }
    }

    /// The heading that is the current line, if it is this one, with the prose below it; and
    /// whether its keyword is one of an outline.
    fn head(&mut self, token: Token, tags: Vec<Tag>, after: &[Token]) -> Option<(Described, bool)> {
        let line = *self.lines.get(self.at)?;
        let (keyword, name, outline) = self.heading(token, line.trimmed)?;
        let (keyword, name) = (keyword.to_owned(), name.to_owned());
        self.at += 1;
        let description = self.description(after);
        Some((Described { place: line.place(), tags, keyword, name, description }, outline))
    }

    fn heading<'l>(&self, token: Token, line: &'l str) -> Option<(&'l str, &'l str, bool)>
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

    /// Prose up to a line that is something. Blank lines before it and after it are none of it, and
    /// comments between its lines are not either.
    fn description(&mut self, after: &[Token]) -> Description {
        let mut expected = with(Token::EndOfFile, &with(Token::Comment, after));
        expected.push(Token::Other);
        while self.lines.get(self.at).is_some_and(|line| line.trimmed.is_empty()) {
            self.at += 1;
        }
        let mut lines = Vec::new();
        loop {
            match self.peek(&expected) {
                Token::Comment => {}
                Token::Other => {
                    let line = self.lines[self.at];
                    lines.push((line.number, line.text.to_owned()));
                }
                _ => break,
            }
            self.at += 1;
        }
        while lines.last().is_some_and(|(_, line)| line.is_empty()) {
            lines.pop();
        }
        Description { lines }
    }

    /// The tags from the current line on to what they belong to.
    fn tags(&mut self, to: Token) -> Vec<Tag> {
        let mut tags = Vec::new();
        while self.peek_ignoring(&[Token::Tags, to]) == Token::Tags {
            tags.extend(self.lines[self.at].tags().unwrap_or_default());
            self.at += 1;
        }
        tags
    }

    /// What the tags on the current line belong to: what comes next that is neither blank, nor a
    /// comment, nor more tags.
    fn tagged(&self) -> Token {
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
    fn peek_ignoring(&mut self, expected: &[Token]) -> Token {
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
    fn peek(&mut self, expected: &[Token]) -> Token {
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

    fn ends_early(&mut self, expected: &[Token]) {
        let place = Place { line: self.lines.len() + 1, column: 1 };
        self.refuse(place, Problem::EndOfFile { expected: expected.to_vec() });
    }

    fn refuse(&mut self, place: Place, problem: Problem) {
        let error = ParseError { place, problem };
        if self.errors.len() < ERRORS_MAX && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}

fn with(first: Token, others: &[Token]) -> Vec<Token> {
    [&[first], others].concat()
}
