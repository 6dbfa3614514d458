//! Header blocks: packed by one compression for all that one side sends on a connection, so each
//! has to be unpacked, in order. Pure.

use std::collections::BTreeMap;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::dictionary::dictionary;

/// The largest block, unpacked; Kubernetes' have three short headers.
const BLOCK_MAX: usize = 16 * 1024;

/// Headers by name; names are in lower case.
pub(super) type Headers = BTreeMap<String, String>;

/// Unpacks what the other side sends.
pub(super) struct Unpack(Decompress);

/// Packs what we send.
pub(super) struct Pack(Compress);

// === impl Unpack ===

impl Unpack {
    pub(super) fn new() -> Self {
        Self(Decompress::new(true))
    }

    /// The headers in a block, or what is wrong with it.
    pub(super) fn headers(&mut self, block: &[u8]) -> Result<Headers, &'static str> {
        let mut unpacked = vec![0; BLOCK_MAX];
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let first = self.0.decompress(block, &mut unpacked, FlushDecompress::Sync);
        if let Err(error) = first {
            // The first block of a connection asks for the dictionary.
            error.needs_dictionary().ok_or("the header block is not packed by zlib")?;
            let wrong = |_| "the header block needs another dictionary";
            self.0.set_dictionary(&dictionary()).map_err(wrong)?;
            let rest = block.get(count(self.0.total_in() - read)..).unwrap_or_default();
            let second = self.0.decompress(rest, &mut unpacked, FlushDecompress::Sync);
            second.map_err(|_| "the header block is not packed by zlib")?;
        }
        if count(self.0.total_in() - read) < block.len() {
            return Err("the header block is too large");
        }
        parse(&unpacked[..count(self.0.total_out() - written)])
    }
}

// === impl Pack ===

impl Pack {
    pub(super) fn new() -> Self {
        let mut compress = Compress::new(Compression::fast(), true);
        // It is refused only after something was packed.
        let _ = compress.set_dictionary(&dictionary());
        Self(compress)
    }

    /// These headers as a block.
    pub(super) fn block(&mut self, headers: &Headers) -> Vec<u8> {
        let mut plain = Vec::new();
        plain.extend(length(headers.len()));
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend(length(text.len()));
            plain.extend(text.as_bytes());
        }
        // What cannot be packed takes its own room and a few bytes for each part of it.
        let mut packed = Vec::with_capacity(plain.len() + 256);
        let _ = self.0.compress_vec(&plain, &mut packed, FlushCompress::Sync);
        packed
    }
}

fn length(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes()
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The headers in an unpacked block: their number, then names and values behind their lengths.
fn parse(mut block: &[u8]) -> Result<Headers, &'static str> {
    let mut headers = Headers::new();
    // Each takes at least eight bytes, so that what is claimed cannot exceed what is there.
    for _ in 0..number(&mut block)? {
        let name = text(&mut block)?.to_ascii_lowercase();
        headers.insert(name, text(&mut block)?);
    }
    Ok(headers)
}

fn number(block: &mut &[u8]) -> Result<u32, &'static str> {
    let (number, rest) = block.split_first_chunk().ok_or("the header block ends too early")?;
    *block = rest;
    Ok(u32::from_be_bytes(*number))
}

fn text(block: &mut &[u8]) -> Result<String, &'static str> {
    let length = count(number(block)?.into());
    let (text, rest) = block.split_at_checked(length).ok_or("the header block ends too early")?;
    *block = rest;
    String::from_utf8(text.to_vec()).map_err(|_| "a header is no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn blocks_are_unpacked_one_after_the_other() {
        let (mut pack, mut unpack) = (Pack::new(), Unpack::new());
        let first = headers(&[("streamtype", "error"), ("port", "15014"), ("requestid", "0")]);
        for each in [first.clone(), Headers::new(), headers(&[("streamtype", "data")]), first] {
            let block = pack.block(&each);
            assert_eq!(unpack.headers(&block), Ok(each));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Unpack::new().headers(b"nonsense").is_err());
        // Zlib's own beginning, asking for another dictionary.
        assert!(Unpack::new().headers(&[0x78, 0xbb, 1, 2, 3, 4, 0, 0]).is_err());
        let mut pack = Pack::new();
        let large = pack.block(&headers(&[("a", &"x".repeat(BLOCK_MAX))]));
        assert_eq!(Unpack::new().headers(&large), Err("the header block is too large"));
        let early = Err("the header block ends too early");
        for block in [&[][..], &[0, 0, 0, 1], &[255; 4], &[0, 0, 0, 1, 0, 0, 0, 9, b'x']] {
            assert_eq!(parse(block), early, "{block:?}");
        }
        let no_text = [0, 0, 0, 1, 0, 0, 0, 1, 255, 0, 0, 0, 0];
        assert_eq!(parse(&no_text), Err("a header is no text"));
    }
}
