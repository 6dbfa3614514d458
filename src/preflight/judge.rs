//! What the facts mean: a finding for each thing that was looked at. Pure.

mod admission;
mod application;
mod configured;
mod control_plane;
mod judge;
mod kinds;
mod namespaces;
mod pods;
mod prometheus;
mod rights;
mod sidecars;

pub(super) use judge::judge;
