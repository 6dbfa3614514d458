//! Words below which there are no bare numbers: percentages, rates, durations and names of
//! services, as features write them. Pure.

mod error;
mod nearest;
mod percent;
mod rate;
mod service_name;
mod span;
#[cfg(test)]
mod tests;

pub use error::UnitError;
pub use nearest::nearest;
pub use percent::Percent;
pub use rate::Rate;
pub use service_name::ServiceName;
pub use span::Span;
