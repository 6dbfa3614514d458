//! Where in a file a text stands that was taken out of it: a Gherkin doc string, whose lines lost
//! their indentation.

use crate::problem::Mark;

/// Where in a file a text stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    file: String,
    /// By line of the text from 0: its line in the file from 1, and the characters taken off it.
    lines: Vec<(usize, usize)>,
    /// The line of the file below it; none if the text has more lines than stand there.
    below: Option<usize>,
    /// Whether the text is all of the file.
    whole: bool,
}

// === impl Origin ===

impl Origin {
    /// Of the doc string below a step, the line of which is given (from 1). Nothing if the file is
    /// not as it was when the text was taken out of it.
    #[must_use]
    pub fn of_doc_string(file: &str, content: &str, step: usize, text: &str) -> Option<Self> {
        let mut below = content.lines().enumerate().skip(step);
        let quote = |line: &str| {
            let trimmed = line.trim_start();
            ["\"\"\"", "```"].into_iter().find(|quote| trimmed.starts_with(quote))
        };
        // Comments and empty lines may stand before it.
        let closing = below.find_map(|(_, line)| quote(line))?;
        let inside = below.take_while(|(_, line)| !line.trim_start().starts_with(closing));
        let mut inside = inside.skip_while(|(_, line)| line.trim().is_empty());
        let indent = |line: &str| line.chars().take_while(|c| c.is_whitespace()).count();
        let empty = text.lines().take_while(|line| line.trim().is_empty()).count();
        let mut lines = vec![(0, 0); empty];
        for line in text.lines().skip(empty) {
            let Some((number, whole)) = inside.next() else { break };
            lines.push((number + 1, indent(whole).saturating_sub(indent(line))));
        }
        let all = lines.len() == text.lines().count();
        let below = lines.last().filter(|_| all).map(|(last, _)| last + 1);
        (lines.len() > empty).then(|| Self { file: file.to_owned(), lines, below, whole: false })
    }

    /// Of a text that is a file.
    #[must_use]
    pub fn of_file(file: &str) -> Self {
        Self { file: file.to_owned(), whole: true, ..Self::default() }
    }

    /// The place in the file, as compilers write it: `features/a.feature:12:9`; in the text, if it
    /// is of no file.
    #[must_use]
    pub fn place(&self, at: Mark) -> String {
        if self.whole {
            return format!("{}:{}:{}", self.file, at.line, at.column);
        }
        match at.line.checked_sub(1).and_then(|line| self.lines.get(line)) {
            Some((line @ 1.., taken)) => format!("{}:{line}:{}", self.file, at.column + taken),
            Some(_) => at.to_string(),
            // What is missing at the end of the text: where its end is.
            None => match self.below.filter(|_| at.line == self.lines.len() + 1) {
                Some(below) => format!("{}:{below}:1", self.file),
                None => at.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_doc_string_is_one_in_its_file() {
        let file = "Feature: f\n  Scenario: s\n    When this is applied:\n\n    # so\n      \
                    \"\"\"yaml\n\n      a:\r\n\tb: c\n        d: e\n      \"\"\"\n    Then x\n";
        let of = |text: &str| Origin::of_doc_string("x.feature", file, 3, text).unwrap();
        // Whether the media type's line was taken off with an empty one or not.
        for (text, line) in [("a:\n\tb: c\n  d: e\n", 1), ("\na:\n\tb: c\n  d: e", 2)] {
            let origin = of(text);
            let at = |line, column| origin.place(Mark { line, column });
            assert_eq!(at(line, 1), "x.feature:8:7");
            assert_eq!(at(line + 1, 2), "x.feature:9:2");
            assert_eq!(at(line + 2, 6), "x.feature:10:12");
            assert_eq!(at(line + 3, 1), "x.feature:11:1");
            assert_eq!(at(line + 9, 6), format!("line {}, column 6 of the text", line + 9));
        }
        // A cell that was filled in may have more lines than the file.
        let filled = of("a:\nb: c\nd: e\nf: g\nh: i\n").place(Mark { line: 5, column: 1 });
        assert_eq!(filled, "line 5, column 1 of the text");
        assert_eq!(Origin::of_doc_string("x", file, 12, "a: b"), None);
        assert_eq!(Origin::of_doc_string("x", "", 3, "a: b"), None);
        assert_eq!(Origin::of_file("x.yaml").place(Mark { line: 3, column: 1 }), "x.yaml:3:1");
        let nowhere = Origin::default().place(Mark { line: 3, column: 1 });
        assert_eq!(nowhere, "line 3, column 1 of the text");
    }
}
