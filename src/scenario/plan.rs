//! What a scenario is going to claim, noted when it is walked through in plan: how long load must
//! be sent after a change follows from all the claims up to the next one, not from the first alone.
//! And what of it outlasts the scenario.

use std::collections::VecDeque;
use std::time::Duration;

use crate::evidence::Claim;

/// The claims of a scenario, grouped by the evidence that they share, in order.
#[derive(Debug, Default)]
pub struct ScenarioPlan {
    groups: VecDeque<Vec<Claim>>,
    /// Whether the next claim is about new evidence.
    closed: bool,
    /// How long a request that began under the scenario's last configuration may still take. What
    /// is looked at next on the same mesh waits for that.
    pub longest_delay: Duration,
}

// === impl ScenarioPlan ===

impl ScenarioPlan {
    /// Notes a claim.
    pub(crate) fn note(&mut self, claim: &Claim) {
        match self.groups.back_mut() {
            Some(group) if !self.closed => group.push(claim.clone()),
            _ => self.groups.push_back(vec![claim.clone()]),
        }
        self.closed = false;
    }

    /// Something is changed: what was seen up to here says nothing about what is claimed next.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// All claims that are still to come.
    pub(crate) fn all(&self) -> Vec<Claim> {
        self.groups.iter().flatten().cloned().collect()
    }

    /// The claims that the next evidence is for; none if they were never noted.
    pub(crate) fn next(&mut self) -> Vec<Claim> {
        self.groups.pop_front().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Expectation, Observer, Property, Unit};
    use crate::verdict::Bound;

    #[test]
    fn claims_are_grouped_by_what_lies_between_them() {
        let claim = |status| {
            Claim::Share(Expectation {
                observer: Observer::EachClient,
                unit: Unit::Requests,
                property: Property::Status(status),
                bound: Bound::Every,
            })
        };
        let mut plan = ScenarioPlan::default();
        plan.close();
        plan.note(&claim(200));
        plan.note(&claim(201));
        plan.close();
        plan.close();
        plan.note(&claim(202));
        assert_eq!(plan.next(), [claim(200), claim(201)]);
        assert_eq!(plan.next(), [claim(202)]);
        assert_eq!(plan.next(), []);
    }
}
