//! A portal's state: whose turn it is, which cities it knows, how often it asks, what it counted.
//! Pure; randomness comes in.

use std::time::Duration;

use serde_json::{Value, json};

use super::counts::{Requests, Traveller};
use super::settings::{Devices, Settings, TravelType, Users};
use crate::demo::data::City;

/// The pause at ratio 0, and the shortest pause, in milliseconds.
const PAUSE_MAX_MS: f64 = 15_000.0;
const PAUSE_MIN_MS: f64 = 750.0;

/// Ratios below zero make the pause longer; it is not made longer than this.
const PAUSE_LIMIT_MS: f64 = 600_000.0;

/// The cities a portal remembers at most; the agency has 45.
const CITIES_MAX: usize = 1000;

/// The state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cycle {
    pub(super) settings: Settings,
    /// What is left of the percentages until they start anew.
    left: Settings,
    requests: Requests,
    /// The cities as they were listed last.
    known: Vec<City>,
    quoted: Vec<(String, [f64; 2], Requests)>,
}

// === impl Cycle ===

impl Default for Cycle {
    fn default() -> Self {
        let settings = Settings {
            request_ratio: 50,
            devices: Devices { web: 50, mobile: 50 },
            users: Users { registered: 50, new: 50 },
            travel_type: TravelType { t1: 34, t2: 33, t3: 33 },
        };
        Self {
            left: settings.clone(),
            settings,
            requests: Requests::default(),
            known: Vec::new(),
            quoted: Vec::new(),
        }
    }
}

impl Cycle {
    /// The next traveller: by the parity of the count (odd: web and new, even: mobile and
    /// registered) and its remainder by 3, as far as the percentages are not used up.
    pub(super) fn begin(&mut self) -> Traveller {
        self.requests.total += 1;
        let (odd, third) = (self.requests.total % 2 == 1, self.requests.total % 3);
        let left = &mut self.left;
        let device = take(usize::from(!odd), [&mut left.devices.web, &mut left.devices.mobile]);
        let user = take(usize::from(!odd), [&mut left.users.new, &mut left.users.registered]);
        let types = &mut left.travel_type;
        let preferred = usize::try_from(third).unwrap_or(0);
        let travel = take(preferred, [&mut types.t1, &mut types.t2, &mut types.t3]);
        let traveller = Traveller {
            device: ["web", "mobile"][device],
            user: ["new", "registered"][user],
            travel: ["t1", "t2", "t3"][travel],
        };
        self.renew();
        self.requests.count(&traveller);
        traveller
    }

    /// Percentages that are used up start anew.
    fn renew(&mut self) {
        let (left, settings) = (&mut self.left, &self.settings);
        if left.devices.web <= 0 && left.devices.mobile <= 0 {
            left.devices = settings.devices;
        }
        if left.users.new <= 0 && left.users.registered <= 0 {
            left.users = settings.users;
        }
        let TravelType { t1, t2, t3 } = left.travel_type;
        if t1 <= 0 && t2 <= 0 && t3 <= 0 {
            left.travel_type = settings.travel_type;
        }
    }

    /// The answer to the question for the cities, whatever its status was: what is no list leaves
    /// the known ones as they are, an empty list empties them.
    pub(super) fn listed(&mut self, body: &[u8]) {
        if let Ok(mut cities) = serde_json::from_slice::<Vec<City>>(body) {
            cities.truncate(CITIES_MAX);
            self.known = cities;
        }
    }

    /// A city to travel to; none while no city is known.
    pub(super) fn choose(&self, random: u32) -> Option<String> {
        let count = u32::try_from(self.known.len()).ok().filter(|count| *count > 0)?;
        let index = usize::try_from(random % count).unwrap_or(0);
        self.known.get(index).map(|city| city.city.clone())
    }

    /// A quote was received.
    pub(super) fn quoted(&mut self, city: &str, traveller: &Traveller) {
        let place = self.quoted.iter().position(|(name, ..)| name == city);
        let place = place.or_else(|| {
            if self.quoted.len() >= CITIES_MAX {
                return None;
            }
            let known = self.known.iter().find(|known| known.city == city);
            let number = |text: &str| text.parse().unwrap_or(0.0);
            let at = known.map_or([0.0; 2], |city| [number(&city.lng), number(&city.lat)]);
            self.quoted.push((city.to_owned(), at, Requests::default()));
            Some(self.quoted.len() - 1)
        });
        if let Some((_, _, requests)) = place.and_then(|place| self.quoted.get_mut(place)) {
            requests.total += 1;
            requests.count(traveller);
        }
    }

    /// How long to pause before the next cycle.
    pub(super) fn sleep(&self) -> Duration {
        let ratio = self.settings.request_ratio as f64 / 100.0;
        let pause = (PAUSE_MAX_MS * (1.0 - ratio)).clamp(PAUSE_MIN_MS, PAUSE_LIMIT_MS);
        Duration::from_secs_f64(pause.trunc() / 1000.0)
    }

    /// New settings; the percentages start anew.
    pub(super) fn set(&mut self, settings: Settings) {
        self.left = settings.clone();
        self.settings = settings;
    }

