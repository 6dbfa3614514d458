//! The frames that we send. Pure.

use bytes::Bytes;

use super::frame::{CONTROL, FIN, PING, RST_STREAM, SYN_REPLY, VERSION};
use super::headers::{Headers, Pack};

/// Why we end a stream: it makes no sense.
pub(super) const PROTOCOL_ERROR: u32 = 1;
/// Why we end a stream: there are too many.
pub(super) const REFUSED_STREAM: u32 = 3;

/// A frame of ours.
#[derive(Debug)]
pub(super) enum Reply {
    /// The stream is open.
    Open { stream: u32 },
    /// Bytes of a stream; nothing comes after its last.
    Data { stream: u32, last: bool, bytes: Bytes },
    /// The end of a stream, both ways.
    Reset { stream: u32, why: u32 },
    /// What came is sent back.
    Ping(u32),
}

// === impl Reply ===

impl Reply {
    /// Nothing comes on this stream any more.
    pub(super) const fn end(stream: u32) -> Self {
        Self::Data { stream, last: true, bytes: Bytes::new() }
    }

    /// The frame's bytes.
    pub(super) fn encode(&self, pack: &mut Pack) -> Vec<u8> {
        match self {
            Self::Open { stream } => {
                let block = pack.block(&Headers::new());
                control(SYN_REPLY, &[&stream.to_be_bytes(), &block])
            }
            Self::Data { stream, last, bytes } => {
                let mut frame = stream.to_be_bytes().to_vec();
                frame.push(if *last { FIN } else { 0 });
                frame.extend(length(bytes.len()));
                frame.extend(bytes);
                frame
            }
            Self::Reset { stream, why } => {
                control(RST_STREAM, &[&stream.to_be_bytes(), &why.to_be_bytes()])
            }
            Self::Ping(id) => control(PING, &[&id.to_be_bytes()]),
        }
    }
}

fn control(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut frame = vec![CONTROL, VERSION, 0, kind, 0];
    frame.extend(length(parts.iter().map(|part| part.len()).sum()));
    frame.extend(parts.concat());
    frame
}

fn length(number: usize) -> [u8; 3] {
    let [.., high, middle, low] = number.to_be_bytes();
    [high, middle, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written() {
        let mut pack = Pack::new();
        let mut bytes = |reply: Reply| reply.encode(&mut pack);
        let data = Reply::Data { stream: 5, last: false, bytes: Bytes::from_static(b"xy") };
        assert_eq!(bytes(data), b"\0\0\0\x05\0\0\0\x02xy");
        assert_eq!(bytes(Reply::end(5)), b"\0\0\0\x05\x01\0\0\0");
        assert_eq!(bytes(Reply::Ping(9)), b"\x80\x03\0\x06\0\0\0\x04\0\0\0\x09");
        let reset = Reply::Reset { stream: 5, why: REFUSED_STREAM };
        assert_eq!(bytes(reset), b"\x80\x03\0\x03\0\0\0\x08\0\0\0\x05\0\0\0\x03");
        let open = bytes(Reply::Open { stream: 5 });
        assert!(open.starts_with(b"\x80\x03\0\x02\0\0\0"), "{open:?}");
        assert_eq!(usize::from(open[7]), open.len() - 8);
    }
}
