//! The demo's own chaos: `CHAOS_MONKEY` makes a service sleep before it answers some requests.
//! Whether it does is a function of the request; only the sleep needs a clock.

use std::time::Duration;

use super::env::Env;

/// The sleep when `CHAOS_MONKEY_SLEEP` does not say.
const SLEEP_MS: u64 = 500;

/// The longest sleep that is believed.
const SLEEP_MAX: Duration = Duration::from_mins(10);

/// What a service's monkey does; the default does nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Monkey {
    sleep: Option<Duration>,
    portal: Option<String>,
    device: Option<String>,
    user: Option<String>,
    city: Option<String>,
}

// === impl Monkey ===

impl Monkey {
    /// As the environment describes it.
    pub(super) fn of(env: &Env) -> Self {
        if env.get("CHAOS_MONKEY") != Some("true") {
            return Self::default();
        }
        let sleep = env.number("CHAOS_MONKEY_SLEEP").unwrap_or(SLEEP_MS);
        let filter = |name: &str| env.get(name).map(str::to_owned);
        Self {
            sleep: Some(Duration::from_millis(sleep).min(SLEEP_MAX)),
            portal: filter("CHAOS_MONKEY_PORTAL"),
            device: filter("CHAOS_MONKEY_DEVICE"),
            user: filter("CHAOS_MONKEY_USER"),
            city: filter("CHAOS_MONKEY_CITY"),
        }
    }

    /// The sleep of a product service or of discounts. Without a filter only requests are delayed
    /// that carry none of the three; that is how the demo's programs behave.
    pub(super) fn for_product(&self, portal: &str, device: &str, user: &str) -> Option<Duration> {
        let matches = |value: &str, filter: &Option<String>| {
            !value.is_empty() && filter.as_deref() == Some(value)
        };
        let applies = matches(portal, &self.portal)
            || matches(device, &self.device)
            || matches(user, &self.user)
            || [portal, device, user].iter().all(|value| value.is_empty());
        self.sleep.filter(|_| applies)
    }

    /// The sleep of travels, which looks at the city and the user; without filters, always.
    pub(super) fn for_travels(&self, city: &str, user: &str) -> Option<Duration> {
        let applies = self.city.is_none() && self.user.is_none()
            || self.city.as_deref() == Some(city)
            || self.user.as_deref() == Some(user);
        self.sleep.filter(|_| applies)
    }
}

/// Sleeps if there is something to sleep.
pub(super) async fn release(sleep: Option<Duration>) {
    if let Some(sleep) = sleep {
        tokio::time::sleep(sleep).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: (&str, &str) = ("CHAOS_MONKEY", "true");

    #[test]
    fn without_the_switch_nothing_sleeps() {
        let monkey = Monkey::of(&Env::of(&[("CHAOS_MONKEY_SLEEP", "9"), ("CHAOS_MONKEY", "yes")]));
        assert_eq!(monkey, Monkey::default());
        assert_eq!(monkey.for_product("", "", ""), None);
        assert_eq!(monkey.for_travels("", ""), None);
    }

    #[test]
    fn a_product_service_sleeps_where_a_filter_matches() {
        let env = [ON, ("CHAOS_MONKEY_SLEEP", "9"), ("CHAOS_MONKEY_USER", "new")];
        let monkey = Monkey::of(&Env::of(&env));
        let ms = Some(Duration::from_millis(9));
        assert_eq!(monkey.for_product("viaggi.it", "web", "new"), ms);
        assert_eq!(monkey.for_product("viaggi.it", "web", "registered"), None);
        assert_eq!(monkey.for_product("", "", ""), ms);
        let unfiltered = Monkey::of(&Env::of(&[ON, ("CHAOS_MONKEY_SLEEP", "soon")]));
        assert_eq!(unfiltered.for_product("viaggi.it", "web", "new"), None);
        assert_eq!(unfiltered.for_product("", "", ""), Some(Duration::from_millis(SLEEP_MS)));
    }

    #[test]
    fn travels_sleeps_always_or_for_a_city_or_a_user() {
        let always = Monkey::of(&Env::of(&[ON]));
        assert!(always.for_travels("Rome", "new").is_some());
        let some = [ON, ("CHAOS_MONKEY_CITY", "Rome"), ("CHAOS_MONKEY_USER", "new")];
        let some = Monkey::of(&Env::of(&some));
        assert!(
            some.for_travels("Rome", "").is_some() && some.for_travels("Oslo", "new").is_some()
        );
        assert!(some.for_travels("Oslo", "registered").is_none());
    }
}
