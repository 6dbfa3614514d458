//! The nearest of some words: for whoever has mistyped one. Pure.

/// The known word nearest to one that is not known, if any is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Above this, by the kinder of two measures (one likes common beginnings, one knows swapped
    // letters), are typing errors; below it, other words.
    const NEAR: f64 = 0.65;
    let likeness = |name: &str| {
        let swaps = strsim::normalized_damerau_levenshtein(word, name);
        strsim::jaro_winkler(word, name).max(swaps)
    };
    known
        .into_iter()
        .map(|name| (likeness(name), name))
        .filter(|(likeness, _)| *likeness > NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
