//! Which files a kubeconfig is made of, and what is in them.
//!
//! kubectl's rules (client-go, `clientcmd/loader.go`; kubernetes.io, "Organizing Cluster Access
//! Using kubeconfig Files"): a file that is named on the command line must be there; of the
//! variable's list those that are missing or empty are passed over, and the first to have an entry
//! of a name wins. Paths in a file are relative to it.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};

use super::entry::{Entry, Named};
use crate::error::{Error, Result};
use crate::units::nearest;

/// A kubeconfig of thousands of clusters is smaller.
const FILE_MAX: u64 = 16 << 20;
/// The most contexts that are named when none fits.
const NAMED_MAX: usize = 12;

/// One file that was there.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) content: Kubeconfig,
}

/// What is known of clusters and users, in the order in which it counts.
#[derive(Debug)]
pub(in crate::cluster) struct Files {
    files: Vec<File>,
    /// Those of the list that are not there.
    missing: Vec<PathBuf>,
}

// === impl Files ===

impl Files {
    /// One file, which must be there.
    pub(in crate::cluster) fn one(path: &Path, doing: &str) -> Result<Self> {
        match read(path, doing)? {
            Some(file) => Ok(Self::of(file)),
            None => Err(Error::feature(doing, format!("{}: No such file", shown(path)))
                .hint("name a kubeconfig with --kubeconfig or the variable KUBECONFIG")),
        }
    }

    /// A list as `KUBECONFIG` has it: files that are missing are passed over.
    pub(in crate::cluster) fn list(
        paths: impl IntoIterator<Item = PathBuf>,
        doing: &str,
    ) -> Result<Self> {
        let mut this = Self { files: Vec::new(), missing: Vec::new() };
        for path in paths {
            // Between two colons is no file.
            if path.as_os_str().is_empty() || this.files.iter().any(|file| file.path == path) {
                continue;
            }
            match read(&path, doing)? {
                Some(file) => this.files.push(file),
                None => this.missing.push(path),
            }
        }
        Ok(this)
    }

    /// A kubeconfig that is no file.
    pub(in crate::cluster) fn text(text: &str) -> Result<Self> {
        let path = PathBuf::from("the local mesh's kubeconfig");
        let content = Kubeconfig::from_yaml(text).map_err(|cause| {
            Error::runner(format!("reading {}", path.display()), unreadable(&cause))
        })?;
        Ok(Self::of(File { path, content }))
    }

    pub(super) fn of(file: File) -> Self {
        Self { files: vec![file], missing: Vec::new() }
    }

    /// The one file that it is, if it is one.
    pub(in crate::cluster) fn only(&self) -> Option<&Path> {
        match self.files.as_slice() {
            [file] => Some(&file.path),
            _ => None,
        }
    }

    /// What a context leads to.
    pub(in crate::cluster) fn entry(&self, context: &str) -> Result<Entry> {
        let doing = format!("connecting to context `{context}`");
        let find = |file: &File| {
            let named = file.content.contexts.iter().find(|named| named.name == context)?;
            Some((file.path.clone(), named.context.clone()))
        };
        let Some((path, found)) = self.files.iter().find_map(find) else {
            return Err(self.unknown(doing, context));
        };
        let file = path.display();
        let refuse =
            |cause: String| Error::feature(doing.clone(), format!("context of {file}: {cause}"));
        let found = found.ok_or_else(|| refuse("there is nothing in it".into()))?;
        let clusters = |file: &File| {
            let named = file.content.clusters.iter().find(|named| named.name == found.cluster)?;
            let value = named.cluster.clone().unwrap_or_default();
            Some(Named::new("cluster", &named.name, &file.path, value))
        };
        let cluster = self.files.iter().find_map(clusters).ok_or_else(|| {
            let known = self.files.iter().flat_map(|file| &file.content.clusters);
            let error = refuse(format!("there is no cluster `{}` as it names", found.cluster));
            match nearest(&found.cluster, known.map(|named| named.name.as_str())) {
                Some(name) => error.hint(format!("did you mean `{name}`?")),
                None => error.hint("the file that has it may be missing in KUBECONFIG"),
            }
        })?;
        let name = found.user.unwrap_or_default();
        let users = |file: &File| {
            let named = file.content.auth_infos.iter().find(|named| named.name == name)?;
            let value = named.auth_info.clone().unwrap_or_default();
            Some(Named::new("user", &named.name, &file.path, value))
        };
        // A user that is not there (yet) is nobody, as for kubectl: the server says what it thinks.
        let user = self.files.iter().find_map(users).unwrap_or_else(|| {
            tracing::warn!(%context, user = %name, "the context's user is in no kubeconfig");
            Named::new("user", &name, &path, kube::config::AuthInfo::default())
        });
        Ok(Entry { doing, cluster, user, namespace: found.namespace })
    }

