//! A series' labels: read in any order, kept in the order of their names. Pure.

/// Labels in the order of their names; a name occurs once. A label that is absent and one that is
/// empty are two things: Istio writes empty and `unknown` values, and leaves out what a Telemetry
/// resource has removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(Vec<(String, String)>);

// === impl Labels ===

impl Labels {
    /// `None` if a name occurs twice.
    #[must_use]
    pub fn new(mut labels: Vec<(String, String)>) -> Option<Self> {
        labels.sort_unstable();
        let twice = labels.windows(2).any(|pair| pair[0].0 == pair[1].0);
        (!twice).then_some(Self(labels))
    }

    /// A label's value, if the series has the label.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&str> {
        self.position(name).map(|index| self.0[index].1.as_str())
    }

    /// A label's value; an absent label is the empty string, as Prometheus has it.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// Name and value of each, in the order of the names.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, String)> {
        self.0.iter()
    }

    /// Takes a label out and returns its value.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.position(name).map(|index| self.0.remove(index).1)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|(label, _)| label.as_str().cmp(name)).ok()
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = &'a (String, String);
    type IntoIter = std::slice::Iter<'a, (String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
