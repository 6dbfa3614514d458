//! Where feature files lie, and the application's description beside them.

use std::path::{Path, PathBuf};

use faultless::error::{Error, Result};

/// A folder with more feature files than this was not meant.
const FILES_MAX: usize = 1_000;

/// `FILE:LINE`, or `FILE:LINE:LINE`, taken apart, where the whole is not a file itself.
pub(super) fn with_lines(path: &Path) -> (PathBuf, Vec<usize>) {
    let mut lines = Vec::new();
    let mut file = path.to_owned();
    while !file.exists()
        && let Some((shorter, line)) = file.to_string_lossy().rsplit_once(':')
        && let Ok(line) = line.parse()
    {
        lines.push(line);
        file = PathBuf::from(shorter);
    }
    (file, lines)
}

/// The feature files of a folder and of those below it, by name; a file is its own. Folders whose
/// names begin with a dot are not looked into: they belong to tools, as those in which Kubernetes
/// keeps what a `ConfigMap` mounts, once more.
pub(super) fn feature_files(path: &Path) -> Result<Vec<PathBuf>> {
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
                if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                    folders.push(path);
                }
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
pub(super) fn application(file: &Path) -> Option<PathBuf> {
    let folders = file.ancestors().skip(1);
    folders.map(|folder| folder.join("application.yaml")).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn lines_follow_a_file_that_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a:7");
        fs::write(&file, "Feature: a").expect("a file");
        let with = |more: &str| with_lines(Path::new(&format!("{}{more}", file.display())));
        assert_eq!(with(""), (file.clone(), vec![]));
        assert_eq!(with(":12"), (file.clone(), vec![12]));
        assert_eq!(with(":12:3"), (file.clone(), vec![3, 12]));
        // What is not there is named as it was typed, or without its lines.
        assert_eq!(with_lines(Path::new("none.feature")), ("none.feature".into(), vec![]));
        assert_eq!(with_lines(Path::new("none.feature:2")).0, Path::new("none.feature"));
    }

    #[test]
    fn what_a_config_map_mounts_is_found_once() {
        let mount = tempfile::tempdir().expect("a folder");
        let path = |name: &str| mount.path().join(name);
        // As the kubelet lays it out, so that all files change at once.
        fs::create_dir_all(path("..2026_11_28/rules")).expect("a folder");
        for name in ["..2026_11_28/a.feature", "..2026_11_28/rules/b.feature"] {
            fs::write(path(name), "Feature: a").expect("a file");
        }
        symlink("..2026_11_28", path("..data")).expect("a link");
        symlink("..data/a.feature", path("a.feature")).expect("a link");
        assert_eq!(feature_files(mount.path()).expect("readable"), [path("a.feature")]);
        // Who names such a folder means it.
        assert_eq!(feature_files(&path("..2026_11_28")).expect("readable").len(), 2);
    }
}
