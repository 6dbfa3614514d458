//! YAML as an application and a feature bring it: files with manifests, and the documents in them.

use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use manifests::Origin;
use manifests::{Note, Problem, Read};
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

/// What a YAML text brings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Brought {
    /// Its objects: those of lists by themselves, without what an API server wrote on them.
    pub objects: Vec<Value>,
    /// What is not read as it looks, or was left out; a line each.
    pub notes: Vec<String>,
}

/// The objects of a YAML text, read as `kubectl` does (see `manifests`). `doing` is what an error
/// says was being done, and `origin` where the text stands.
pub fn brought(text: &str, doing: &str, origin: &Origin) -> Result<Brought> {
    let Read { documents, notes } = manifests::read(text).map_err(|Problem { at, what }| {
        let place = at.map(|at| format!("{}: ", origin.place(at)));
        Error::feature(doing, format!("{}{what}", place.unwrap_or_default()))
    })?;
    let (objects, left_out) = manifests::objects(documents);
    let told = notes.iter().map(|Note { at, what }| format!("{}: {what}", origin.place(*at)));
    Ok(Brought { objects, notes: told.chain(left_out).collect() })
}

/// The objects of a YAML file.
pub fn objects(text: &str, file: &Path) -> Result<Vec<Value>> {
    let file = file.display().to_string();
    let doing = format!("reading {file}");
    Ok(brought(text, &doing, &Origin::of_file(&file))?.objects)
}

/// Reads a bounded text file; errors name it.
pub fn read(path: &Path, max: u64) -> Result<String> {
    let doing = || format!("reading {}", path.display());
    let failed = |cause: std::io::Error| Error::feature(doing(), cause);
    // What a file says of its size is not what can be read of it: a device has none.
    let mut file = std::fs::File::open(path).map_err(failed)?.take(max + 1);
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    if file.limit() == 0 {
        return Err(Error::feature(doing(), format!("it has more than {max} bytes")));
    }
    read.map_err(failed)?;
    Ok(text)
}
