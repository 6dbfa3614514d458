//! Jobs: pods that run to their end, a deadline, and a Job that goes by itself some time after it
//! has finished. A Job without pods (`parallelism: 0`) with a deadline is the dead-man's switch of
//! a run, so start, deadline, suspension and deletion follow each other exactly as in Kubernetes.
//! Pure.
//!
//! `reconcile` looks at each `job` that has not ended; `end` is how one ends, and `pods` what it
//! has run for it.

mod end;
mod job;
mod pods;
mod reconcile;

pub(super) use self::reconcile::reconcile;
