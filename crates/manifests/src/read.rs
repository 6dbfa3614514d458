//! The documents of a YAML text, what is doubtful in them, and why a text is refused.

use serde::de::DeserializeSeed as _;
use serde_json::Value;

use crate::node::Node;
use crate::problem::{Mark, Note, Problem, TOO_MUCH};
use crate::state::State;
use crate::tabs::tab_near;

/// More brackets open at once are not handed to the library, which takes the square of the depth
/// before it refuses. Texts in quotes may have some that nobody closes.
const OPEN_MAX: usize = 2_000;

const TOO_DEEP: &str = "it is nested deeper than 128 levels, or an anchor is within itself";

/// What a text holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// Its documents, without those in which nothing is.
    pub documents: Vec<Value>,
    /// What is not read as it looks.
    pub notes: Vec<Note>,
}

/// Reads YAML as `kubectl` does, which is YAML 1.1 as `sigs.k8s.io/yaml` has it from go-yaml v2:
/// `yes` is a boolean and `0777` is octal, each with a note, because elsewhere they are not. Merge
/// keys are resolved: what a mapping says itself counts, wherever `<<` stands, as YAML's merge type
/// has it (go-yaml v2 lets a later `<<` win). A key that is there twice is refused, and so are
/// anchors that unfold to more than a text of this size could say without them.
pub fn read(text: &str) -> Result<Read, Problem> {
    // What Windows' editors begin with is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if opened(text) > OPEN_MAX {
        return Err(Problem { at: None, what: TOO_DEEP.to_owned() });
    }
    let mut state = State::new(text);
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Node(&mut state).deserialize(document);
        match value.map_err(|error| problem(text, &mut state, &error))? {
            Value::Null => {}
            value => documents.push(value),
        }
    }
    Ok(Read { documents, notes: state.into_notes() })
}

/// The most brackets that are open at once, as far as one can see who knows no quotes.
fn opened(text: &str) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// What the library refused, in our words where ours say more.
fn problem(text: &str, state: &mut State<'_>, error: &serde_yaml::Error) -> Problem {
    let at = error.location().map(|at| Mark { line: at.line(), column: at.column() });
    let said = error.to_string();
    if let Some(own) = state.refusal.take() {
        // The library says before it in which field it was; the document itself it calls a dot.
        let path = said.split_once(&own).map_or("", |(before, _)| before);
        let path = if own == TOO_MUCH { "" } else { path };
        return Problem { at, what: format!("{path}{own}") };
    }
    if let Some(tab) = at.and_then(|at| tab_near(text, at)) {
        let what = "a tab stands where YAML is indented, which only spaces may do".to_owned();
        return Problem { at: Some(tab), what };
    }
    if said.starts_with("repetition limit") {
        return Problem { at, what: TOO_MUCH.to_owned() };
    }
    if said.starts_with("recursion limit") {
        return Problem { at, what: TOO_DEEP.to_owned() };
    }
    // `did not find expected key at line 3 column 2, while parsing a block mapping at line 1 …`
    let what = said.split(" at line ").next().unwrap_or_default().to_owned();
    let within = said.split_once(", while ").map(|(_, rest)| {
        let doing = rest.split(" at line ").next().unwrap_or_default();
        format!(", while {doing}")
    });
    Problem { at, what: what + &within.unwrap_or_default() }
}

#[cfg(test)]
mod tests;
