//! `faultless report`: a recorded run shown again, by the functions that showed it when it ran, or
//! several that shared a suite as one. A record is not trusted: it may have come by mail from
//! another machine, or be torn.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use faultless::error::{Error, ExitCode, Result};
use reports::json;

use crate::cli::ReportArgs;
use crate::console;
use crate::record::{EVENTS, look, show, write_papers};

/// The longest record that is read. A minute of one scenario writes some 50 kB (four looks at its
/// load a second), so this is a day of several lanes.
const RECORD_MAX: u64 = 256 << 20;

/// Prints the summary and writes the reports.
pub(crate) fn report(args: &ReportArgs) -> Result<ExitCode> {
    let of_folder = |path: &PathBuf| match path.is_dir() {
        true => path.join(EVENTS),
        false => path.clone(),
    };
    let records: Vec<_> = args.records.iter().map(of_folder).collect();
    let beside = match records.as_slice() {
        [record] => record.parent(),
        _ => None,
    };
    let out = args.out.as_deref().or(beside).ok_or_else(|| {
        Error::feature("reporting several runs as one", "none of their folders is its place")
            .hint("name a folder for junit.xml and report.html with --out")
    })?;
    let runs = records.iter().map(|record| read(record)).collect::<Result<Vec<_>>>()?;
    let run = match <[reports::Run; 1]>::try_from(runs) {
        Ok([run]) => run,
        Err(runs) => reports::Run::together(runs).map_err(|cause| {
            Error::feature("reporting several runs as one", cause)
                .hint("report placebo runs and others by themselves")
        })?,
    };
    fs::create_dir_all(out).map_err(|cause| {
        Error::runner(format!("making the folder {}", out.display()), cause)
            .hint("name another folder with --out")
    })?;
    if let Some(error) = write_papers(out, &run).into_iter().next() {
        return Err(error.hint("name another folder with --out"));
    }
    show(&reports::console::summary(&run, look(args.verbose)));
    if let Some(problem) = run.finished.as_ref().and_then(|end| end.problem.as_ref()) {
        console::error(problem);
    }
    Ok(ExitCode::Passed)
}

fn read(path: &Path) -> Result<reports::Run> {
    let refused = |cause: String| {
        Error::feature(format!("reading the record {}", path.display()), cause)
            .hint("name a run's events.jsonl, or the folder it lies in (`faultless run --out DIR`)")
    };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too long, whatever its size claims to be.
    let file = File::open(path).map_err(|cause| refused(cause.to_string()))?;
    let mut file = file.take(RECORD_MAX + 1);
    file.read_to_end(&mut bytes).map_err(|cause| refused(cause.to_string()))?;
    if bytes.len() as u64 > RECORD_MAX {
        return Err(refused(format!("it has more than {RECORD_MAX} bytes")));
    }
    let recording = json::read(&bytes).map_err(|error| refused(error.to_string()))?;
    if recording.records.is_empty() {
        return Err(refused("there is no record of a run in it".to_owned()));
    }
    if recording.torn {
        console::note("the record's last line is torn: the run was killed while it wrote");
    }
    Ok(reports::Run::of(&recording.records))
}
