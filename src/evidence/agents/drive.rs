//! Driving the agents: streams are started, watched and stopped through the API server.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use http::Method;
use serde_json::json;

use crate::cluster::{Cluster, Pod};
use crate::error::{Error, Result};
use crate::load::wire::Started;
use crate::load::{StreamReport, StreamSpec, agent, wire};

/// How to reach the agents, by client.
#[derive(Debug, Clone, Default)]
pub struct Handles {
    pub(crate) pods: BTreeMap<String, Pod>,
}

// === impl Handles ===

impl Handles {
    /// Starts one stream on each client's agent; answers the streams' ids by client.
    pub async fn send(
        &self,
        cluster: &Cluster,
        specs: BTreeMap<String, StreamSpec>,
    ) -> Result<BTreeMap<String, u64>> {
        let starting = specs.into_iter().map(|(client, spec)| async move {
            let body = json!([spec]);
            let pod = self.pod(&client)?;
            let path = wire::STREAMS;
            let page =
                cluster.pod_request(Method::POST, pod, agent::PORT, path, Some(&body)).await?;
            let started: Started = answer(&page, &client)?;
            let none = || Error::runner("starting load", "the agent answered no stream id");
            Ok((client, started.ids.into_iter().next().ok_or_else(none)?))
        });
        Ok(try_join_all(starting).await?.into_iter().collect())
    }

    /// The reports of these streams, by client.
    pub async fn reports(
        &self,
        cluster: &Cluster,
        ids: &BTreeMap<String, u64>,
    ) -> Result<BTreeMap<String, StreamReport>> {
        let asking = ids.iter().map(|(client, id)| async move {
            let path = wire::stream(*id);
            let page = cluster.pod_get(self.pod(client)?, agent::PORT, &path).await?;
            Ok((client.clone(), answer(&page, client)?))
        });
        Ok(try_join_all(asking).await?.into_iter().collect())
    }

    /// Stops these streams; requests in flight end by themselves.
    pub async fn stop_streams(&self, cluster: &Cluster, ids: &BTreeMap<String, u64>) -> Result<()> {
        let stopping = ids.iter().map(|(client, id)| async move {
            let path = wire::stop(*id);
            cluster.pod_request(Method::POST, self.pod(client)?, agent::PORT, &path, None).await
        });
        try_join_all(stopping).await.map(drop)
    }

    fn pod(&self, client: &str) -> Result<&Pod> {
        self.pods
            .get(client)
            .ok_or_else(|| Error::runner("driving load", format!("client {client} has no agent")))
    }
}

fn answer<T: serde::de::DeserializeOwned>(page: &str, client: &str) -> Result<T> {
    serde_json::from_str(page).map_err(|cause| {
        Error::runner(format!("reading the answer of the load agent of client {client}"), cause)
    })
}
