//! Load agents: pods that send what they are told.

mod drive;
mod manifest;
mod start;

pub use drive::Handles;
pub use start::Agents;
