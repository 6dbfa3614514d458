//! The sentences for editors: as JSON with Cucumber expressions, which Cucumber's language service
//! takes as they are, and as glue code for its language server, which reads nothing else.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::registry::{Sentence, sentences};
use super::words::WORDS;

/// All sentences and words: `expressions` with their keyword, `parameterTypes` with what they
/// match.
pub(super) fn json() -> String {
    let expressions = sentences()
        .into_iter()
        .map(|Sentence { keyword, text }| json!({ "keyword": keyword, "expression": text }));
    let types = WORDS.iter().map(|(name, pattern, examples)| {
        json!({ "name": name, "regexp": pattern, "examples": quoted(examples) })
    });
    let all = json!({
        "expressions": expressions.collect::<Vec<_>>(),
        "parameterTypes": types.collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

/// The same as a file of step definitions in JavaScript. Nobody runs it.
pub(super) fn glue() -> String {
    let mut page =
        "// Made by `faultless steps --glue` for editors: the sentences that features can \
                    use.\n\
                    const { Given, When, Then, defineParameterType } = \
                    require('@cucumber/cucumber')\n\n"
            .to_owned();
    for (name, pattern, _) in WORDS {
        let pattern = pattern.replace('/', r"\/");
        let _ = writeln!(page, "defineParameterType({{ name: '{name}', regexp: /{pattern}/ }})");
    }
    page.push('\n');
    for Sentence { keyword, text } in sentences() {
        // A JSON string is one of JavaScript.
        let _ = writeln!(page, "{keyword}({}, () => {{}})", Value::from(text));
    }
    page
}

/// What stands between backticks.
fn quoted(examples: &str) -> Vec<&str> {
    examples.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_an_expression_is_a_parameter_type() {
        let all: Value = serde_json::from_str(&json()).unwrap();
        let types = all["parameterTypes"].as_array().unwrap();
        let known: Vec<_> = types.iter().map(|one| one["name"].as_str().unwrap()).collect();
        let expressions = all["expressions"].as_array().unwrap();
        assert!(expressions.len() > 15);
        for expression in expressions {
            assert!(["Given", "When", "Then"].contains(&expression["keyword"].as_str().unwrap()));
            let text = expression["expression"].as_str().unwrap();
            for word in text.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                assert!(known.contains(&word) || word == "string", "{word} in {text}");
            }
        }
        assert!(types.iter().all(|one| !one["regexp"].as_str().unwrap().contains("(?P")));
    }

    #[test]
    fn glue_has_a_line_for_each_sentence_and_word() {
        let glue = glue();
        let lines = |start: &str| glue.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(lines("defineParameterType"), WORDS.len());
        assert_eq!(lines("Given(") + lines("When(") + lines("Then("), sentences().len());
        let delay = r#"When("every request to {service} is delayed by {span}", () => {})"#;
        assert!(glue.contains(delay), "{glue}");
        assert!(glue.contains(r#"{ name: 'service', regexp: /"[^"]*"/ }"#));
    }
}
