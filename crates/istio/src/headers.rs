//! What a rule does to headers.

use std::collections::BTreeMap;

use crate::field::{Field, parts};

parts! {
    /// Header changes.
    pub struct Headers {
        /// Of the request.
        pub request: Option<HeaderOperations>,
        /// Of the response.
        pub response: Option<HeaderOperations>,
    }

    /// Header changes in one direction.
    pub struct HeaderOperations {
        /// Replaced.
        pub set: Field<BTreeMap<String, String>>,
        /// Appended.
        pub add: Field<BTreeMap<String, String>>,
        /// Removed.
        pub remove: Field<Vec<String>>,
    }
}
