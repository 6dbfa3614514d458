//! A travel portal: it asks the agency for the cities and then for a quote, again and again, as
//! its settings say, and tells what it did.
//!
//! `service` is the portal; its state is pure: the `cycle`, by its `settings`, whose turn it is (a
//! `traveller`), and `counts` of what was asked.

mod counts;
mod cycle;
mod service;
mod settings;
mod traveller;

pub(super) use self::service::run;
