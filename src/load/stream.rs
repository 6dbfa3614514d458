//! The life of a stream: sending, then draining, then done. Whatever ends it (its plan, somebody,
//! silence), requests in flight end by themselves, by an answer or by their timeout.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::conditions;
use super::conditions::Conditions;
use super::ledger::Tally;
use super::machine::{Reading, Stretches};
use super::pacer::{Due, Pacer};
use super::schedule::Schedule;
use super::sender::{Dialer, Sender};
use super::spec::{Shape, StreamSpec, Target};
use super::wire::{EndedBy, State, StreamReport};

/// A closed stream waits this long after a request without an answer: nothing paces it but the
/// answers, and a refused connection comes back in microseconds.
const FAILURE_PAUSE: Duration = Duration::from_millis(10);

/// A stream as everybody sees it: its name, its ledger and the way to stop it.
#[derive(Debug)]
pub struct StreamHandle {
    id: u64,
    name: String,
    started: Instant,
    stop: CancellationToken,
    book: Mutex<Book>,
    /// The machine at the start.
    machine: Reading,
}

#[derive(Debug)]
struct Book {
    tally: Tally,
    /// Complete once the stream is done.
    conditions: Conditions,
    state: State,
    ended_by: Option<EndedBy>,
    elapsed: Option<Duration>,
    /// When somebody last asked for a report.
    watched: Instant,
}

/// A stream that is ready to run: everything that can be refused has been.
#[derive(Debug)]
pub struct StreamTask {
    live: Arc<StreamHandle>,
    target: Arc<Target>,
    drive: Drive,
}

#[derive(Debug)]
enum Drive {
    Open { due: mpsc::Receiver<Vec<Due>>, max_in_flight: u64 },
    Closed { concurrency: u32, requests: Option<u32>, deadline: Option<Instant> },
}

// === impl StreamHandle ===

