//! YAML as an application and a feature bring it: files with manifests, and the documents in them.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// A file and the namespace its objects go to, as `kubectl apply -n` would say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Path, relative to the application's file.
    pub file: PathBuf,
    /// For objects that name none themselves.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// The documents of a YAML file as JSON: merge keys resolved, empty documents skipped, duplicate
/// keys refused.
pub fn documents(text: &str, origin: &str) -> Result<Vec<Value>> {
    let doing = || format!("reading {origin}");
    let mut all = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let mut yaml = serde_yaml::Value::deserialize(document)
            .map_err(|cause| Error::feature(doing(), cause))?;
        yaml.apply_merge().map_err(|cause| Error::feature(doing(), cause))?;
        if !yaml.is_null() {
            all.push(serde_json::to_value(yaml).map_err(|cause| Error::feature(doing(), cause))?);
        }
    }
    Ok(all)
}

/// Reads a bounded text file; errors name it.
pub fn read(path: &Path, max: u64) -> Result<String> {
    let doing = || format!("reading {}", path.display());
    let size = std::fs::metadata(path).map_err(|cause| Error::feature(doing(), cause))?.len();
    if size > max {
        return Err(Error::feature(doing(), format!("it has {size} bytes, more than {max}")));
    }
    std::fs::read_to_string(path).map_err(|cause| Error::feature(doing(), cause))
}