    fn unknown(&self, doing: String, context: &str) -> Error {
        let contexts = self.files.iter().flat_map(|file| &file.content.contexts);
        let known: Vec<&str> = contexts.map(|named| named.name.as_str()).collect();
        let joined = |paths: &mut dyn Iterator<Item = &PathBuf>| {
            paths.map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        };
        let missing = joined(&mut self.missing.iter());
        let cause = match self.files.as_slice() {
            [] if missing.is_empty() => "KUBECONFIG names no file".to_owned(),
            [] => format!("none of the kubeconfigs is there: {missing}"),
            [file] => format!("{} has no such context", shown(&file.path)),
            files => {
                let read = joined(&mut files.iter().map(|file| &file.path));
                format!("no kubeconfig has such a context: {read}")
            }
        };
        let hint = match nearest(context, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if self.files.is_empty() => {
                "name a kubeconfig with --kubeconfig or the variable KUBECONFIG".to_owned()
            }
            None if known.is_empty() => "there are no contexts at all".to_owned(),
            None => {
                let more = if known.len() > NAMED_MAX { ", …" } else { "" };
                let first = known.iter().take(NAMED_MAX).copied().collect::<Vec<_>>();
                format!("it has: {}{more}", first.join(", "))
            }
        };
        let error = Error::feature(doing, cause).hint(hint);
        match missing.is_empty() || self.files.is_empty() {
            true => error,
            false => error.also(format!("not there, and so passed over: {missing}")),
        }
    }
}

fn shown(path: &Path) -> String {
    format!("the kubeconfig {}", path.display())
}

/// A file's content; none if there is no such file.
fn read(path: &Path, doing: &str) -> Result<Option<File>> {
    let refused = |cause: String| Error::feature(doing, format!("{}: {cause}", shown(path)));
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path);
    match opened.and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes)) {
        Ok(length) if length as u64 > FILE_MAX => {
            return Err(refused(format!("it is longer than {} MiB", FILE_MAX >> 20)));
        }
        Ok(_) => {}
        // As `os.IsNotExist`: also a path through a file that is no folder is an error.
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(refused(cause.to_string())),
    }
    let text = decoded(&bytes).ok_or_else(|| refused("it is neither UTF-8 nor UTF-16".into()))?;
    let mut content = Kubeconfig::from_yaml(&text).map_err(|cause| refused(unreadable(&cause)))?;
    if let Some(folder) = path.parent() {
        make_absolute(&mut content, folder);
    }
    Ok(Some(File { path: path.to_owned(), content }))
}

/// Text as editors of all systems write it, with or without a byte order mark.
pub(super) fn decoded(bytes: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], number: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks();
        let units: Vec<u16> = pairs.iter().map(|pair| number(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

/// Paths are relative to the file they stand in; of a plugin's only what is a path, and no name on
/// `PATH` (client-go, `clientcmd.ResolveLocalPaths`).
fn make_absolute(content: &mut Kubeconfig, folder: &Path) {
    let resolve = |path: &mut Option<String>| {
        if let Some(path) = path.as_mut().filter(|path| !path.is_empty()) {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    };
    for named in &mut content.clusters {
        if let Some(cluster) = &mut named.cluster {
            resolve(&mut cluster.certificate_authority);
        }
    }
    for user in content.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        resolve(&mut user.client_certificate);
        resolve(&mut user.client_key);
        resolve(&mut user.token_file);
        if let Some(exec) = &mut user.exec
            && exec.command.as_ref().is_some_and(|command| command.contains('/'))
        {
            resolve(&mut exec.command);
        }
    }
}

/// Why a file could not be read, without what is in it: it may be a key.
fn unreadable(cause: &KubeconfigError) -> String {
    match cause {
        KubeconfigError::Parse(cause) => match cause.location() {
            Some(at) => format!(
                "line {}, column {}: it is not the YAML of a kubeconfig",
                at.line(),
                at.column()
            ),
            None => "it is not the YAML of a kubeconfig".to_owned(),
        },
        _ => "it is not a kubeconfig".to_owned(),
    }
}
