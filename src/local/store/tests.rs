//! What the store promises, over any sequence of writes.
