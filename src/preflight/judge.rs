//! What the facts mean: a finding for each thing that was looked at. Pure.

mod admission;
mod application;
mod control_plane;
mod judge;
mod kinds;
mod namespaces;
mod pods;
mod prometheus;
mod rights;

pub(super) use judge::judge;
