//! The demo's data: 45 cities with their coordinates, and the products' prices, which follow from
//! a city's number (checked against the demo's `mysqldb-init.sql`). Pure.

use serde::{Deserialize, Serialize};

use super::product::Product;

/// A city as the APIs show it: the coordinates are text.
#[expect(clippy::struct_field_names, reason = "the name of the JSON field")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct City {
    pub(super) city: String,
    pub(super) lat: String,
    pub(super) lng: String,
}

/// The cities in alphabetical order with latitude and longitude; a city's number is its place,
/// counted from 1.
pub(super) const CITIES: [(&str, &str, &str); 45] = [
    ("Amsterdam", "52.3500", "4.9166"),
    ("Andorra", "42.5000", "1.5165"),
    ("Athens", "37.9833", "23.7333"),
    ("Belgrade", "44.8186", "20.4680"),
    ("Berlin", "52.5218", "13.4015"),
    ("Bern", "46.9167", "7.4670"),
    ("Bratislava", "48.1500", "17.1170"),
    ("Brussels", "50.8333", "4.3333"),
    ("Bucharest", "44.4334", "26.0999"),
    ("Budapest", "47.5000", "19.0833"),
    ("Chisinau", "47.0050", "28.8577"),
    ("Copenhagen", "55.6786", "12.5635"),
    ("Dublin", "53.3331", "-6.2489"),
    ("Helsinki", "60.1756", "24.9341"),
    ("Kiev", "50.473782", "30.516237"),
    ("Lisbon", "38.7227", "-9.1449"),
    ("Ljubljana", "46.0553", "14.5150"),
    ("London", "51.5000", "-0.1167"),
    ("Luxembourg", "49.6117", "6.1300"),
    ("Madrid", "40.4000", "-3.6834"),
    ("Minsk", "53.9000", "27.5666"),
    ("Monaco", "43.7396", "7.4069"),
    ("Moscow", "55.7522", "37.6155"),
    ("Nicosia", "35.1667", "33.3666"),
    ("Nuuk", "64.1983", "-51.7327"),
    ("Oslo", "59.9167", "10.7500"),
    ("Paris", "48.8667", "2.3333"),
    ("Podgorica", "42.4660", "19.2663"),
    ("Prague", "50.0833", "14.4660"),
    ("Reykjavik", "64.1500", "-21.9500"),
    ("Riga", "56.9500", "24.1000"),
    ("Rome", "41.8960", "12.4833"),
    ("San Marino", "43.9172", "12.4667"),
    ("Sarajevo", "43.8500", "18.3830"),
    ("Skopje", "42.0000", "21.4335"),
    ("Sofia", "42.6833", "23.3167"),
    ("Stockholm", "59.3508", "18.0973"),
    ("Tallinn", "59.4339", "24.7280"),
    ("Tirana", "41.3275", "19.8189"),
    ("Vaduz", "47.1337", "9.5167"),
    ("Valletta", "35.8997", "14.5147"),
    ("Vienna", "48.2000", "16.3666"),
    ("Vilnius", "54.6834", "25.3166"),
    ("Warsaw", "52.2500", "21.0000"),
    ("Zagreb", "45.8000", "16.0000"),
];

/// The products of one kind in a city, with their prices; `None` for an unknown city.
pub(super) fn products(product: Product, city: &str) -> Option<Vec<(String, u32)>> {
    let place = CITIES.iter().position(|(name, ..)| *name == city)?;
    let number = u32::try_from(place).ok()? + 1;
    let products = match product {
        Product::Hotels => vec![
            (format!("Grand Hotel {city}"), 500 + 5 * number),
            (format!("Little {city} Hotel"), 80 + 2 * number),
        ],
        Product::Cars => vec![
            ("Sports Car".to_owned(), 1000 + 5 * number),
            ("Economy Car".to_owned(), 300 + 2 * number),
        ],
        Product::Flights => vec![
            ("Red Airlines".to_owned(), 1000 + number),
            ("Blue Airlines".to_owned(), 350 + number),
            ("Green Airlines".to_owned(), 300 + number),
        ],
        Product::Insurances => vec![
            ("Yellow Insurances".to_owned(), 307 + number),
            ("Blue Insurances".to_owned(), 56 + number),
        ],
    };
    Some(products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_are_45_in_order_with_coordinates() {
        assert!(CITIES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(
            (CITIES[0].0, CITIES[32].0, CITIES[44].0),
            ("Amsterdam", "San Marino", "Zagreb")
        );
        for (city, lat, lng) in CITIES {
            let (lat, lng): (f64, f64) = (lat.parse().unwrap(), lng.parse().unwrap());
            assert!((35.0..65.0).contains(&lat) && (-52.0..38.0).contains(&lng), "{city}");
        }
    }

    #[test]
    fn prices_follow_from_the_number() {
        let of = |product, city| products(product, city).unwrap();
        let rome = [("Grand Hotel Rome".to_owned(), 660), ("Little Rome Hotel".to_owned(), 144)];
        assert_eq!(of(Product::Hotels, "Rome"), rome);
        assert_eq!(of(Product::Cars, "Amsterdam")[0].1, 1005);
        assert_eq!(of(Product::Cars, "Zagreb")[1].1, 390);
        assert_eq!(of(Product::Flights, "Budapest")[1], ("Blue Airlines".to_owned(), 360));
        assert_eq!(of(Product::Insurances, "Andorra")[1], ("Blue Insurances".to_owned(), 58));
        assert_eq!(products(Product::Hotels, "Atlantis"), None);
        assert_eq!(products(Product::Hotels, "rome"), None);
    }
}
