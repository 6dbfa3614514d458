//! Who counts what. Pure.

use crate::application::Application;
use crate::error::Result;
use crate::evidence::agents::Agents;
use crate::evidence::claim::{Caller, Expectation, Observer, Property};
use crate::evidence::count::judgement::Counted;
use crate::evidence::doubt::Doubt;
use crate::evidence::filters::{beside, filter};
use crate::evidence::piece::{Slice, View};
use crate::telemetry::Filter;
use crate::verdict::Counts;

impl Expectation {
    /// What the evidence holds for it, for each observer by name.
    pub(crate) fn count(
        &self,
        application: &Application,
        view: &View,
        slice: &Slice,
    ) -> Result<Vec<Counted>> {
        match &self.observer {
            Observer::EachClient => {
                let clients = view.clients();
                clients.map(|name| self.count_client(name, application, view, slice)).collect()
            }
            Observer::AllClients => {
                let (mut counts, mut short) = (Counts::exact(0, 0), None);
                for name in view.clients() {
                    let counted = self.count_client(name, application, view, slice)?;
                    counts = counts.and(counted.counts);
                    short = short.or(counted.short);
                }
                Ok(vec![Counted { who: self.observer.to_string(), counts, short }])
            }
            Observer::Client(name) => {
                Ok(vec![self.count_client(name, application, view, slice)?])
            }
            Observer::Proxies { reporter, service, version, caller } => {
                let service = application.service(service)?;
                let mut filter = filter(*reporter, service);
                filter.destination_version.clone_from(version);
                match caller {
                    Some(Caller::Client(name)) => beside(&mut filter, application, name)?,
                    Some(Caller::Workload(name)) => {
                        filter.source_namespace = application.workload(name)?;
                        filter.source_workload = Some(name.clone());
                    }
                    None => {}
                }
                let (counts, short) = match &self.property {
                    Property::Copied(_) | Property::Arrives | Property::Tried(_) => {
                        self.compare_sides(&filter, application, view)?
                    }
                    _ => self.count_proxies(&filter, &slice.window),
                };
                let doubt = view.doubt(application, &filter, self.compares_sides())?;
                let who = self.observer.to_string();
                Ok(vec![Counted { who, counts, short: short.or(doubt) }])
            }
        }
    }

    /// Whether it compares what was sent with what arrived.
    pub(crate) fn compares_sides(&self) -> bool {
        matches!(self.property, Property::Copied(_) | Property::Arrives | Property::Tried(_))
    }
}

impl View {
    /// The clients through which load was sent, in order.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &String> {
        self.sum.clients.keys()
    }

    /// Why what a filter asks for is in doubt, if ledgers that it rests on did not come together.
    pub(crate) fn doubt(
        &self,
        application: &Application,
        filter: &Filter,
        both_sides: bool,
    ) -> Result<Option<String>> {
        for doubt in &self.doubts {
            let side = both_sides || filter.reporter.is_none_or(|reporter| reporter == doubt.side);
            let service = application.service(&doubt.service)?;
            let asked = filter.destination_service.as_ref();
            let about = asked.is_none_or(|asked| {
                asked.name == service.name
                    && asked.namespace.as_ref().is_none_or(|ns| *ns == service.namespace)
            });
            let (_, workload) = Agents::workload(application.client(&doubt.client)?);
            let caller = filter.source_workload.as_ref().is_none_or(|source| *source == workload);
            if side && about && caller {
                let Doubt { client, text, .. } = doubt;
                return Ok(Some(format!("the ledgers of client {client} did not agree: {text}")));
            }
        }
        Ok(None)
    }
}