    /// What the portal tells about itself.
    pub(super) fn status(&self) -> Value {
        let cities = self.quoted.iter().map(|(city, coordinates, requests)| {
            json!({ "city": city, "coordinates": coordinates, "requests": requests })
        });
        // Go writes a list that was never made as null.
        let cities: Vec<_> = cities.collect();
        let cities = if cities.is_empty() { Value::Null } else { Value::Array(cities) };
        json!({ "requests": self.requests, "cities": cities, "error": false })
    }
}

/// Takes one of the preferred kind, or of the next one of which something is left; where nothing
/// is left at all (percentages of zero), the preferred kind.
#[expect(clippy::needless_pass_by_value, reason = "the array is made for this call alone")]
fn take<const N: usize>(preferred: usize, left: [&mut i64; N]) -> usize {
    let order = (0..N).map(|step| (preferred + step) % N);
    let chosen = order.into_iter().find(|kind| *left[*kind] > 0);
    match chosen {
        Some(kind) => {
            *left[kind] -= 1;
            kind
        }
        None => preferred % N,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cities(names: &[&str]) -> Vec<u8> {
        let all: Vec<_> =
            names.iter().map(|n| json!({"city": n, "lat": "1", "lng": "2"})).collect();
        serde_json::to_vec(&all).unwrap()
    }

    #[test]
    fn travellers_alternate_by_parity_and_by_three() {
        let mut cycle = Cycle::default();
        let first: Vec<_> = (0..6).map(|_| cycle.begin()).collect();
        let shown: Vec<_> = first.iter().map(|t| (t.device, t.user, t.travel)).collect();
        assert_eq!(
            shown,
            [
                ("web", "new", "t2"),
                ("mobile", "registered", "t3"),
                ("web", "new", "t1"),
                ("mobile", "registered", "t2"),
                ("web", "new", "t3"),
                ("mobile", "registered", "t1"),
            ]
        );
    }

    #[test]
    fn percentages_bound_the_kinds_within_a_hundred() {
        let mut cycle = Cycle::default();
        cycle.set(Settings {
            request_ratio: 50,
            devices: Devices { web: 80, mobile: 20 },
            users: Users { registered: 0, new: 100 },
            travel_type: TravelType { t1: 10, t2: 90, t3: 0 },
        });
        for _ in 0..300 {
            cycle.begin();
        }
        assert_eq!(cycle.requests.total, 300);
        assert_eq!(cycle.requests.devices, Devices { web: 240, mobile: 60 });
        assert_eq!(cycle.requests.users, Users { registered: 0, new: 300 });
        assert_eq!(cycle.requests.travel_type, TravelType { t1: 30, t2: 270, t3: 0 });
    }

    #[test]
    fn percentages_of_zero_do_not_stop_a_portal() {
        let mut cycle = Cycle::default();
        cycle.set(Settings::default());
        assert_eq!(cycle.begin().device, "web");
        assert_eq!(cycle.begin().device, "mobile");
    }

    #[test]
    fn a_broken_list_keeps_the_old_cities_and_an_empty_one_empties_them() {
        let mut cycle = Cycle::default();
        assert_eq!(cycle.choose(7), None);
        cycle.listed(&cities(&["Rome", "Oslo"]));
        assert_eq!(cycle.choose(7).unwrap(), "Oslo");
        for body in ["upstream request timeout", "", "{\"error\":\"x\"}", "[{\"city\":1}]"] {
            cycle.listed(body.as_bytes());
            assert_eq!(cycle.choose(0).unwrap(), "Rome", "{body}");
        }
        cycle.listed(b"[]");
        assert_eq!(cycle.choose(0), None);
    }

    #[test]
    fn the_pause_follows_from_the_ratio() {
        let mut cycle = Cycle::default();
        for (ratio, ms) in
            [(50, 7500), (100, 750), (95, 750), (94, 900), (0, 15_000), (500, 750), (-5, 15_750)]
        {
            cycle.settings.request_ratio = ratio;
            assert_eq!(cycle.sleep(), Duration::from_millis(ms), "{ratio}");
        }
        cycle.settings.request_ratio = i64::MIN;
        assert_eq!(cycle.sleep(), Duration::from_mins(10));
    }

    #[test]
    fn cycles_and_quotes_are_counted_apart() {
        let mut cycle = Cycle::default();
        assert_eq!(cycle.status()["cities"], Value::Null);
        cycle.listed(&cities(&["Rome"]));
        let traveller = cycle.begin();
        cycle.quoted("Rome", &traveller);
        cycle.begin();
        let status = cycle.status();
        assert_eq!(status["requests"]["total"], 2);
        assert_eq!(status["requests"]["devices"], json!({"web": 1, "mobile": 1}));
        assert_eq!(status["cities"][0]["requests"]["total"], 1);
        assert_eq!(status["cities"][0]["coordinates"], json!([2.0, 1.0]));
        assert_eq!(status["cities"][0]["requests"]["travel_type"], json!({"t1":0,"t2":1,"t3":0}));
        assert_eq!(status["error"], false);
    }
}
