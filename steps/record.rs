//! Where a run's events go: to the terminal while they happen, to `events.jsonl` one by one, and to
//! `junit.xml`, `report.html` and `messages.ndjson` at the end.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use faultless::error::{Error, Result};
use faultless::scenario::Sink;
use reports::console::{Console, Look};
use reports::{Record, html, json, junit, messages};

/// A terminal that does not say how wide it is.
const WIDTH: usize = 100;

/// The name of a run's record in its folder.
pub(crate) const EVENTS: &str = "events.jsonl";

/// What is written when the whole run is known: a file's name, and what renders it.
const PAPERS: [(&str, Render); 3] = [
    ("junit.xml", junit::render),
    ("report.html", html::render),
    ("messages.ndjson", messages::render),
];

/// A report as a function of the run.
type Render = fn(&reports::Run) -> String;

/// Takes records in.
pub(crate) struct Recorder {
    out: PathBuf,
    state: Arc<Mutex<State>>,
    sink: Sink,
}

struct State {
    console: Console,
    run: reports::Run,
    events: File,
    /// The first trouble with writing; told at the end, because a run must restore first.
    trouble: Option<io::Error>,
}

// === impl Recorder ===

impl Recorder {
    /// Makes the folder and begins the record; `verbose` is what the terminal is to be.
    pub(crate) fn open(out: &Path, verbose: bool) -> Result<Self> {
        let doing = || format!("writing the record to {}", out.display());
        let failed =
            |cause: io::Error| Error::runner(doing(), cause).hint("name another folder with --out");
        fs::create_dir_all(out).map_err(failed)?;
        let events = File::create(out.join(EVENTS)).map_err(failed)?;
        // Reports of an earlier run must not be taken for this one's.
        for (stale, _) in PAPERS {
            match fs::remove_file(out.join(stale)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
                _ => {}
            }
        }
        let console = Console::new(look(verbose));
        let run = reports::Run::default();
        let state = Arc::new(Mutex::new(State { console, run, events, trouble: None }));
        let writes = Arc::clone(&state);
        let sink = Sink::new(Box::new(move |record| lock(&writes).write(record)));
        Ok(Self { out: out.to_owned(), state, sink })
    }

    /// The stream into it.
    pub(crate) fn sink(&self) -> Sink {
        self.sink.clone()
    }

    /// Moves the clock on a terminal, and lets a long scenario show that it is alive.
    pub(crate) fn tick(&self) {
        let elapsed_ms = self.sink.elapsed_ms();
        let text = lock(&self.state).console.tick(elapsed_ms);
        show(&text);
    }

    /// Writes the reports that need the whole run; answers what could not be written.
    pub(crate) fn close(self) -> Vec<Error> {
        let mut state = lock(&self.state);
        let over = |error: Error| {
            error.hint("the run itself is over, and how it ended is told apart from this")
        };
        let mut unwritten = Vec::new();
        let recorded = state.trouble.take().map_or_else(|| state.events.sync_all(), Err);
        if let Err(cause) = recorded {
            let doing = format!("writing {}", self.out.join(EVENTS).display());
            unwritten.push(over(Error::runner(doing, cause)));
        }
        unwritten.extend(write_papers(&self.out, &state.run).into_iter().map(over));
        unwritten
    }
}

// === impl State ===

impl State {
    fn write(&mut self, record: &Record) {
        self.run.on(record);
        let text = self.console.on(record);
        show(&text);
        // Nothing is written behind a torn line, which would become part of it.
        if self.trouble.is_none() {
            self.trouble = self.events.write_all(json::line(record).as_bytes()).err();
        }
    }
}

/// Writes the reports of a run into a folder; answers which could not be written.
pub(crate) fn write_papers(out: &Path, run: &reports::Run) -> Vec<Error> {
    let mut unwritten = Vec::new();
    for (name, render) in PAPERS {
        let path = out.join(name);
        if let Err(cause) = fs::write(&path, render(run)) {
            // Half a report might be taken for a whole one.
            let _ = fs::remove_file(&path);
            unwritten.push(Error::runner(format!("writing {}", path.display()), cause));
        }
    }
    unwritten
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How things look on this stdout.
pub(crate) fn look(verbose: bool) -> Look {
    let live = io::stdout().is_terminal();
    let colour = live && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Look { width: width(), colour, live, verbose }
}

/// A reader that went away (`faultless run | head`) does not end a run that must restore.
pub(crate) fn show(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.map(|size| usize::from(size.ws_col)).ok().filter(|width| *width > 20).unwrap_or(WIDTH)
}
