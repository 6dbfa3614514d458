//! One HTTP rule of a `VirtualService`, where it stands.

use super::view::View;
use istio::{HttpRoute, VirtualService};

/// A rule where it stands: in which object, and for calls to which port.
#[expect(clippy::struct_field_names, reason = "`rule` is what it is of the object")]
pub(super) struct Rule<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) object: &'a VirtualService,
    pub(super) rule: &'a HttpRoute,
    pub(super) port: u16,
}
