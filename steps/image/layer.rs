//! The image's one layer: its file system as a packed tar. The same files give the same bytes: no
//! clock, no owner and no order of this machine is in it.

use std::fs::File;
use std::io;
use std::io::{Read, Write};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::digest::{Blob, Hashing};
use super::root_fs::{Content, RootFs};

/// The largest file that is put in: our own program with all that a debugger wants has a tenth.
const FILE_MAX: u64 = 4 << 30;

/// Writes the layer; answers what it is unpacked and packed.
pub(super) fn write<W: Write>(root: &RootFs, seconds: u64, to: W) -> io::Result<(Blob, Blob)> {
    let packing = GzBuilder::new().mtime(0).write(Hashing::new(to), Compression::default());
    let mut tar = Builder::new(Hashing::new(packing));
    for (path, content) in root {
        put(&mut tar, path, content, seconds)?;
    }
    let (packing, plain) = tar.into_inner()?.end();
    let (mut to, packed) = packing.finish()?.end();
    to.flush()?;
    Ok((plain, packed))
}

fn put<W: Write>(
    tar: &mut Builder<W>,
    path: &str,
    content: &Content,
    seconds: u64,
) -> io::Result<()> {
    let entry = |kind: EntryType, mode: u32, size: u64| {
        let mut header = header(mode, size, seconds);
        header.set_entry_type(kind);
        header
    };
    match content {
        Content::Folder(mode) => {
            let mut header = entry(EntryType::Directory, *mode, 0);
            tar.append_data(&mut header, format!("{path}/"), io::empty())
        }
        Content::Link(to) => tar.append_link(&mut entry(EntryType::Symlink, 0o777, 0), path, to),
        Content::Text(text) => {
            let mut header = entry(EntryType::Regular, 0o644, text.len() as u64);
            tar.append_data(&mut header, path, text.as_bytes())
        }
        Content::File(from) => {
            let file = File::open(from)?;
            let size = file.metadata()?.len();
            if size > FILE_MAX {
                let cause = format!("{} has {size} bytes", from.display());
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, cause));
            }
            // Longer it cannot become under our hands: the header says how long it is.
            tar.append_data(&mut entry(EntryType::Regular, 0o755, size), path, file.take(size))
        }
    }
}

/// The header of a file that is root's.
pub(super) fn header(mode: u32, size: u64, seconds: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(seconds);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use flate2::read::GzDecoder;

    use super::*;

    fn root(file: PathBuf) -> RootFs {
        RootFs::from([
            ("bin".to_owned(), Content::Folder(0o755)),
            ("bin/app".to_owned(), Content::File(file)),
            ("bin/sh".to_owned(), Content::Link("/bin/app".to_owned())),
            ("hosts".to_owned(), Content::Text("x\n".to_owned())),
        ])
    }

    #[test]
    fn a_layer_reads_back_and_is_the_same_each_time() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, vec![7_u8; 100_000]).unwrap();
        let mut layer = Vec::new();
        let (plain, packed) = write(&root(file.clone()), 5, &mut layer).unwrap();
        assert_eq!(packed, Blob::of(&layer));
        let mut unpacked = Vec::new();
        GzDecoder::new(&layer[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(plain, Blob::of(&unpacked));

        let mut archive = tar::Archive::new(&unpacked[..]);
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let header = entry.header().clone();
            assert_eq!((header.uid().unwrap(), header.mtime().unwrap()), (0, 5));
            let link = entry.link_name().unwrap().map(|link| link.display().to_string());
            let path = entry.path().unwrap().display().to_string();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            seen.push((path, header.mode().unwrap(), content.len(), link));
        }
        let text = |text: &str| text.to_owned();
        let expected = [
            (text("bin/"), 0o755, 0, None),
            (text("bin/app"), 0o755, 100_000, None),
            (text("bin/sh"), 0o777, 0, Some(text("/bin/app"))),
            (text("hosts"), 0o644, 2, None),
        ];
        assert_eq!(seen, expected);

        // Another time of day, another copy of the file: the same bytes.
        let copy = folder.path().join("b");
        std::fs::copy(&file, &copy).unwrap();
        let mut again = Vec::new();
        write(&root(copy), 5, &mut again).unwrap();
        assert_eq!(again, layer);
    }

    #[test]
    fn a_file_that_is_gone_is_an_error() {
        assert!(write(&root(PathBuf::from("/nowhere")), 0, io::sink()).is_err());
    }
}
