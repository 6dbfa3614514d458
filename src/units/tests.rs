//! What is read as a unit, and what is not.

use crate::units::percent::Percent;
use crate::units::rate::Rate;
use crate::units::service_name::ServiceName;
use crate::units::span::Span;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_shown_alike() {
        for word in ["250ms", "5s", "90s"] {
            assert_eq!(word.parse::<Span>().unwrap().to_string(), word);
        }
        for text in ["1.5s", "2.055s", "3599.999s", "60s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("99.9%".parse::<Percent>().unwrap().to_string(), "99.9%");
        for word in ["hotels", "travels.travel-agency"] {
            assert_eq!(word.parse::<ServiceName>().unwrap().to_string(), word);
        }
    }

    #[test]
    fn absurd_numbers_are_refused() {
        for word in ["-5s", "0s", "5", "5 parsecs", "1e99s", "NaNs", "infs", "", "s", "2h"] {
            assert!(word.parse::<Span>().is_err(), "{word}");
        }
        for word in ["-1%", "101%", "many", "NaN%", "inf%", ""] {
            assert!(word.parse::<Percent>().is_err(), "{word}");
        }
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(Rate::per_second(rate).is_err(), "{rate}");
        }
        for word in ["", "Hotels", "hotels.", ".shop", "a b", "-a", "x".repeat(64).as_str()] {
            assert!(word.parse::<ServiceName>().is_err(), "{word}");
        }
    }
}
