//! One thing that is wrong or doubtful, and where.

use std::fmt;

use crate::metadata::Metadata;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It cannot do what it says.
    Error,
    /// It may not do what was meant.
    Warning,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// `VirtualService travel-agency/hotels`
    pub object: String,
    /// `spec.http[0].route[1].destination.subset`; empty where the whole object is meant.
    pub field: String,
    /// What is wrong, a lower-case fragment.
    pub message: String,
}

/// What is found in one object.
#[derive(Debug)]
pub(super) struct Findings {
    object: String,
    found: Vec<Finding>,
}

// === impl Finding ===

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.object, self.message),
            field => write!(f, "{}: {field}: {}", self.object, self.message),
        }
    }
}

// === impl Findings ===

impl Findings {
    /// None so far in the object that is called so.
    pub(super) fn named(kind: &str, metadata: &Metadata) -> Self {
        let object = format!("{kind} {}/{}", metadata.namespace, metadata.name);
        Self { object, found: Vec::new() }
    }

    /// None so far in this object.
    pub(super) fn of(object: &impl fmt::Display) -> Self {
        Self { object: object.to_string(), found: Vec::new() }
    }

    pub(super) fn error(&mut self, field: impl Into<String>, message: String) {
        self.add(Severity::Error, field.into(), message);
    }

    pub(super) fn warning(&mut self, message: String) {
        self.add(Severity::Warning, String::new(), message);
    }

    pub(super) fn warning_at(&mut self, field: impl Into<String>, message: String) {
        self.add(Severity::Warning, field.into(), message);
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.found
    }

    fn add(&mut self, severity: Severity, field: String, message: String) {
        self.found.push(Finding { severity, object: self.object.clone(), field, message });
    }
}
