//! Prometheus' text format, version 0.0.4, and OpenMetrics as far as a pod's merged page mixes it
//! in: read line by line, and written. Pure.
//!
//! Written for this house because the parsers on the shelf drop what Envoy emits: `name{}`, and
//! label values that contain `}` or `,`. Sources: Prometheus' documentation, "Exposition formats";
//! the OpenMetrics specification.
//!
//! pilot-agent puts the application's lines behind Envoy's as they are, whatever they are. So a
//! line that cannot be read costs no other line: `lines` cuts a page up and finds each line's name,
//! `Line::sample` reads the rest of those that somebody wants.

mod error;
mod labels;
mod line;
mod sample;
mod write;

pub use error::{ParseError, Reason};
pub use labels::Labels;
pub use line::{Line, MAX_BYTES, MAX_LINE_BYTES, lines};
pub use sample::{MAX_LABELS, Sample};
pub use write::{Family, Part};
