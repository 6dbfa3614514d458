//! The same counters as a Prometheus has them: what its proxies' pages said at its last scrape of
//! each pod. No rate is asked for and nothing is extrapolated, so what follows from two readings is
//! exact, as it is from two pages. Pure: who asks is `evidence::prometheus`.
//!
//! `query` is what is asked, `answer` what comes back, `targets` who was scraped when and as what,
//! and `pages` what each pod's page said.

mod answer;
mod pages;
mod query;
mod targets;

pub(crate) use answer::{NoAnswer, Ranges, Samples, scalar};
pub(crate) use pages::{Scraped, pages};
pub(crate) use query::Query;
pub(crate) use targets::{Targets, pods};
