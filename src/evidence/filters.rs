//! Which series of the telemetry a sentence is about. Pure.

use crate::application::{Application, Service};
use crate::error::{Error, Result};
use crate::evidence::agents::Agents;
use crate::telemetry::{Filter, Reporter};
use crate::units::ServiceName;

pub(crate) fn filter(reporter: Reporter, service: &Service) -> Filter {
    let namespace = Some(service.namespace.clone());
    Filter::of(reporter, &ServiceName { name: service.name.clone(), namespace })
}

/// Only what the load agent beside this client sent.
pub(crate) fn beside(filter: &mut Filter, application: &Application, client: &str) -> Result<()> {
    let (namespace, workload) = Agents::workload(application.client(client)?);
    filter.source_namespace = Some(namespace);
    filter.source_workload = Some(workload);
    Ok(())
}

/// The service that a client calls.
pub(crate) fn called(application: &Application, client: &str) -> Result<ServiceName> {
    let calls = &application.client(client)?.calls;
    calls.parse().map_err(|cause| Error::feature("reading a service's name", cause))
}
