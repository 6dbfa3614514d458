//! Who travels, and what was asked for travellers. Pure.

use std::fmt;

use serde::Serialize;

use super::settings::{Devices, TravelType, Users};

/// Who travels, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traveller {
    pub(super) device: &'static str,
    pub(super) user: &'static str,
    pub(super) travel: &'static str,
}

/// What was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Requests {
    pub(super) total: i64,
    pub(super) devices: Devices,
    pub(super) users: Users,
    pub(super) travel_type: TravelType,
}

// === impl Requests ===

impl Requests {
    /// Counts the kinds of a traveller; the total is the caller's.
    pub(super) fn count(&mut self, traveller: &Traveller) {
        match traveller.device {
            "mobile" => self.devices.mobile += 1,
            _ => self.devices.web += 1,
        }
        match traveller.user {
            "registered" => self.users.registered += 1,
            _ => self.users.new += 1,
        }
        match traveller.travel {
            "t1" => self.travel_type.t1 += 1,
            "t2" => self.travel_type.t2 += 1,
            _ => self.travel_type.t3 += 1,
        }
    }
}

// === impl Traveller ===

impl fmt::Display for Traveller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "device {}, user {}, travel {}", self.device, self.user, self.travel)
    }
}
