//! The sentences that features can use, read back from where cucumber has them registered: one
//! registry, from which the list, the page in `docs/` and the hint at an unknown sentence derive.

use std::fmt::Write as _;

use cucumber::Parameter as _;
use cucumber::codegen::{StepConstructor as _, WorldInventory, inventory};
use faultless::error::{ExitCode, Result};

use crate::cli::StepsArgs;
use crate::parameters::{
    Amount, Count, Header, Is, Load, Looks, Percent, Portals, Service, Span, Split, Status,
    Version, Workloads,
};
use crate::shows;
use crate::world::World;

/// A sentence: its keyword and its text, with parameters as `{name}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sentence {
    /// `Given`, `When`, `Then`.
    pub keyword: &'static str,
    /// The text.
    pub text: String,
}

/// The words in braces: name, pattern, and an example.
pub(crate) const WORDS: &[(&str, &str, &str)] = &[
    (Service::NAME, Service::REGEX, "`\"hotels\"` or `\"travels.travel-agency\"`"),
    (Span::NAME, Span::REGEX, "`250ms`, `5s`, `1.5s`, `2m` (1 ms to 1 h)"),
    (Percent::NAME, Percent::REGEX, "`50%`, `99.9%`"),
    (Header::NAME, Header::REGEX, "`header portal \"voyages.fr\"`"),
    (Split::NAME, Split::REGEX, "`80% to \"v1\", 10% to \"v2\" and 10% to \"v3\"` (100% in all)"),
    (
        Portals::NAME,
        Portals::REGEX,
        "`every client`, `client \"voyages.fr\"`, `every portal`, `portal \"voyages.fr\"`",
    ),
    (
        Load::NAME,
        Load::REGEX,
        "`requests` (evenly, as many as the claims need and the mesh carries without strain), \
             `requests to \"/travels\"`, `80 requests per second` (at most so many), `80 requests \
             per second to \"/travels\" and \"/travels/Rome\"`, `80 requests per second at random \
             times`, `80 requests per second growing over 5s`, `80 requests per second for 10s`, \
             `80 requests per second at random times growing over 2s for 10s without its headers`, \
             `requests with header user \"new\"`, `50 requests at once` (each when one before it \
             is answered; no claims about a portal's latency)",
    ),
    (
        Looks::NAME,
        Looks::REGEX,
        "`every client`, `the clients together`, `client \"voyages.fr\"`, `every portal`, `the \
             portals together`, `portal \"voyages.fr\"`, `the source of \"hotels\"`, `the \
             destination of \"travels\" at version \"v3\"`, `the source of \"travels\" from \
             workload \"loadtester\"`, `the destination of \"travels\" from portal \
             \"viaggi.it\"`",
    ),
    (
        Amount::NAME,
        Amount::REGEX,
        "`every request`, `no request`, `some request`, `at least 99% of requests`, `at most 1% of \
             requests`, `between 75% and 85% of requests`; of a TCP service `every connection`, \
             `between 75% and 85% of connections`, `at most 15% of bytes`",
    ),
    (
        Is::NAME,
        Is::REGEX,
        "`take at least 5s`, `take less than 1s`, `take between 2s and 2.5s`, `fail`, `get no \
             answer`, `be answered 504`, `carry flag DI`, `reach \"v1\"`; of the source of a \
             service also `arrive`, `be tried once`, `be tried 3 times`, `be copied to \"v3\"`",
    ),
    (
        Workloads::NAME,
        Workloads::REGEX,
        "`workload \"loadtester\"`, `workloads \"travels-v2\" and \"travels-v3\"`",
    ),
    (Version::NAME, Version::REGEX, "`\"v1\"`"),
    (Count::NAME, Count::REGEX, "a whole number"),
    (Status::NAME, Status::REGEX, "`503`"),
];

/// All sentences, by keyword and text.
pub(crate) fn sentences() -> Vec<Sentence> {
    let mut all: Vec<_> = inventory::iter::<<World as WorldInventory>::Given>()
        .map(|step| ("Given", step.inner().1()))
        .chain(
            inventory::iter::<<World as WorldInventory>::When>()
                .map(|step| ("When", step.inner().1())),
        )
        .chain(
            inventory::iter::<<World as WorldInventory>::Then>()
                .map(|step| ("Then", step.inner().1())),
        )
        .map(|(keyword, regex)| Sentence { keyword, text: text(regex.as_str()) })
        .collect();
    all.sort_by_key(|sentence| {
        let order = ["Given", "When", "Then"].iter().position(|k| *k == sentence.keyword);
        (order, sentence.text.clone())
    });
    all
}

/// The sentence nearest to one that is unknown.
pub(crate) fn nearest(text: &str) -> Option<Sentence> {
    sentences()
        .into_iter()
        .map(|sentence| (strsim::sorensen_dice(&sentence.text, text), sentence))
        // Below a third of their letter pairs in common, two sentences say different things.
        .filter(|(likeness, _)| *likeness > 0.33)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, sentence)| sentence)
}

/// Prints the vocabulary.
#[expect(clippy::unnecessary_wraps, reason = "every command answers alike")]
pub(crate) fn print(args: &StepsArgs) -> Result<ExitCode> {
    let page = if args.markdown { markdown() } else { plain() };
    shows::line(page.trim_end());
    Ok(ExitCode::Passed)
}

