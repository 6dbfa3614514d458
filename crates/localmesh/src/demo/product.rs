//! What the agency sells. Pure.

/// What a product service sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    Hotels,
    Cars,
    Flights,
    Insurances,
}

// === impl Product ===

impl Product {
    pub(super) const ALL: [Self; 4] = [Self::Hotels, Self::Cars, Self::Flights, Self::Insurances];

    /// The service's name, which is also the database's table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hotels => "hotels",
            Self::Cars => "cars",
            Self::Flights => "flights",
            Self::Insurances => "insurances",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.name() == name)
    }

    /// What a product's name is called in the answers.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Hotels => "hotel",
            Self::Cars => "carModel",
            Self::Flights => "airline",
            Self::Insurances => "company",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_known_by_their_names() {
        for product in Product::ALL {
            assert_eq!(Product::of(product.name()), Some(product));
        }
        assert_eq!(Product::of("boats"), None);
    }
}
