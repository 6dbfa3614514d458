//! What a Kubernetes controller manager does: Deployments make `ReplicaSets`, these and Jobs
//! make Pods, Services get `EndpointSlices`, what has lost its owner goes, and so does what is in a
//! namespace that goes.
//!
//! Each controller is a pure function from a `snapshot` of everything to a `plan` of actions; `run`
//! is the rim that takes the snapshots, has `perform` carry the plans out and sleeps until
//! something changes or a deadline comes. A plan is level-triggered: what could not be done, or was
//! overtaken by another write, is planned again from the next snapshot. `read` is what all of them
//! read off objects.

mod deployments;
mod endpoints;
mod events;
mod garbage;
mod jobs;
mod namespaces;
mod perform;
mod plan;
mod read;
mod replica_sets;
mod run;
mod snapshot;

pub use self::run::Controllers;

#[cfg(test)]
mod tests;
