//! Storage of state: a folder of files, or memory.
//!
//! ```text
//! <root>/<stack>/<cloud>/state.json          the snapshot
//!                        state.json.backup   the snapshot before it
//!                        key                 under which sensitive values are digested
//!                        runs/<run>.jsonl    the journal of each run
//!                        runs/<run>.approvals  what people answered to its steps
//!                        lock                who works on it
//! ```
//!
//! The state is the snapshot with the journals of all runs that started from it folded in. Files are written
//! completely and synced, or appended and synced; none is ever changed in place. The store has no clock and no cloud,
//! and does not decide when to save.

mod files;
mod journal;
mod lock;
mod memory;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use crate::state::{State, StateError, format};
use crate::steps::{Approval, Entry, Event, RunStart, lines};
use crate::value::Seal;
use crate::world::{Ids, Journal, Store};

pub use lock::{Holder, LockGuard};
pub use memory::MemoryStore;

use journal::LocalJournal;

/// The store of one stack on one cloud in a folder.
#[derive(Debug, Clone)]
pub struct LocalStore {
    folder: PathBuf,
}

impl LocalStore {
    /// The store of this stack on this cloud below `root`. Creates no files before the first write.
    ///
    /// # Errors
    /// Where `stack` or `cloud` cannot be the name of a folder.
    pub fn open(root: &Path, stack: &str, cloud: &str) -> Result<Self, StateError> {
        Ok(Self { folder: root.join(file_name(root, stack)?).join(file_name(root, cloud)?) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The seal with the key of this store; the first call creates the key.
    ///
    /// # Errors
    /// Where the key cannot be read or written, or is damaged.
    pub fn seal(&self, ids: &dyn Ids) -> Result<Seal, StateError> {
        let path = self.folder.join("key");
        if !path.exists() {
            let key: String = ids.key().iter().map(|byte| format!("{byte:02x}")).collect();
            files::make_folder(&self.folder)?;
            files::create_private(&path, format!("{key}\n").as_bytes())?;
        }
        let text = files::read(&path)?.unwrap_or_default();
        let key = parse_key(text.trim_ascii_end()).ok_or_else(|| StateError::Damaged {
            file: files::shown(&path),
            what: "it is not a key of 64 hexadecimal digits; restore a copy, or remove it: then every sensitive value counts as \
                   changed"
                .to_owned(),
        })?;
        Ok(Seal::new(key))
    }

    /// Excludes other processes until the guard is dropped or the process ends in any way.
    ///
    /// # Errors
    /// [`StateError::Locked`] with the holder and its start.
    pub fn lock(&self, holder: &Holder) -> Result<LockGuard, StateError> {
        files::make_folder(&self.folder)?;
        LockGuard::take(&self.folder.join("lock"), holder)
    }

    /// The current holder of the lock; `None` where it is free.
    ///
    /// # Errors
    /// Where the lock cannot be read.
    pub fn holder(&self) -> Result<Option<Holder>, StateError> {
        lock::holder(&self.folder.join("lock"))
    }

    /// Removes the note of a dead process from the lock, and returns it.
    ///
    /// # Errors
    /// [`StateError::Locked`] where a live process holds it.
    pub fn unlock(&self) -> Result<Option<Holder>, StateError> {
        lock::clear(&self.folder.join("lock"))
    }

    /// The start of a run; `None` where nothing was ever synced to its journal.
    fn started(&self, run: &str) -> Result<Option<RunStart>, StateError> {
        let path = self.journal_path(run)?;
        let mut line = Vec::new();
        let file = std::fs::File::open(&path).map_err(files::failed(&path))?;
        BufReader::new(file).read_until(b'\n', &mut line).map_err(files::failed(&path))?;
        let mut entries = lines::read(&files::shown(&path), &line)?.entries;
        if entries.is_empty() {
            // A damaged first line alone looks torn; the lines after it decide.
            entries = self.entries_of(run)?;
        }
        Ok(entries.into_iter().next().and_then(|first| match first.event {
            Event::Started(started) => Some(started),
            _ => None,
        }))
    }

    /// The runs that started from the snapshot with this serial, oldest first. Older runs are history and not read.
    fn runs_since(&self, serial: u64) -> Result<Vec<String>, StateError> {
        let mut since = Vec::new();
        for run in self.runs()?.into_iter().rev() {
            let Some(started) = self.started(&run)? else { continue };
            match started.serial.cmp(&serial) {
                Ordering::Less => break,
                Ordering::Equal => since.push(run),
                Ordering::Greater => {
                    return Err(StateError::Damaged {
                        file: files::shown(&self.snapshot_path()),
                        what: format!(
                            "it has serial {serial}, and run {run} started from serial {}: restore the newer state.json, or move the \
                             journals of later runs away, then run `drplan refresh`",
                            started.serial
                        ),
                    });
                }
            }
        }
        since.reverse();
        Ok(since)
    }

    fn snapshot(&self) -> Result<Option<State>, StateError> {
        let path = self.snapshot_path();
        match files::read(&path)? {
            Some(text) => format::read(&files::shown(&path), &text).map(Some),
            None if self.backup_path().exists() => Err(StateError::Damaged {
                file: files::shown(&path),
                what:
                    "it is missing, and state.json.backup exists; rename that to state.json, then run `drplan refresh`"
                        .to_owned(),
            }),
            None => Ok(None),
        }
    }

    fn snapshot_path(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    fn backup_path(&self) -> PathBuf {
        self.folder.join("state.json.backup")
    }

    fn approvals_path(&self, run: &str) -> Result<PathBuf, StateError> {
        let runs = self.folder.join("runs");
        Ok(runs.join(format!("{}.approvals", file_name(&runs, run)?)))
    }

    fn journal_path(&self, run: &str) -> Result<PathBuf, StateError> {
        let runs = self.folder.join("runs");
        Ok(runs.join(format!("{}.jsonl", file_name(&runs, run)?)))
    }
}

impl Store for LocalStore {
    fn load(&self) -> Result<Option<State>, StateError> {
        let mut state = self.snapshot()?;
        for run in self.runs_since(state.as_ref().map_or(0, |state| state.serial))? {
            fold_run(&mut state, &self.entries_of(&run)?).map_err(|what| StateError::Damaged {
                file: files::shown(&self.folder),
                what: format!("run {run}: {what}"),
            })?;
        }
        Ok(state)
    }

    fn save(&self, state: &State) -> Result<(), StateError> {
        let path = self.snapshot_path();
        let text = format::write(state).map_err(|e| files::failed(&path)(e.into()))?;
        files::make_folder(&self.folder)?;
        files::replace(&path, text.as_bytes(), &self.backup_path())
    }

    fn name_run(&self, at: Timestamp, id: &str) -> Result<String, StateError> {
        Ok(name_after(self.runs()?.last().map(String::as_str), at, id))
    }

    fn journal(&self, run: &str) -> Result<Box<dyn Journal>, StateError> {
        let path = self.journal_path(run)?;
        let last = self.runs()?.pop();
        if let Some(last) = last.filter(|last| !path.exists() && age(last) >= age(run)) {
            let what = format!("the name of the run is earlier than that of run {last}");
            return Err(StateError::Io { file: files::shown(&path), what });
        }
        files::make_folder(&self.folder.join("runs"))?;
        Ok(Box::new(LocalJournal::open(&path)?))
    }

    fn runs(&self) -> Result<Vec<String>, StateError> {
        let names = files::list(&self.folder.join("runs"))?;
        let mut runs: Vec<String> =
            names.iter().filter_map(|name| name.strip_suffix(".jsonl")).map(str::to_owned).collect();
        runs.sort_by(|a, b| age(a).cmp(&age(b)));
        Ok(runs)
    }

    fn entries_of(&self, run: &str) -> Result<Vec<Entry>, StateError> {
        let path = self.journal_path(run)?;
        let text = files::read(&path)?.unwrap_or_default();
        Ok(lines::read(&files::shown(&path), &text)?.entries)
    }

    fn approve(&self, run: &str, approval: &Approval) -> Result<(), StateError> {
        let path = self.approvals_path(run)?;
        let line = serde_json::to_string(approval).map_err(|e| files::failed(&path)(e.into()))?;
        files::append(&path, format!("{line}\n").as_bytes())
    }

    fn approvals(&self, run: &str) -> Result<Vec<Approval>, StateError> {
        let path = self.approvals_path(run)?;
        let text = files::read(&path)?.unwrap_or_default();
        let damaged = |what: String| StateError::Damaged { file: files::shown(&path), what };
        let text = String::from_utf8(text).map_err(|_| damaged("it is not valid text".to_owned()))?;
        let line = |(number, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|e| damaged(format!("line {number} is not an approval ({e})")))
        };
        (1..).zip(text.lines()).map(line).collect()
    }
}

/// Folds the journal of one run onto the state it started from; without one, onto the empty state.
fn fold_run(state: &mut Option<State>, entries: &[Entry]) -> Result<(), String> {
    for entry in entries {
        if let (None, Event::Started(started)) = (&state, &entry.event) {
            *state = Some(State::before(started));
        }
        if let Some(state) = state {
            state.fold(entry).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

/// The sort key of a run: the time in its name, then the rest.
fn age(run: &str) -> (u64, &str) {
    let (time, id) = run.split_once('-').unwrap_or(("", run));
    time.parse().map_or((0, run), |time| (time, id))
}

/// A name that is later than the last one.
fn name_after(last: Option<&str>, at: Timestamp, id: &str) -> String {
    let now = u64::try_from(at.as_millisecond()).unwrap_or(0);
    let earliest = last.map_or(0, |last| age(last).0.saturating_add(1));
    format!("{:013}-{id}", now.max(earliest))
}

/// The text, if it is a plain file name that cannot lead out of the folder.
fn file_name<'a>(folder: &Path, text: &'a str) -> Result<&'a str, StateError> {
    let mut parts = Path::new(text).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(name)), None) if name == text && !text.contains(['/', '\\', ':']) => Ok(text),
        _ => Err(StateError::Io {
            file: files::shown(folder),
            what: format!("`{text}` cannot be the name of a file in it"),
        }),
    }
}

fn parse_key(text: &[u8]) -> Option<[u8; 32]> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 64 && text.is_ascii())?;
    let mut key = [0; 32];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}
