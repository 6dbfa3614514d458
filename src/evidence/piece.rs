//! Pieces of load and what came of them, and those that are evidence for something, taken together.
//!
//! A piece is evidence for whatever is claimed, but for one thing: a claim about time does not look
//! at pieces in which the machine was starved (`witness`). Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::evidence::doubt::Doubt;
use crate::evidence::witness;
use crate::load::{Conditions, StreamReport, Tally};
use crate::telemetry::Window;

/// One piece of load and what came of it.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    /// What the proxies counted.
    pub(crate) window: Window,
    /// What the clients counted, by client.
    pub(crate) clients: BTreeMap<String, Tally>,
    /// The same, slice by slice of time.
    pub(crate) slices: Vec<Slice>,
    /// What the time was like.
    pub(crate) conditions: Conditions,
    /// Requests per second of all clients whose rate can be chosen.
    pub(crate) rate: f64,
    /// Where the ledgers did not come together.
    pub(crate) doubts: Vec<Doubt>,
}

/// What a short stretch of time added, on one side: what clients counted, or what proxies did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slice {
    /// What the proxies counted.
    pub window: Window,
    /// What the clients counted, by client.
    pub clients: BTreeMap<String, Tally>,
}

/// The pieces that are evidence for something, taken together.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// All that was counted.
    pub sum: Slice,
    /// The same, slice by slice of time.
    pub slices: Vec<Slice>,
    /// Where the ledgers did not come together.
    pub doubts: Vec<Doubt>,
    /// How many pieces there are in all.
    pub pieces: usize,
    /// What was short in each piece that was left out.
    pub starved: Vec<String>,
}

// === impl Piece ===

impl Piece {
    pub(crate) fn starved(&self, limit: Duration) -> Option<String> {
        let mut sent = Tally::default();
        self.clients.values().for_each(|tally| sent.add(tally));
        witness::starved(&self.conditions, &sent, &self.window, limit)
    }

    /// What the proxies counted after their last slice: the whole, less the slices.
    pub(crate) fn rest(&self, window: &Window) -> Slice {
        let mut rest = window.clone();
        self.slices.iter().for_each(|slice| rest.subtract(&slice.window));
        Slice { window: rest, ..Slice::default() }
    }
}

// === impl View ===

impl View {
    pub(crate) fn add(&mut self, piece: &Piece) {
        self.sum.window.add(&piece.window);
        for (client, tally) in &piece.clients {
            self.sum.clients.entry(client.clone()).or_default().add(tally);
        }
        self.slices.extend(piece.slices.iter().cloned());
        for doubt in &piece.doubts {
            if !self.doubts.contains(doubt) {
                self.doubts.push(doubt.clone());
            }
        }
    }
}

/// What each client counted since an earlier report.
pub(crate) fn added(
    now: &BTreeMap<String, StreamReport>,
    before: &BTreeMap<String, StreamReport>,
) -> BTreeMap<String, Tally> {
    let since = |(client, report): (&String, &StreamReport)| {
        let tally = match before.get(client) {
            Some(before) => report.tally.since(&before.tally),
            None => report.tally.clone(),
        };
        (client.clone(), tally)
    };
    now.iter().map(since).collect()
}