fn plain() -> String {
    let mut page = String::new();
    for Sentence { keyword, text } in sentences() {
        let _ = writeln!(page, "{keyword:5} {text}");
    }
    page += "\nThe words in braces:\n";
    for (name, _, example) in WORDS {
        let _ = writeln!(page, "  {:11} {}", format!("{{{name}}}"), example.replace('`', ""));
    }
    page
}

/// The page in `docs/`.
pub(crate) fn markdown() -> String {
    let mut page =
        "# The sentences\n\nMade by `faultless steps --markdown`; a test keeps it so.\n".to_owned();
    let mut last = "";
    for Sentence { keyword, text } in sentences() {
        if keyword != last {
            let _ = writeln!(page, "\n## {keyword}\n");
            last = keyword;
        }
        let _ = writeln!(page, "- {keyword} {text}");
    }
    page += "\n## The words in braces\n\n| word | examples |\n|---|---|\n";
    for (name, _, example) in WORDS {
        let _ = writeln!(page, "| `{{{name}}}` | {example} |");
    }
    page
}

/// A pattern as the sentence it was made from.
pub(crate) fn text(regex: &str) -> String {
    let mut text = regex.trim_start_matches('^').trim_end_matches('$').to_owned();
    for (name, pattern, _) in WORDS {
        text = text.replace(&format!("({pattern})"), &format!("{{{name}}}"));
    }
    // `connection(s)` becomes `connection(?:s)?`, `{string}` a pair of quoted patterns.
    let optional = regex::Regex::new(r"\(\?:([a-z]+)\)\?").expect("a constant pattern");
    let string = regex::Regex::new(r#"\(\?:"\(\?P<[^>]*>.*?'\)"#).expect("a constant pattern");
    // `is/are` becomes `(?:is|are)`.
    let either = regex::Regex::new(r"\(\?:([a-z]+)\|([a-z]+)\)").expect("a constant pattern");
    let text = optional.replace_all(&text, "($1)").into_owned();
    let text = either.replace_all(&text, "$1/$2").into_owned();
    string.replace_all(&text, "{string}").replace('\\', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_read_back_without_a_trace_of_its_pattern() {
        let all = sentences();
        assert!(all.len() > 15, "only {} sentences are registered", all.len());
        for Sentence { keyword, text } in &all {
            assert!(!text.contains(['?', '[', '^', '\\', '|']), "{keyword} {text}");
        }
        let delay = "every request to {service} is delayed by {span}".to_owned();
        assert!(all.contains(&Sentence { keyword: "When", text: delay }));
    }

    /// A sentence with its words replaced by their examples: all examples of one word at a time.
    fn examples(text: &str) -> Vec<String> {
        let quoted = |of: &str| -> Vec<String> {
            let (_, _, examples) = WORDS.iter().find(|(name, ..)| *name == of).unwrap();
            examples.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        let text = text.replace("{string}", "\"5xx\"").replace("{count}", "3");
        let mut all = Vec::new();
        for plain in [
            text.replace("(s)", "s").replace("is/are", "are").replace("sees/see", "see"),
            text.replace("(s)", "").replace("is/are", "is").replace("sees/see", "sees"),
        ] {
            let used: Vec<&str> = WORDS
                .iter()
                .map(|(name, ..)| *name)
                .filter(|name| plain.contains(&format!("{{{name}}}")))
                .collect();
            let first = |text: &str, but: &str| {
                used.iter().filter(|name| **name != but).fold(text.to_owned(), |text, name| {
                    text.replace(&format!("{{{name}}}"), &quoted(name)[0])
                })
            };
            all.push(first(&plain, ""));
            for word in &used {
                let rest = first(&plain, word);
                all.extend(
                    quoted(word).iter().map(|one| rest.replace(&format!("{{{word}}}"), one)),
                );
            }
        }
        all
    }

    #[test]
    fn each_example_of_a_sentence_fits_that_sentence_alone() {
        use cucumber::gherkin::{Step, StepType};
        let steps = World::steps();
        let mut tried = 0;
        for Sentence { keyword, text } in sentences() {
            let ty = match keyword {
                "Given" => StepType::Given,
                "When" => StepType::When,
                _ => StepType::Then,
            };
            for example in examples(&text) {
                let step = Step::builder()
                    .ty(ty)
                    .keyword(keyword.to_owned())
                    .value(example.clone())
                    .build();
                let found = steps.find(&step).unwrap_or_else(|error| panic!("{example}: {error}"));
                let (_, _, location, _) =
                    found.unwrap_or_else(|| panic!("{keyword} {example} fits nothing"));
                assert!(location.is_some());
                tried += 1;
            }
        }
        assert!(tried > 200, "only {tried} examples");
    }

    #[test]
    fn the_page_in_docs_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sentences.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        let command = "faultless steps --markdown > docs/sentences.md";
        assert_eq!(page, markdown(), "make it again: {command}");
    }

    #[test]
    fn a_mistyped_sentence_finds_its_neighbour() {
        let near = nearest("every request to \"hotels\" is delayd by 5s").unwrap();
        assert_eq!(near.text, "every request to {service} is delayed by {span}");
        assert_eq!(nearest("xyzzy"), None);
    }
}
