//! Protobuf on the wire: numbered fields that hold a whole number or bytes. Pure.

use crate::store::Refusal;

/// The content of one field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

/// What is left of a message.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// Refuses what is no protobuf, or not the message that it should be.
pub(super) fn malformed() -> Refusal {
    Refusal::bad_request("the body is no Kubernetes object in protobuf")
}

// === impl Wire ===

impl<'a> Wire<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Refusal> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(malformed()) }
    }

    pub(super) fn text(self) -> Result<&'a str, Refusal> {
        std::str::from_utf8(self.bytes()?).map_err(|_| malformed())
    }

    pub(super) fn number(self) -> Result<i64, Refusal> {
        if let Self::Varint(number) = self { Ok(number.cast_signed()) } else { Err(malformed()) }
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    /// The next field's number and content, or `None` at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u64, Wire<'a>)>, Refusal> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| malformed())?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(malformed)?;
                self.0 = rest;
                Wire::Bytes(bytes)
            }
            // Kubernetes' own messages use no other wire type in what is described here.
            _ => return Err(malformed()),
        };
        Ok(Some((tag >> 3, wire)))
    }

    fn varint(&mut self) -> Result<u64, Refusal> {
        let mut number = 0_u64;
        // Ten groups of seven bits hold 64.
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or_else(malformed)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            number |= bits.checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(malformed())
    }
}
