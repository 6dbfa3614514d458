//! Verdicts: what was claimed, what was counted, and whether that decides it. Pure.
//!
//! Every claim about a proportion is judged by tests that may be looked at after every single
//! request, and stopped at the first decision, without spoiling the error rate: it is met by bets
//! on the claim (`sequential_test`), and violated by a confidence sequence (`confidence_sequence`).
//! So with the default confidence of 99.9%, at most one in a thousand true claims is ever called
//! violated and at most one in a thousand false claims is ever called met. What the evidence does
//! not decide is undecided, which is not a pass.
//!
//! Requests that share a fate in bursts count for fewer (`trials`): counts are divided by the
//! design effect that their blocks show, or, where the evidence is all alike and cannot show any,
//! by the length that bursts are taken to have. What is guaranteed, and what is not:
//!
//! - Both rates hold for bursts of up to `Trials::burst` requests (by simulation). That is 1 unless
//!   said otherwise: for independent requests, a claim then needs about a fifth more of them than
//!   if they were known to be, and no more at all if they are all alike.
//! - Longer bursts are found out, and counted for what they are, once each outcome came in some
//!   bursts. Decisions before that, on evidence that is all or nearly all alike, may be wrong.
//! - `Every` is violated by one exception, so it is never wrongly violated. That it is met says
//!   that exceptions are rarer than `RARE` unless they come in bursts longer than `Trials::burst`.
//!   The same goes for `No`, and for `Some` being violated.
//!
//! The rate is one claim's. A claim judged over a window in which the configuration changed means
//! nothing.

mod bound;
mod confidence_sequence;
mod counts;
mod decision;
mod judge;
mod numbers;
mod sample_size;
mod sequential_test;
#[cfg(test)]
mod simulation;
mod trials;
mod two_shares;
mod verdict;

pub use bound::Bound;
pub use confidence_sequence::{Confidence, Interval, interval};
pub use counts::Counts;
pub use decision::Decision;
pub use judge::judge;
pub use sample_size::{effort, effort_after};
pub use trials::Trials;
pub use two_shares::{Difference, judge_difference};
pub use verdict::Verdict;
