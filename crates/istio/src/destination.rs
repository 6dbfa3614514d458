//! Where requests and connections go.

use crate::field::{Field, parts};
use crate::headers::Headers;

parts! {
    /// A destination with its share.
    pub struct RouteDestination {
        /// Where.
        pub destination: Field<Destination>,
        /// Its share, relative to the sum; does not matter for a single destination.
        pub weight: Option<i32>,
        /// Header changes for this destination.
        pub headers: Option<Headers>,
    }

    /// A service, or a subset of its pods.
    pub struct Destination {
        /// Host name of the service.
        pub host: Field<String>,
        /// Subset, as a `DestinationRule` defines it.
        pub subset: Field<String>,
        /// Port; none means the service's only one, or the one that was called.
        pub port: Option<PortSelector>,
    }

    /// A port by number.
    pub struct PortSelector {
        /// The number.
        pub number: Field<u32>,
    }
}
