//! The grammar, from the top down: each rule of `gherkin.berp` is a function that reads its lines.
//! As there, a line that fits nowhere is told and passed over, so that a file's mistakes are all
//! told at once.

use crate::ast::{
    Background, Described, Description, Document, Examples, Feature, Rule, Scenario, Tag,
};
use crate::cells::cells;
use crate::dialect::Dialect;
use crate::line::lines;
use crate::lookahead::{DELIMITERS, Parser};
use crate::place::Place;
use crate::problem::{ParseError, Problem, Refused};
use crate::step::{DocString, Row, Step};
use crate::token::Token;

/// The language of files that name none.
const ENGLISH: &str = "en";

/// What may follow where, in the order in which lines are compared with it.
const IN_HEADER: [Token; 4] = [Token::Background, Token::Tags, Token::Scenario, Token::Rule];
const IN_BACKGROUND: [Token; 3] = [Token::Tags, Token::Scenario, Token::Rule];
const IN_SCENARIO: [Token; 4] = [Token::Tags, Token::Examples, Token::Scenario, Token::Rule];

/// Reads a feature file's text; or all that is wrong with it, by place, eleven things at most.
pub fn parse(text: &str) -> Result<Document, Refused> {
    let language = ENGLISH.to_owned();
    let Some(dialect) = Dialect::of(ENGLISH) else {
        let problem = Problem::UnknownLanguage(language.clone());
        let errors = vec![ParseError { place: Place::default(), problem }];
        return Err(Refused { errors, language });
    };
    let mut parser = Parser { lines: lines(text), at: 0, dialect, language, errors: Vec::new() };
    let document = parser.document();
    if parser.errors.is_empty() {
        return Ok(document);
    }
    parser.errors.sort_by_key(|error| error.place);
    Err(Refused { errors: parser.errors, language: parser.language })
}

// === impl Parser ===

impl Parser<'_> {
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
        Some(Row { place: line.place(), cells: cells(line.trimmed) })
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
}

fn with(first: Token, others: &[Token]) -> Vec<Token> {
    [&[first], others].concat()
}
