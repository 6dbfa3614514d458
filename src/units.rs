//! Words below which there are no bare numbers: percentages, rates, durations, names of services
//! and the parts of a request, as features write them. Pure.

mod error;
mod nearest;
mod percent;
mod rate;
pub mod request;
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