impl StreamHandle {
    fn new(id: u64, name: String, started: Instant) -> Self {
        let book = Book {
            tally: Tally::default(),
            conditions: Conditions::default(),
            state: State::Sending,
            ended_by: None,
            elapsed: None,
            watched: started,
        };
        let (stop, book) = (CancellationToken::new(), Mutex::new(book));
        Self { id, name, started, stop, book, machine: Reading::now() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing panics while it holds the lock; if it did, counts are whole numbers either way.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The report so far; asking for it shows that somebody watches.
    #[must_use]
    pub fn report(&self) -> StreamReport {
        let mut book = self.book();
        book.watched = Instant::now();
        let elapsed = book.elapsed.unwrap_or_else(|| self.started.elapsed());
        StreamReport {
            id: self.id,
            name: self.name.clone(),
            state: book.state,
            ended_by: book.ended_by,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            tally: book.tally.clone(),
            conditions: book.conditions.clone(),
        }
    }

    /// Where the stream is.
    #[must_use]
    pub fn state(&self) -> State {
        self.book().state
    }

    /// How long nobody has asked for a report.
    #[must_use]
    pub fn unwatched(&self) -> Duration {
        self.book().watched.elapsed()
    }

    /// Ends the sending; the first reason counts.
    pub fn stop(&self, by: EndedBy) {
        self.book().ended_by.get_or_insert(by);
        self.stop.cancel();
    }

    /// Ends the stream here and now: its tasks are gone, what was in flight counts as cut.
    pub fn cut(&self) {
        self.stop(EndedBy::Agent);
        self.book().tally.cut();
        self.done();
    }

    fn draining(&self) {
        let mut book = self.book();
        book.ended_by.get_or_insert(EndedBy::Plan);
        book.state = State::Draining;
    }

    fn done(&self) {
        let machine = self.machine.since();
        let mut book = self.book();
        book.conditions.machine = machine;
        book.state = State::Done;
        book.elapsed.get_or_insert_with(|| self.started.elapsed());
    }
}

// === impl StreamTask ===

impl StreamTask {
    /// Prepares a checked spec; an open plan starts at `start`.
    pub fn new(
        id: u64,
        spec: &StreamSpec,
        target: Target,
        pacer: &Pacer,
        start: Instant,
    ) -> std::io::Result<Self> {
        let drive = match spec.shape {
            Shape::Open { rate, spacing, ramp_ms } => {
                let ramp = Duration::from_millis(ramp_ms);
                let plan = Schedule::new(rate, spacing, ramp, spec.duration());
                let due = pacer.pace(plan, start)?;
                Drive::Open { due, max_in_flight: u64::from(spec.max_in_flight) }
            }
            Shape::Closed { concurrency, requests } => {
                let deadline = spec.duration().map(|duration| start + duration);
                Drive::Closed { concurrency, requests, deadline }
            }
        };
        let live = Arc::new(StreamHandle::new(id, spec.name.clone(), start));
        Ok(Self { live, target: Arc::new(target), drive })
    }

    /// The stream as others see it.
    #[must_use]
    pub fn live(&self) -> Arc<StreamHandle> {
        Arc::clone(&self.live)
    }

    /// Runs the stream to its end: until the plan is over or it is stopped, and then as long as a
    /// request is in flight, at most its timeout.
    pub async fn run(self, dialer: Dialer) {
        let Self { live, target, drive } = self;
        let sender = move || Sender::new(Arc::clone(&target), Arc::clone(&dialer));
        let sent = async {
            match drive {
                Drive::Open { due, max_in_flight } => open(&live, due, max_in_flight, sender).await,
                Drive::Closed { concurrency, requests, deadline } => {
                    closed(&live, concurrency, requests, deadline, sender).await;
                }
            }
        };
        let mut stretches = Stretches::begin();
        let note = |lag| {
            let ended = stretches.ended();
            let conditions = &mut live.book().conditions;
            conditions.lag.record(lag);
            if let Some(usage) = ended {
                conditions.stretch(&usage);
            }
        };
        tokio::select! {
            () = sent => {}
            never = conditions::watch(note) => never,
        }
        // A worker that panicked has left a request without an end.
        live.book().tally.cut();
        live.done();
    }
}

/// The workers of an open stream: each keeps one connection; as many as were ever needed at once.
struct Workers<S> {
    live: Arc<StreamHandle>,
    sender: S,
    tasks: JoinSet<()>,
    jobs: Vec<mpsc::Sender<Due>>,
    /// Workers without a job. The last one to finish comes first, so its connection is warm and
    /// few are used.
    idle: Arc<Mutex<Vec<usize>>>,
}

// === impl Workers ===

impl<S: Fn() -> Sender> Workers<S> {
    /// Gives a started request to a worker.
    fn give(&mut self, due: Due) {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let worker = idle.unwrap_or_else(|| self.hire());
        // An idle worker's channel is empty; it is closed only if the worker panicked, and then
        // the request is counted as cut at the end.
        if self.jobs[worker].try_send(due).is_err() {
            tracing::error!(stream = self.live.name, "a worker is gone");
        }
    }

    fn hire(&mut self) -> usize {
        let me = self.jobs.len();
        let (job, jobs) = mpsc::channel(1);
        self.jobs.push(job);
        let (live, idle) = (Arc::clone(&self.live), Arc::clone(&self.idle));
        self.tasks.spawn(work(me, live, idle, jobs, (self.sender)()));
        me
    }
}

async fn work(
    me: usize,
    live: Arc<StreamHandle>,
    idle: Arc<Mutex<Vec<usize>>>,
    mut jobs: mpsc::Receiver<Due>,
    mut sender: Sender,
) {
    while let Some(due) = sender.idle(jobs.recv()).await {
        let sent = Instant::now();
        live.book().tally.send(due.at, sent);
        let outcome = sender.exchange(due.index).await;
        let now = Instant::now();
        // Idle before the ledger says so: otherwise the next request would find nobody idle while
        // fewer than the most allowed are in flight, and hire one worker too many.
        idle.lock().unwrap_or_else(PoisonError::into_inner).push(me);
        live.book().tally.end(due.at, sent, now, outcome);
    }
}

async fn open<S: Fn() -> Sender>(
    live: &Arc<StreamHandle>,
    mut due: mpsc::Receiver<Vec<Due>>,
    max_in_flight: u64,
    sender: S,
) {
    let (live, idle) = (Arc::clone(live), Arc::default());
    let mut workers = Workers { live, sender, tasks: JoinSet::new(), jobs: Vec::new(), idle };
    loop {
        let batch = tokio::select! {
            biased;
            // What has been handed out was due before the stop and is still sent; the rest of the
            // plan never becomes due.
            () = workers.live.stop.cancelled(), if !due.is_closed() => {
                due.close();
                continue;
            }
            batch = due.recv() => batch,
        };
        let Some(batch) = batch else { break };
        let mut started = Vec::with_capacity(batch.len());
        {
            let tally = &mut workers.live.book().tally;
            for request in batch {
                if tally.in_flight < max_in_flight {
                    tally.start();
                    started.push(request);
                } else {
                    tally.skip();
                }
            }
        }
        for request in started {
            workers.give(request);
        }
    }
    workers.live.draining();
    // A worker ends when it has nothing in flight and nobody can give it anything.
    workers.jobs.clear();
    join(&workers.live, &mut workers.tasks).await;
}

async fn closed<S: Fn() -> Sender>(
    live: &Arc<StreamHandle>,
    concurrency: u32,
    requests: Option<u32>,
    deadline: Option<Instant>,
    sender: S,
) {
    let index = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..concurrency {
        let (live, index, sender) = (Arc::clone(live), Arc::clone(&index), sender());
        tasks.spawn(repeat(live, index, requests, sender));
    }
    let over = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = join(live, &mut tasks) => {}
        () = live.stop.cancelled() => {}
        () = over => live.stop(EndedBy::Plan),
    }
    live.draining();
    join(live, &mut tasks).await;
}

/// One of a closed stream's users: sends, waits for the answer, sends again.
async fn repeat(
    live: Arc<StreamHandle>,
    index: Arc<AtomicU64>,
    requests: Option<u32>,
    mut sender: Sender,
) {
    while !live.stop.is_cancelled() {
        let index = index.fetch_add(1, Ordering::Relaxed);
        if requests.is_some_and(|requests| index >= u64::from(requests)) {
            return;
        }
        let sent = Instant::now();
        {
            let tally = &mut live.book().tally;
            tally.start();
            tally.send(sent, sent);
        }
        let outcome = sender.exchange(index).await;
        let pause = outcome.is_err();
        live.book().tally.end(sent, sent, Instant::now(), outcome);
        if pause {
            tokio::time::sleep(FAILURE_PAUSE).await;
        }
    }
}

async fn join(live: &StreamHandle, tasks: &mut JoinSet<()>) {
    while let Some(joined) = tasks.join_next().await {
        if let Err(error) = joined {
            tracing::error!(stream = live.name, "a worker of a stream failed: {error}");
        }
    }
}
