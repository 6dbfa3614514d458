//! An application as Faultless must know it, described once in a YAML file next to the features:
//! its namespaces, its services, where load enters it, and what a local mesh is made of. Words
//! only: nothing here reaches a mesh.

pub mod client;
pub mod description;
mod lookup;
pub mod manifest;
pub mod settings;

pub use client::Client;
pub use description::{Application, Protocol, Service};
pub use manifest::Manifest;
