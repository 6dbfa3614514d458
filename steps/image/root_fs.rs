//! What the image's file system has: the program, what it loads, a user, and nothing else. Pure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use faultless::cluster::image::USER;

use super::loaded::{Library, Loaded};

/// Where the program is.
pub(super) const PROGRAM: &str = "/usr/local/bin/faultless";

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A folder with this mode.
    Folder(u32),
    /// A link to this path.
    Link(String),
    /// A text.
    Text(String),
    /// A program or library, as it is here.
    File(PathBuf),
}

/// By path, without the slash at its beginning; a folder comes before what is in it.
pub(super) type RootFs = BTreeMap<String, Content>;

/// The whole file system.
pub(super) fn root_fs(loaded: &Loaded) -> RootFs {
    let mut root = RootFs::new();
    let mut put = |path: &str, content: Content| {
        let path = path.trim_start_matches('/');
        for folder in Path::new(path).ancestors().skip(1).filter_map(Path::to_str) {
            if !folder.is_empty() {
                root.entry(folder.to_owned()).or_insert(Content::Folder(0o755));
            }
        }
        // A link never hides a file.
        if matches!(content, Content::Link(_)) {
            root.entry(path.to_owned()).or_insert(content);
        } else {
            root.insert(path.to_owned(), content);
        }
    };
    put(PROGRAM, Content::File(loaded.program.clone()));
    for Library { path, soname } in &loaded.libraries {
        put(path, Content::File(path.into()));
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(soname) = soname
            && !path.ends_with(&format!("/{soname}"))
        {
            put(&format!("{folder}/{soname}"), Content::Link(path.clone()));
        }
    }
    if let Some((name, real)) = &loaded.loader {
        put(name, Content::Link(real.clone()));
    }
    let nobody = "/:/usr/sbin/nologin";
    let users = format!("root:x:0:0:root:{nobody}\nfaultless:x:{USER}:{USER}:faultless:{nobody}\n");
    put("etc/passwd", Content::Text(users));
    put("etc/group", Content::Text(format!("root:x:0:\nfaultless:x:{USER}:\n")));
    // Without it some C libraries ask a name server before they look into /etc/hosts.
    put("etc/nsswitch.conf", Content::Text("hosts: files dns\n".to_owned()));
    put("tmp", Content::Folder(0o1777));
    root
}

/// The folders with libraries, as the loader is told them: it finds those of this system by itself
/// only where it keeps its own list of them.
pub(super) fn library_path(libraries: &[Library]) -> String {
    let mut folders: Vec<&str> =
        libraries.iter().filter_map(|library| Some(library.path.rsplit_once('/')?.0)).collect();
    folders.sort_unstable();
    folders.dedup();
    folders.join(":")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn library(path: &str, soname: &str) -> Library {
        Library { path: path.to_owned(), soname: Some(soname.to_owned()) }
    }

    pub(in super::super) fn debian() -> Loaded {
        let loader = "/usr/lib/x86_64-linux-gnu/ld-2.31.so";
        Loaded {
            program: PathBuf::from("/proc/self/exe"),
            libraries: vec![
                library(loader, "ld-linux-x86-64.so.2"),
                library("/usr/lib/x86_64-linux-gnu/libc-2.31.so", "libc.so.6"),
                library("/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", "libgcc_s.so.1"),
            ],
            loader: Some(("/lib64/ld-linux-x86-64.so.2".to_owned(), loader.to_owned())),
        }
    }

    #[test]
    fn everything_is_where_the_loader_looks_for_it() {
        let root = root_fs(&debian());
        let link = |path: &str| match &root[path] {
            Content::Link(to) => to.clone(),
            other => panic!("{path} is {other:?}"),
        };
        assert_eq!(link("lib64/ld-linux-x86-64.so.2"), "/usr/lib/x86_64-linux-gnu/ld-2.31.so");
        let libc = "/usr/lib/x86_64-linux-gnu/libc-2.31.so";
        assert_eq!(link("usr/lib/x86_64-linux-gnu/libc.so.6"), libc);
        assert_eq!(root["usr/lib/x86_64-linux-gnu/libc-2.31.so"], Content::File(libc.into()));
        assert_eq!(root["usr/local/bin/faultless"], Content::File("/proc/self/exe".into()));
        assert_eq!(root["tmp"], Content::Folder(0o1777));
        for path in root.keys() {
            let parent = path.rsplit_once('/').map(|(folder, _)| folder);
            let folder = parent.is_none_or(|parent| matches!(root[parent], Content::Folder(_)));
            assert!(folder && !path.starts_with('/'), "{path}");
        }
        assert_eq!(library_path(&debian().libraries), "/usr/lib/x86_64-linux-gnu");
    }

    #[test]
    fn a_program_that_loads_nothing_is_alone() {
        let loaded = Loaded { libraries: Vec::new(), loader: None, ..debian() };
        let files = root_fs(&loaded);
        let files = files.values().filter(|content| matches!(content, Content::File(_)));
        assert_eq!(files.count(), 1);
        assert_eq!(library_path(&[]), "");
    }

    #[test]
    fn a_loader_that_is_no_link_stays_a_file() {
        let path = "/lib/ld-musl-x86_64.so.1";
        let libraries = vec![library(path, "libc.musl-x86_64.so.1")];
        let loader = Some((path.to_owned(), path.to_owned()));
        let root = root_fs(&Loaded { libraries, loader, ..debian() });
        assert_eq!(root["lib/ld-musl-x86_64.so.1"], Content::File(path.into()));
        assert_eq!(root["lib/libc.musl-x86_64.so.1"], Content::Link(path.to_owned()));
    }
}
