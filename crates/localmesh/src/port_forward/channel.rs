//! The framing of Kubernetes' channels: each WebSocket message begins with the number of the
//! channel that it belongs to. A port has two: data, and errors in words. Pure.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Ports at once: a channel's number is one byte, and each port has two.
pub(crate) const PORTS_MAX: usize = 128;

/// What a client's message means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Bytes for the port of this index.
    Data(usize, Bytes),
    /// Nothing: the kubelet reads no errors from clients, and overlooks empty messages.
    Nothing,
    /// A channel that no port has.
    Unknown(u8),
}

/// What a client's message means where so many ports are forwarded.
pub(super) fn heard(mut message: Bytes, ports: usize) -> Heard {
    if message.is_empty() {
        return Heard::Nothing;
    }
    let channel = message.get_u8();
    let index = usize::from(channel / 2);
    match (index < ports, channel % 2) {
        (false, _) => Heard::Unknown(channel),
        (true, 0) if !message.is_empty() => Heard::Data(index, message),
        (true, _) => Heard::Nothing,
    }
}

/// The messages with which both channels of a port begin: its number, little endian.
pub(super) fn greetings(index: usize, port: u16) -> [Bytes; 2] {
    [data(index, &port.to_le_bytes()), error(index, &port.to_le_bytes())]
}

/// Bytes from the port of this index.
pub(super) fn data(index: usize, bytes: &[u8]) -> Bytes {
    framed(index * 2, bytes)
}

/// Why the port of this index cannot be used.
pub(super) fn error(index: usize, bytes: &[u8]) -> Bytes {
    framed(index * 2 + 1, bytes)
}

fn framed(channel: usize, bytes: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(bytes.len() + 1);
    message.put_u8(u8::try_from(channel).expect("there are at most 128 ports"));
    message.put_slice(bytes);
    message.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_has_a_channel_for_data_and_one_for_errors() {
        assert_eq!(greetings(0, 15014), [[0, 0xa6, 0x3a].as_slice(), &[1, 0xa6, 0x3a]]);
        assert_eq!(greetings(127, 1), [[254, 1, 0].as_slice(), &[255, 1, 0]]);
        assert_eq!(data(3, b"x"), b"\x06x".as_slice());
        assert_eq!(error(3, b"why"), b"\x07why".as_slice());
    }

    #[test]
    fn only_data_for_a_port_means_something() {
        let heard = |bytes: &'static [u8]| heard(Bytes::from_static(bytes), 2);
        assert_eq!(heard(b"\x00GET"), Heard::Data(0, Bytes::from_static(b"GET")));
        assert_eq!(heard(b"\x02\x00"), Heard::Data(1, Bytes::from_static(b"\x00")));
        for nothing in [b"".as_slice(), b"\x00", b"\x01", b"\x01words", b"\x03words"] {
            assert_eq!(heard(nothing), Heard::Nothing, "{nothing:?}");
        }
        assert_eq!(heard(b"\x04x"), Heard::Unknown(4));
        assert_eq!(heard(b"\xff"), Heard::Unknown(255));
    }
}
