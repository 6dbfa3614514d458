//! The hint at an unknown sentence.

use super::registry::{Sentence, sentences};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_sentence_finds_its_neighbour() {
        let near = nearest("every request to \"hotels\" is delayd by 5s").unwrap();
        assert_eq!(near.text, "every request to {service} is delayed by {span}");
        assert_eq!(nearest("xyzzy"), None);
    }
}
