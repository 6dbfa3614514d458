//! A travel portal: it asks the agency for the cities and then for a quote, again and again, as
//! its settings say, and tells what it did.
//!
//! `service` is the portal; its state is pure: the `cycle` of travellers, by its `settings`, and
//! the `counts` of what was asked for them.

mod counts;
mod cycle;
mod service;
mod settings;

pub(super) use self::service::run;
