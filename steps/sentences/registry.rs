//! The sentences that features can use, read back from where cucumber has them registered: one
//! registry, from which the list, the page in `docs/` and the hint at an unknown sentence derive.

use cucumber::codegen::StepConstructor as _;
use cucumber::codegen::{WorldInventory, inventory};

use super::words::WORDS;
use crate::world::World;

/// A sentence: its keyword and its text, with parameters as `{name}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sentence {
    /// `Given`, `When`, `Then`.
    pub keyword: &'static str,
    /// The text.
    pub text: String,
}

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
}
