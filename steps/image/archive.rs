//! The archive: the layer and the documents of an image in one tar.

use std::fs::File;
use std::io;
use std::io::{Read as _, Seek as _, Write};

use super::digest::Blob;
use super::layer::header;
use super::layout::Documents;

/// Writes the archive; the layer is read from its file.
pub(super) fn write<W: Write>(
    documents: &Documents,
    mut layer: &File,
    blob: &Blob,
    seconds: u64,
    to: W,
) -> io::Result<()> {
    let mut tar = tar::Builder::new(to);
    for folder in ["blobs/", "blobs/sha256/"] {
        let mut header = header(0o755, 0, seconds);
        header.set_entry_type(tar::EntryType::Directory);
        tar.append_data(&mut header, folder, io::empty())?;
    }
    for (path, text) in &documents.all {
        let mut header = header(0o644, text.len() as u64, seconds);
        tar.append_data(&mut header, path, &text[..])?;
    }
    layer.rewind()?;
    let mut header = header(0o644, blob.size, seconds);
    tar.append_data(&mut header, blob.path(), layer.take(blob.size))?;
    tar.into_inner()?.flush()
}
