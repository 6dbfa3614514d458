//! The frames that a client sends. Pure.

use bytes::{Buf as _, Bytes};

/// Bytes of a frame's head.
pub(super) const HEAD: usize = 8;

/// The largest frame: clients send what they have read at once, 32 kB.
pub(super) const FRAME_MAX: usize = 1 << 20;

/// The flag of the last frame of a stream.
pub(super) const FIN: u8 = 1;

/// The first byte of a control frame, before the version.
pub(super) const CONTROL: u8 = 0x80;

/// The version of all control frames.
pub(super) const VERSION: u8 = 3;

pub(super) const SYN_STREAM: u8 = 1;
pub(super) const SYN_REPLY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const PING: u8 = 6;
pub(super) const HEADERS: u8 = 8;

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    bytes: [u8; HEAD],
}

/// A frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A new stream with its packed headers.
    Open { stream: u32, headers: Bytes },
    /// Bytes of a stream; nothing comes after its last.
    Data { stream: u32, last: bool, bytes: Bytes },
    /// The end of a stream, both ways.
    Reset { stream: u32 },
    /// To be sent back as it is.
    Ping(u32),
    /// Packed headers that mean nothing to us; they must be unpacked all the same.
    Headers(Bytes),
    /// Settings, windows and farewells mean nothing where there is no flow control.
    Other,
}

// === impl Head ===

impl Head {
    pub(super) const fn new(bytes: [u8; HEAD]) -> Self {
        Self { bytes }
    }

    /// How many bytes follow.
    pub(super) fn length(self) -> Result<usize, &'static str> {
        let [_, _, _, _, _, high, middle, low] = self.bytes;
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if length > FRAME_MAX { Err("the frame is too large") } else { Ok(length) }
    }

    /// The frame with this head.
    pub(super) fn frame(self, mut payload: Bytes) -> Result<Frame, &'static str> {
        let [first, second, _, kind, flags, ..] = self.bytes;
        let short = "the frame is too short";
        let last = flags & FIN != 0;
        if first & CONTROL == 0 {
            let [a, b, c, d, ..] = self.bytes;
            return Ok(Frame::Data {
                stream: u32::from_be_bytes([a, b, c, d]),
                last,
                bytes: payload,
            });
        }
        if (first & !CONTROL, second) != (0, VERSION) {
            return Err("the frame is of another version");
        }
        match kind {
            // The stream, what it belongs to, and its priority.
            SYN_STREAM => {
                let stream = payload.try_get_u32().map_err(|_| short)? & 0x7fff_ffff;
                payload.try_get_u32().and_then(|_| payload.try_get_u16()).map_err(|_| short)?;
                Ok(Frame::Open { stream, headers: payload })
            }
            SYN_REPLY | HEADERS => {
                payload.try_get_u32().map_err(|_| short)?;
                Ok(Frame::Headers(payload))
            }
            RST_STREAM => {
                let stream = payload.try_get_u32().map_err(|_| short)? & 0x7fff_ffff;
                Ok(Frame::Reset { stream })
            }
            PING => Ok(Frame::Ping(payload.try_get_u32().map_err(|_| short)?)),
            _ => Ok(Frame::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: &'static [u8]) -> Result<Frame, &'static str> {
        let (head, payload) = bytes.split_first_chunk().expect("a head");
        let head = Head::new(*head);
        assert_eq!(head.length(), Ok(payload.len()), "{bytes:?}");
        head.frame(Bytes::from_static(payload))
    }

    #[test]
    fn frames_are_read() {
        let headers = Bytes::from_static(b"hh");
        let open = b"\x80\x03\0\x01\0\0\0\x0c\0\0\0\x05\0\0\0\0\0\0hh";
        assert_eq!(frame(open), Ok(Frame::Open { stream: 5, headers }));
        let bytes = Bytes::from_static(b"xy");
        assert_eq!(
            frame(b"\0\0\0\x07\x01\0\0\x02xy"),
            Ok(Frame::Data { stream: 7, last: true, bytes })
        );
        let reset = b"\x80\x03\0\x03\0\0\0\x08\0\0\0\x07\0\0\0\x05";
        assert_eq!(frame(reset), Ok(Frame::Reset { stream: 7 }));
        assert_eq!(frame(b"\x80\x03\0\x06\0\0\0\x04\0\0\0\x09"), Ok(Frame::Ping(9)));
        assert_eq!(frame(b"\x80\x03\0\x07\0\0\0\x08\0\0\0\0\0\0\0\0"), Ok(Frame::Other));
    }

    #[test]
    fn malformed_frames_are_refused() {
        let short = Err("the frame is too short");
        assert_eq!(frame(b"\x80\x03\0\x01\0\0\0\x04\0\0\0\x05"), short);
        assert_eq!(frame(b"\x80\x03\0\x02\0\0\0\0"), short);
        assert_eq!(frame(b"\x80\x03\0\x03\0\0\0\x01\0"), short);
        assert_eq!(frame(b"\x80\x03\0\x06\0\0\0\0"), short);
        assert_eq!(frame(b"\x80\x02\0\x06\0\0\0\0"), Err("the frame is of another version"));
        let large = Head::new([0, 0, 0, 1, 0, 0x10, 0, 1]);
        assert_eq!(large.length(), Err("the frame is too large"));
    }
}
