//! The controllers together, over a real store: with a kubelet of two lines, either step by step
//! until nothing moves, or as they run, on paused time. `shop` is what the tests stand on.

mod deployments;
mod events;
mod garbage;
mod jobs;
mod services;
mod shop;
