//! The one place where foreign text becomes HTML.

use std::fmt::{self, Display, Write as _};

use crate::text;

/// Foreign text, made harmless for HTML, in elements as in attributes.
pub(super) struct Esc<'a>(pub(super) &'a str);

// === impl Esc ===

impl Display for Esc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in text::block(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
