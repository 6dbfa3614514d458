//! Which module a file is. A module is written with its crate in front: `faultless::load::schedule`
//! is `src/load/schedule.rs`.

/// The folders of crates outside of `crates/`, each with the name that paths know it by.
const ROOTS: &[(&str, &str)] =
    &[("src/", "faultless"), ("steps/", "steps"), ("reports/src/", "reports"), ("tests/it/", "it")];

/// The crates that others can name.
pub(super) const LIBRARIES: &[&str] =
    &["faultless", "reports", "istio", "exposition", "gherkin_parser", "localmesh", "manifests"];

/// The module that a file is, by its path.
pub(super) fn module_of(path: &str) -> Vec<String> {
    let root = ROOTS.iter().find_map(|(folder, name)| Some((*name, path.strip_prefix(folder)?)));
    let (name, rest) = root
        .or_else(|| path.strip_prefix("crates/")?.split_once("/src/"))
        // Whatever is outside of a crate, e.g. a benchmark, shares its folder's name.
        .or_else(|| path.split_once('/'))
        .unwrap_or(("", path));
    let parts = rest.strip_suffix(".rs").unwrap_or(rest).split('/');
    let parts = parts.filter(|part| !matches!(*part, "lib" | "main"));
    [name].into_iter().chain(parts).map(str::to_owned).collect()
}

#[test]
fn every_crate_has_its_folder() {
    let module = |path: &str| module_of(path).join("::");
    assert_eq!(module("src/lib.rs"), "faultless");
    assert_eq!(module("src/load/plan.rs"), "faultless::load::plan");
    assert_eq!(module("steps/main.rs"), "steps");
    assert_eq!(module("reports/src/run.rs"), "reports::run");
    assert_eq!(module("crates/istio/src/lib.rs"), "istio");
    assert_eq!(module("crates/istio/src/schema/walk.rs"), "istio::schema::walk");
    assert_eq!(module("tests/it/tidy.rs"), "it::tidy");
    assert_eq!(module("benches/load.rs"), "benches::load");
}
