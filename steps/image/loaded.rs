//! The files that this very process runs from: the program, the libraries that are in its memory,
//! and their loader. The kernel knows them best; nothing is started to find them out.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use faultless::error::{Error, Result};

use super::elf;

/// The program as the kernel holds it, even when its file was replaced since.
const PROGRAM: &str = "/proc/self/exe";

/// The list of a process's memory: some hundred lines of a hundred bytes.
const MAPS_MAX: u64 = 4 << 20;

/// What glibc before 2.34 loads only when a name is resolved, so that it is not in memory yet.
const RESOLVERS: &[&str] = &["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/// The files that a process runs from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) program: PathBuf,
    pub(super) libraries: Vec<Library>,
    /// The loader as the program names it, and the file behind that name.
    pub(super) loader: Option<(String, String)>,
}

/// A library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Library {
    /// Where its file is, links resolved.
    pub(super) path: String,
    /// Under which name programs ask for it, if it has one.
    pub(super) soname: Option<String>,
}

// === impl Loaded ===

impl Loaded {
    /// Those of this process.
    pub(super) fn of_this_process() -> Result<Self> {
        let doing = "finding out what this program is made of";
        let failed = |cause: &dyn std::fmt::Display| Error::runner(doing, cause);
        let mut maps = String::new();
        let file = File::open("/proc/self/maps").map_err(|cause| failed(&cause))?;
        file.take(MAPS_MAX).read_to_string(&mut maps).map_err(|cause| failed(&cause))?;
        let own = std::fs::read_link(PROGRAM).map_err(|cause| failed(&cause))?;
        let mut paths = mapped(&maps, &own.to_string_lossy()).map_err(|cause| {
            failed(&cause).hint("something was updated since it began: start it once more")
        })?;
        let program = File::open(PROGRAM).map_err(|cause| failed(&cause))?;
        let loader = elf::interpreter(&program).map_err(|cause| failed(&cause))?;
        let loader = match loader {
            None => None,
            Some(name) => {
                let real = std::fs::canonicalize(&name).map_err(|cause| failed(&cause))?;
                let real = real.to_string_lossy().into_owned();
                paths.insert(real.clone());
                Some((name, real))
            }
        };
        let there = |path: &str| std::fs::canonicalize(path).ok();
        paths.extend(resolvers(&paths, there));
        let library = |path: String| {
            let file = File::open(&path).map_err(|cause| format!("{path}: {cause}"))?;
            let soname = elf::soname(&file).map_err(|cause| format!("{path}: {cause}"))?;
            Ok(Library { path, soname })
        };
        let libraries: std::result::Result<_, String> = paths.into_iter().map(library).collect();
        let libraries = libraries.map_err(|cause| failed(&cause))?;
        Ok(Self { program: PROGRAM.into(), libraries, loader })
    }
}

/// The libraries in a process's memory, by the kernel's list of it.
fn mapped(maps: &str, program: &str) -> std::result::Result<BTreeSet<String>, String> {
    let mut found = BTreeSet::new();
    for line in maps.lines() {
        // Address, permissions, offset, device, inode, and a path that may have blanks in it.
        let fields: Vec<_> = line.splitn(6, ' ').collect();
        let [_, permissions, _, _, _, path] = fields[..] else { continue };
        let path = path.trim_start();
        let library = path.rsplit('/').next().is_some_and(|name| name.contains(".so"));
        if !permissions.contains('x') || !path.starts_with('/') || path == program || !library {
            continue;
        }
        if let Some(path) = path.strip_suffix(" (deleted)") {
            return Err(format!("the file {path} was replaced"));
        }
        found.insert(path.to_owned());
    }
    Ok(found)
}

/// The resolvers that lie beside the C library.
fn resolvers(paths: &BTreeSet<String>, there: impl Fn(&str) -> Option<PathBuf>) -> Vec<String> {
    let is_libc = |path: &&String| {
        let name = Path::new(path).file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("libc.so.") || name.starts_with("libc-"))
    };
    let Some(folder) = paths.iter().find(is_libc).and_then(|path| Path::new(path).parent()) else {
        return Vec::new();
    };
    let beside = RESOLVERS.iter().map(|name| folder.join(name));
    let found = beside.filter_map(|path| there(path.to_str()?));
    found.map(|path| path.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55d8a2c00000-55d8a2d00000 r--p 00000000 fe:00 1234                       /opt/my tools/faultless
55d8a2d00000-55d8a3e00000 r-xp 00100000 fe:00 1234                       /opt/my tools/faultless
7f1000000000-7f1000021000 rw-p 00000000 00:00 0
7f1c5a200000-7f1c5a228000 r--p 00000000 fe:00 99   /usr/lib/x86_64-linux-gnu/libc.so.6
7f1c5a228000-7f1c5a3bd000 r-xp 00028000 fe:00 99   /usr/lib/x86_64-linux-gnu/libc.so.6
7f1c5a400000-7f1c5a401000 r--p 00000000 fe:00 98   /usr/lib/locale/locale.so.archive
7f1c5a400000-7f1c5a401000 r-xp 00000000 fe:00 97   /dev/zero (deleted)
7f1c5a500000-7f1c5a501000 r-xp 00000000 fe:00 96   /usr/lib64/ld-linux-x86-64.so.2
7ffd0b5e5000-7ffd0b5e7000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn libraries_are_read_off_the_memory() {
        let found = mapped(MAPS, "/opt/my tools/faultless").unwrap();
        let libc = "/usr/lib/x86_64-linux-gnu/libc.so.6";
        assert_eq!(
            found,
            BTreeSet::from([libc, "/usr/lib64/ld-linux-x86-64.so.2"].map(Into::into))
        );
        let replaced = MAPS.replace("libc.so.6", "libc.so.6 (deleted)");
        let refused = mapped(&replaced, "").unwrap_err();
        assert_eq!(refused, format!("the file {libc} was replaced"));
        assert!(mapped("", "").unwrap().is_empty());
    }

    #[test]
    fn what_resolves_names_comes_along_where_it_is_a_file_of_its_own() {
        let paths = mapped(MAPS, "").unwrap();
        let there = |path: &str| path.contains("nss_dns").then(|| PathBuf::from(path));
        let found = resolvers(&paths, there);
        assert_eq!(found, ["/usr/lib/x86_64-linux-gnu/libnss_dns.so.2"]);
        assert!(resolvers(&BTreeSet::new(), there).is_empty());
    }

    #[test]
    fn this_process_knows_its_own_files() {
        let loaded = Loaded::of_this_process().unwrap();
        for library in &loaded.libraries {
            assert!(Path::new(&library.path).is_file(), "{library:?}");
        }
        // Either the test is linked statically, or there is a C library and its loader.
        let Some((name, real)) = &loaded.loader else { return };
        assert!(Path::new(name).is_file(), "{name}");
        assert!(loaded.libraries.iter().any(|library| library.path == *real));
        let libc = |library: &Library| {
            library.soname.as_ref().is_some_and(|name| name.starts_with("libc."))
        };
        assert!(loaded.libraries.iter().any(libc), "{loaded:?}");
    }
}
