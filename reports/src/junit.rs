//! A run as `JUnit` XML, for CI systems: one suite per feature, one test case per scenario. What
//! the mesh did (violated, inconclusive, vacuous) is a *failure*; what the runner, the feature or
//! the clean-up did is an *error*; so a dashboard tells them apart. In a placebo run it is the
//! other way round with what the mesh did: a scenario that passes without its fault is the failure.

mod case;
mod finish;
mod names;
mod report;
#[cfg(test)]
mod tests;

pub use self::report::render;
