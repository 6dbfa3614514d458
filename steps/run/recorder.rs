//! Where a run's events go: to the terminal while they happen, to `events.jsonl` one by one, and to
//! `junit.xml` and `report.html` at the end.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use faultless::error::{Error, Result};
use faultless::scenario::run::Sink;
use reports::terminal::{Look, Terminal};
use reports::{Record, html, json, junit};

/// A terminal that does not say how wide it is.
const WIDTH: usize = 100;

/// Takes records in.
pub(super) struct Recorder {
    out: PathBuf,
    state: Arc<Mutex<State>>,
    sink: Sink,
}

struct State {
    terminal: Terminal,
    run: reports::Run,
    events: File,
    /// The first trouble with writing; told at the end, because a run must restore first.
    trouble: Option<io::Error>,
}

// === impl Recorder ===

impl Recorder {
    /// Makes the folder and begins the record.
    pub(super) fn open(out: &Path) -> Result<Self> {
        let doing = || format!("writing the record to {}", out.display());
        let failed =
            |cause: io::Error| Error::runner(doing(), cause).hint("name another folder with --out");
        fs::create_dir_all(out).map_err(failed)?;
        let events = File::create(out.join("events.jsonl")).map_err(failed)?;
        // Reports of an earlier run must not be taken for this one's.
        for stale in ["junit.xml", "report.html"] {
            match fs::remove_file(out.join(stale)) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
                _ => {}
            }
        }
        let live = io::stdout().is_terminal();
        let colour = live && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let terminal = Terminal::new(Look { width: width(), colour, live });
        let run = reports::Run::default();
        let state = Arc::new(Mutex::new(State { terminal, run, events, trouble: None }));
        let writes = Arc::clone(&state);
        let sink = Sink::new(Box::new(move |record| lock(&writes).write(record)));
        Ok(Self { out: out.to_owned(), state, sink })
    }

    /// The stream into it.
    pub(super) fn sink(&self) -> Sink {
        self.sink.clone()
    }

    /// Moves the clock on a terminal.
    pub(super) fn tick(&self) {
        let elapsed_ms = self.sink.elapsed_ms();
        let text = lock(&self.state).terminal.tick(elapsed_ms);
        show(&text);
    }

    /// Writes the reports that need the whole run; answers what could not be written.
    pub(super) fn close(self) -> Vec<Error> {
        let mut state = lock(&self.state);
        let mut unwritten = Vec::new();
        let mut note = |what: &str, cause: io::Error| {
            let doing = format!("writing {}", self.out.join(what).display());
            let hint = "the run itself is over, and how it ended is told apart from this";
            unwritten.push(Error::runner(doing, cause).hint(hint));
        };
        let recorded = state.trouble.take().map_or_else(|| state.events.sync_all(), Err);
        if let Err(cause) = recorded {
            note("events.jsonl", cause);
        }
        for (name, page) in
            [("junit.xml", junit::render(&state.run)), ("report.html", html::render(&state.run))]
        {
            let path = self.out.join(name);
            if let Err(cause) = fs::write(&path, page) {
                // Half a report might be taken for a whole one.
                let _ = fs::remove_file(&path);
                note(name, cause);
            }
        }
        unwritten
    }
}

// === impl State ===

impl State {
    fn write(&mut self, record: &Record) {
        self.run.on(record);
        let text = self.terminal.on(record);
        show(&text);
        // Nothing is written behind a torn line, which would become part of it.
        if self.trouble.is_none() {
            self.trouble = self.events.write_all(json::line(record).as_bytes()).err();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reader that went away (`faultless run | head`) does not end a run that must restore.
fn show(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.map(|size| usize::from(size.ws_col)).ok().filter(|width| *width > 20).unwrap_or(WIDTH)
}
