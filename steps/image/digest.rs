//! A writer that counts and hashes what goes through it: an image names everything by its digest.

use std::io;
use std::io::Write;

use sha2::{Digest as _, Sha256};

/// A writer around another.
pub(super) struct Hashing<W> {
    under: W,
    hash: Sha256,
    size: u64,
}

/// What went through: its name and its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) sha256: String,
    pub(super) size: u64,
}

// === impl Hashing ===

impl<W> Hashing<W> {
    pub(super) fn new(under: W) -> Self {
        Self { under, hash: Sha256::new(), size: 0 }
    }

    pub(super) fn end(self) -> (W, Blob) {
        (self.under, Blob { sha256: hex(&self.hash.finalize()), size: self.size })
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.under.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.under.flush()
    }
}

// === impl Blob ===

impl Blob {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { sha256: hex(&Sha256::digest(bytes)), size: bytes.len() as u64 }
    }

    /// As other parts of the image name it.
    pub(super) fn digest(&self) -> String {
        format!("sha256:{}", self.sha256)
    }

    /// Where it lies in the archive.
    pub(super) fn path(&self) -> String {
        format!("blobs/sha256/{}", self.sha256)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_through_is_named_by_its_content() {
        let mut hashing = Hashing::new(Vec::new());
        hashing.write_all(b"a").unwrap();
        hashing.write_all(b"bc").unwrap();
        let (written, blob) = hashing.end();
        assert_eq!(written, b"abc");
        assert_eq!(blob, Blob::of(b"abc"));
        // The example of the standard.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(blob.digest(), format!("sha256:{abc}"));
        assert_eq!(blob.path(), format!("blobs/sha256/{abc}"));
        assert_eq!(blob.size, 3);
    }
}
