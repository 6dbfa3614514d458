//! A control plane for one Envoy: answers each question as soon as it has another version than the
//! one that was asked with. Its threads end with the test's process.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What is told, by kind and name.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<(Mutex<Versions>, Condvar)>);

/// Version and resources, by kind and name.
type Versions = BTreeMap<String, (u64, Vec<Value>)>;

// === impl Answers ===

impl Answers {
    pub(super) fn serve(socket: &Path) -> Self {
        let (answers, listener) = (Self::default(), UnixListener::bind(socket).unwrap());
        let these = answers.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let these = these.clone();
                thread::spawn(move || while these.answer(&stream).is_some() {});
            }
        });
        answers
    }

    /// Tells this from now on, as a new version even if it is the same.
    pub(super) fn set(&self, key: &str, resources: Vec<Value>) {
        let (answers, changed) = &*self.0;
        let mut answers = answers.lock().unwrap();
        let version = answers.get(key).map_or(1, |(version, _)| version + 1);
        answers.insert(key.to_owned(), (version, resources));
        changed.notify_all();
    }

    /// One question and its answer; `None` at the end of the connection.
    fn answer(&self, mut stream: &UnixStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let (mut line, mut kind, mut length) = (String::new(), String::new(), 0);
        while reader.read_line(&mut line).ok()? > 2 {
            if let Some(path) = line.strip_prefix("POST /v3/discovery:") {
                path.split(' ').next()?.clone_into(&mut kind);
            } else if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().ok()?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let question: Value = serde_json::from_slice(&body).ok()?;
        let key = format!("{kind} {}", question["resource_names"][0].as_str().unwrap_or_default());
        let has = question["version_info"].as_str().unwrap_or("0").parse().unwrap_or(0);
        let (answers, changed) = &*self.0;
        let same = |answers: &mut BTreeMap<String, (u64, _)>| {
            answers.get(&key).is_none_or(|(version, _)| *version == has)
        };
        let answers = changed.wait_while(answers.lock().unwrap(), same).unwrap();
        let (version, resources) = &answers[&key];
        let answer = json!({"version_info": version.to_string(), "resources": resources});
        drop(answers);
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
        stream.write_all((head + &answer).as_bytes()).ok()
    }
}
