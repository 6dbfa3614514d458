//! How a portal is set, in percent. Pure.

use serde::{Deserialize, Serialize};

/// How a portal is set, in percent. What a PUT leaves out is zero, as in the original; a portal
/// starts with `Cycle::default`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) request_ratio: i64,
    pub(super) devices: Devices,
    pub(super) users: Users,
    pub(super) travel_type: TravelType,
}

/// By device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Devices {
    pub(super) web: i64,
    pub(super) mobile: i64,
}

/// By user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Users {
    pub(super) registered: i64,
    pub(super) new: i64,
}

/// By kind of travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TravelType {
    pub(super) t1: i64,
    pub(super) t2: i64,
    pub(super) t3: i64,
}
