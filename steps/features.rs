//! Feature files: found, parsed, expanded, picked; and tried for sense without a mesh.

mod mistakes;

use std::path::{Path, PathBuf};

use cucumber::feature::Ext as _;
use cucumber::gherkin::{self, GherkinEnv};
use faultless::application::Application;
use faultless::error::{Error, Result};

use self::mistakes::Mistake;
use crate::cli::FeatureArgs;

/// A folder with more feature files than this was not meant.
const FILES_MAX: usize = 1_000;

/// A feature file is text that people write.
const FILE_MAX: u64 = 1024 * 1024;

/// The features of a run, ready to run, with the application they are about.
pub(crate) struct Suite {
    pub features: Vec<gherkin::Feature>,
    pub application: Application,
}

// === impl Suite ===

impl Suite {
    /// Reads everything that the arguments name.
    pub(crate) fn read(args: &FeatureArgs) -> Result<Self> {
        let mut features = Vec::new();
        let mut application = args.application.clone();
        let mut files = 0;
        for path in &args.paths {
            let (path, line) = with_line(path);
            for file in feature_files(&path)? {
                files += 1;
                if application.is_none() {
                    application = beside(&file);
                }
                let feature = parse(&file)?;
                features.extend(picked(feature, line, args.tags.as_deref())?);
            }
        }
        let paths: Vec<_> = args.paths.iter().map(|p| p.display().to_string()).collect();
        let paths = paths.join(", ");
        if files == 0 {
            return Err(Error::feature("looking for features", format!("none in {paths}"))
                .hint("name a .feature file or a folder that has some"));
        }
        if features.is_empty() {
            return Err(Error::feature("picking scenarios", "none fits the tags or the line"));
        }
        let application = application.ok_or_else(|| {
            Error::feature(
                "looking for the application's description",
                format!("none near {paths}"),
            )
            .hint("put application.yaml beside the features, or name it with --application")
        })?;
        Ok(Self { features, application: Application::read(&application)? })
    }

    /// How many scenarios there are.
    pub(crate) fn scenarios(&self) -> u32 {
        let count: usize = self.features.iter().map(cucumber::feature::Ext::count_scenarios).sum();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// `FILE:LINE` taken apart, where the whole is not a file itself.
fn with_line(path: &Path) -> (PathBuf, Option<usize>) {
    if !path.exists()
        && let Some((file, line)) = path.to_string_lossy().rsplit_once(':')
        && let Ok(line) = line.parse()
    {
        return (PathBuf::from(file), Some(line));
    }
    (path.to_owned(), None)
}

fn feature_files(path: &Path) -> Result<Vec<PathBuf>> {
    let doing = || format!("looking for features in {}", path.display());
    let unreadable = |cause: std::io::Error| Error::feature(doing(), cause);
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut folders, mut files) = (vec![path.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "feature") {
                files.push(path);
            }
            if files.len() + folders.len() > FILES_MAX {
                return Err(Error::feature(doing(), format!("more than {FILES_MAX} entries")));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// `application.yaml` in the file's folder, or in the nearest one above it.
fn beside(file: &Path) -> Option<PathBuf> {
    let folders = file.ancestors().skip(1);
    folders.map(|folder| folder.join("application.yaml")).find(|path| path.is_file())
}

fn parse(file: &Path) -> Result<gherkin::Feature> {
    let doing = format!("parsing {}", file.display());
    let size = std::fs::metadata(file).map_err(|cause| Error::feature(doing.clone(), cause))?.len();
    if size > FILE_MAX {
        return Err(Error::feature(doing, format!("it has {size} bytes, more than {FILE_MAX}")));
    }
    let text = std::fs::read_to_string(file).map_err(|cause| {
        let hint = "a feature file is UTF-8 text that you may read";
        Error::feature(doing.clone(), cause).hint(hint)
    })?;
    let refused = |Mistake { line, column, cause }: Mistake| {
        Error::feature(format!("parsing {}:{line}:{column}", file.display()), cause)
    };
    if let Some(mistake) = mistakes::misspelt(&text) {
        return Err(refused(mistake));
    }
    let feature = gherkin::Feature::parse(&text, GherkinEnv::default()).map_err(|cause| {
        // "Error at LINE:COLUMN: {what was expected}"; the parts have no accessors.
        let cause = cause.to_string();
        let place = cause.trim_start_matches("Error at ").split([':', ' ']).next();
        let line = place.and_then(|line| line.parse().ok()).unwrap_or(1);
        refused(mistakes::unparsed(&text, line, &cause))
    })?;
    if feature.count_scenarios() == 0 {
        let cause = "the feature has no scenario".to_owned();
        return Err(refused(Mistake { line: feature.position.line, column: 1, cause }));
    }
    let feature = gherkin::Feature { path: Some(file.to_owned()), ..feature };
    feature.expand_examples().map_err(|cause| {
        let place = format!("{}:{}:{}", file.display(), cause.pos.line, cause.pos.col);
        let cause = format!("no column of the examples is called <{}>", cause.name);
        Error::feature(format!("parsing {place}"), cause)
    })
}

/// The feature with those of its scenarios that fit; nothing if none does.
fn picked(
    mut feature: gherkin::Feature,
    line: Option<usize>,
    tags: Option<&str>,
) -> Result<Option<gherkin::Feature>> {
    use cucumber::tag::Ext as _;
    let tags = tags
        .map(|text| {
            text.parse::<gherkin::tagexpr::TagOperation>().map_err(|cause| {
                Error::feature(format!("reading the tag expression `{text}`"), cause)
            })
        })
        .transpose()?;
    let starts: Vec<_> = (feature.scenarios.iter())
        .chain(feature.rules.iter().flat_map(|rule| &rule.scenarios))
        .map(|scenario| scenario.position.line)
        .collect();
    // A line picks the scenario in which it lies: the last one that starts at or before it.
    let start = line.and_then(|line| starts.iter().copied().filter(|start| *start <= line).max());
    let outer = feature.tags.clone();
    let fits = |scenario: &gherkin::Scenario, more: &[String]| {
        let all: Vec<_> = outer.iter().chain(more).chain(&scenario.tags).cloned().collect();
        (line.is_none() || Some(scenario.position.line) == start)
            && tags.as_ref().is_none_or(|tags| tags.eval(&all))
    };
    feature.scenarios.retain(|scenario| fits(scenario, &[]));
    for rule in &mut feature.rules {
        let more = rule.tags.clone();
        rule.scenarios.retain(|scenario| fits(scenario, &more));
    }
    feature.rules.retain(|rule| !rule.scenarios.is_empty());
    let some = !feature.scenarios.is_empty() || !feature.rules.is_empty();
    Ok(some.then_some(feature))
}
