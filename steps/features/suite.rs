//! Everything that the arguments name, read.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use cucumber::gherkin;
use faultless::application::Application;
use faultless::error::{Error, Result};

use super::doubts::Doubt;
use super::parse::Parsed;
use super::{find, parse, pick};
use crate::cli::FeatureArgs;
use crate::location::{Location, location};

/// The features of a run, ready to run, with the application they are about.
pub(crate) struct Suite {
    pub features: Vec<gherkin::Feature>,
    /// What may not be meant, in which file.
    pub doubts: Vec<(PathBuf, Doubt)>,
    pub application: Application,
}

// === impl Suite ===

impl Suite {
    /// Reads everything that the arguments name.
    pub(crate) fn read(args: &FeatureArgs) -> Result<Self> {
        let (mut features, mut doubts) = (Vec::new(), Vec::<(PathBuf, Doubt)>::new());
        let mut application = args.application.clone();
        let mut files = 0;
        for path in &args.paths {
            let (path, lines) = find::with_lines(path);
            for file in find::feature_files(&path)? {
                files += 1;
                if application.is_none() {
                    application = find::application(&file);
                }
                let Parsed { feature, doubts: of_file } = parse::file(&file, &lines)?;
                doubts.extend(of_file.into_iter().map(|doubt| (file.clone(), doubt)));
                features.extend(pick::fitting(feature, args.tags.as_deref())?);
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
        if let Some(shard) = args.shard {
            let count = shard.keep(&mut features);
            if features.is_empty() {
                let cause = format!("part {shard} has none of the {count} scenarios");
                return Err(Error::feature("picking scenarios", cause)
                    .hint("make no more parts than there are scenarios"));
            }
        }
        // Only of what is left, and once, however often a file is named.
        let mut left: HashMap<String, HashSet<usize>> = HashMap::new();
        for (file, line) in features.iter().flat_map(locations) {
            left.entry(file).or_default().insert(line);
        }
        doubts.retain(|(file, doubt)| {
            let left = left.get(&file.display().to_string());
            let runs =
                |lines: &[usize]| lines.iter().any(|line| left.is_some_and(|it| it.contains(line)));
            doubt.of.iter().all(|lines| runs(lines))
        });
        doubts.sort();
        doubts.dedup_by(|(later, again), (file, doubt)| {
            let same = (&again.place, &again.what) == (&doubt.place, &doubt.what);
            later == file && same
        });
        let application = application.ok_or_else(|| {
            Error::feature(
                "looking for the application's description",
                format!("none near {paths}"),
            )
            .hint("put application.yaml beside the features, or name it with --application")
        })?;
        Ok(Self { features, doubts, application: Application::read(&application)? })
    }

    /// How many scenarios there are.
    pub(crate) fn scenarios(&self) -> u32 {
        let count: usize = self.features.iter().map(cucumber::feature::Ext::count_scenarios).sum();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

/// Where a feature's scenarios are.
fn locations(feature: &gherkin::Feature) -> Vec<Location> {
    let of_rules = feature.rules.iter().flat_map(|rule| &rule.scenarios);
    let all = feature.scenarios.iter().chain(of_rules);
    all.map(|scenario| location(feature, scenario)).collect()
}
