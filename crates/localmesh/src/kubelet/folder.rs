//! A pod's folder, in which its sockets live.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The longest path of a Unix socket on Linux, without the terminating NUL.
const SOCKET_PATH_MAX: usize = 107;

/// The longest name of a socket in a pod's folder.
const LONGEST_SOCKET: &str = "out/255.255.255.255_65535.sock";

/// Makes a pod's folder, for us alone; what an earlier pod of this number left is removed.
pub(super) fn folder(mesh: &Path, number: u32) -> io::Result<PathBuf> {
    let dir = mesh.join(number.to_string());
    let longest = dir.join(LONGEST_SOCKET);
    if longest.as_os_str().as_bytes().len() > SOCKET_PATH_MAX {
        let text = format!("sockets in {} would have too long paths", dir.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    match std::fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut builder = DirBuilder::new();
    builder.mode(0o700).recursive(true);
    builder.create(dir.join("out"))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_private_fresh_and_short() {
        use std::os::unix::fs::PermissionsExt as _;
        let mesh = tempfile::tempdir().unwrap();
        let dir = folder(mesh.path(), 7).unwrap();
        std::fs::write(dir.join("out/old"), "").unwrap();
        let dir = folder(mesh.path(), 7).unwrap();
        assert!(!dir.join("out/old").exists());
        assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        let long = mesh.path().join("x".repeat(100));
        assert_eq!(folder(&long, 7).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
