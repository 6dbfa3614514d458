//! Hashes as Kubernetes writes them into names and labels. Pure.

/// What names and hashes are made of: no vowels, nothing that looks alike (Kubernetes' own).
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The 32-bit FNV-1a hash, which Kubernetes uses for pod templates.
pub(crate) fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// A hash as Kubernetes writes it into names and labels.
#[must_use]
pub(crate) fn encoded(hash: u32) -> String {
    let letter = |digit: u8| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]);
    hash.to_string().bytes().map(letter).collect()
}
