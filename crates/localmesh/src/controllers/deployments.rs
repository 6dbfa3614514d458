//! Deployments: one ReplicaSet per pod template, replicas moved from the old ones to the newest as
//! fast as `maxSurge` and `maxUnavailable` allow, and the conditions that `kubectl rollout status`
//! waits for. Pure.
//!
//! `reconcile` looks at each `rollout`: `revisions` makes, marks and forgets its `ReplicaSets`,
//! `scale` moves the replicas, `status` says how far it is and `progressing` whether it gets on.

mod progressing;
mod reconcile;
mod revisions;
mod rollout;
mod scale;
mod status;

pub(super) use self::reconcile::reconcile;
