//! Storage of state: a folder of files, or memory.
//!
//! ```text
//! <root>/<stack>/<cloud>/state.json          the snapshot
//!                        state.json.backup   the snapshot before it
//!                        key                 for the digests of sensitive values
//!                        runs/<run>.jsonl    the journal of each run
//!                        runs/<run>.approvals  the approvals of its steps
//!                        lock                the operator who applies plans
//!                        groups/<group>.lock the operator of a run of this failover group
//!                        write.lock          held for the moment of a write
//! ```
//!
//! The state is the snapshot with journals folded in: of all runs that started from it, and the rest of each run that
//! was unfinished when it was written (`State::folded`). Several processes may therefore write at once, each to the
//! journal of its own run; a snapshot is replaced under `write.lock`, from the state read under it. Files are written
//! completely and synced, or appended and synced; none is ever changed in place. The store has no clock and no cloud,
//! and does not decide when to save.

mod files;
mod journal;
mod lock;
mod memory;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use crate::state::{State, StateError, format};
use crate::steps::{Approval, Entry, Event, RunEnd, RunStart, lines};
use crate::value::Seal;
use crate::world::{Ids, Journal, Store};

pub use files::{read_at_most, read_bounded};
pub use lock::{Holder, LockGuard};
pub use memory::MemoryStore;

use journal::LocalJournal;

/// Before the check of the key that a new key replaces, on its second line.
const REPLACES: &str = "replaces ";

/// The number of attempts to read a state that other processes keep replacing.
const READS: usize = 16;

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

    /// True if a state or a run was written.
    pub fn has_state(&self) -> bool {
        self.snapshot_path().exists() || self.folder.join("runs").exists()
    }

    /// The seal with the key of this store; the first call creates the key.
    ///
    /// # Errors
    /// Where the key cannot be read or written, is damaged, or is not the one that the state was written with.
    pub fn seal(&self, ids: &dyn Ids) -> Result<Seal, StateError> {
        let path = self.key_path();
        let known = files::read_head(&self.snapshot_path(), format::HEAD)?.and_then(|text| format::key_check(&text));
        if !path.exists() {
            let key: String = ids.key().iter().map(|byte| format!("{byte:02x}")).collect();
            // The operator removed the key of this state: the new one takes its place.
            let replaces = known.as_ref().map(|check| format!("{REPLACES}{check}\n")).unwrap_or_default();
            files::make_folder(&self.folder)?;
            files::create_private(&path, format!("{key}\n{replaces}").as_bytes())?;
        }
        let damaged = |what: &str| StateError::Damaged {
            file: files::shown(&path),
            what: format!("{what}; restore a copy, or remove it: then every sensitive value counts as changed"),
        };
        let (seal, replaced) = self.key()?.ok_or_else(|| damaged("it is not a key of 64 hexadecimal digits"))?;
        match known {
            Some(known) if known != seal.check() && replaced.as_ref() != Some(&known) => {
                Err(damaged("it is not the key that state.json was written with, so no recorded digest would match"))
            }
            _ => Ok(seal),
        }
    }

    /// The key, and the check of the key that it replaces; `None` where there is none that can be read.
    fn key(&self) -> Result<Option<(Seal, Option<String>)>, StateError> {
        let text = files::read(&self.key_path())?.unwrap_or_default();
        let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let Some(key) = lines.next().and_then(parse_key) else { return Ok(None) };
        let replaced = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.strip_prefix(REPLACES));
        Ok(Some((Seal::new(key), replaced.map(str::to_owned))))
    }

    fn key_path(&self) -> PathBuf {
        self.folder.join("key")
    }

    /// Excludes other processes that apply plans, until the guard is dropped or the process ends in any way.
    ///
    /// # Errors
    /// [`StateError::Locked`] with the holder and its start.
    pub fn lock(&self, holder: &Holder) -> Result<LockGuard, StateError> {
        files::make_folder(&self.folder)?;
        LockGuard::take(&self.folder.join("lock"), holder)
    }

    /// Excludes processes that apply plans, and not each other's runs: held while a failover run begins.
    ///
    /// # Errors
    /// [`StateError::Locked`] with the holder and its start.
    pub fn lock_shared(&self) -> Result<LockGuard, StateError> {
        files::make_folder(&self.folder)?;
        LockGuard::share(&self.folder.join("lock"))
    }

    /// Excludes other processes from the runs of this failover group.
    ///
    /// # Errors
    /// [`StateError::Locked`] with the holder and its start.
    pub fn lock_group(&self, group: &str, holder: &Holder) -> Result<LockGuard, StateError> {
        let path = self.group_path(group);
        files::make_folder(&self.folder.join("groups"))?;
        LockGuard::take(&path, holder)
    }

    /// The process that carries out a run of this failover group; `None` where there is none.
    ///
    /// # Errors
    /// Where the lock cannot be read.
    pub fn holder_of(&self, group: &str) -> Result<Option<Holder>, StateError> {
        lock::holder(&self.group_path(group))
    }

    /// The current holder of the lock; `None` where it is free.
    ///
    /// # Errors
    /// Where the lock cannot be read.
    pub fn holder(&self) -> Result<Option<Holder>, StateError> {
        lock::holder(&self.folder.join("lock"))
    }

    /// Removes the notes of dead processes from the locks, and returns them.
    ///
    /// # Errors
    /// [`StateError::Locked`] where a live process holds one.
    pub fn unlock(&self) -> Result<Vec<Holder>, StateError> {
        let groups = self.folder.join("groups");
        let mut names = files::list(&groups)?;
        names.sort();
        let paths = std::iter::once(self.folder.join("lock")).chain(names.iter().map(|name| groups.join(name)));
        let notes: Vec<Option<Holder>> = paths.map(|path| lock::clear(&path)).collect::<Result<_, _>>()?;
        Ok(notes.into_iter().flatten().collect())
    }

    /// The start of a run; `None` where nothing was ever synced to its journal.
    fn started(&self, run: &str) -> Result<Option<RunStart>, StateError> {
        let path = self.journal_path(run)?;
        let mut line = Vec::new();
        let found = std::fs::metadata(&path).map_err(files::failed(&path))?;
        files::check_regular(found.file_type()).map_err(files::failed(&path))?;
        let file = std::fs::File::open(&path).map_err(files::failed(&path))?;
        BufReader::new(file.take(files::MAX_BYTES)).read_until(b'\n', &mut line).map_err(files::failed(&path))?;
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

    /// The runs that started from this snapshot, and those that were unfinished in it; oldest first. Older runs are
    /// history and not read.
    fn runs_since(&self, snapshot: Option<&State>) -> Result<Vec<String>, StateError> {
        let serial = snapshot.map_or(0, |state| state.serial);
        let unfinished = || snapshot.into_iter().flat_map(|state| state.folded.keys());
        let mut since: Vec<String> = unfinished().cloned().collect();
        for run in self.runs()?.into_iter().rev() {
            if unfinished().any(|other| *other == run) {
                continue;
            }
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
        since.sort_by(|a, b| age(a).cmp(&age(b)));
        Ok(since)
    }

    /// The state with this text of the snapshot, as far as the journals do not change meanwhile.
    fn read(&self, snapshot: Option<&[u8]>) -> Result<Option<State>, StateError> {
        let mut state = self.snapshot(snapshot)?;
        for run in self.runs_since(state.as_ref())? {
            let path = self.journal_path(&run)?;
            if let Some(state) = state.as_mut().filter(|state| state.folded.contains_key(&run) && !path.exists()) {
                state.lose(&run);
                continue;
            }
            fold_run(&mut state, &run, &self.entries_of(&run)?).map_err(|what| StateError::Damaged {
                file: files::shown(&path),
                what: format!("run {run}: {what}"),
            })?;
        }
        if let Some(state) = &mut state {
            let open: Vec<String> = state.roles.open.values().map(|open| open.run.clone()).collect();
            for run in open {
                if !self.journal_path(&run)?.exists() {
                    state.lose(&run);
                }
            }
        }
        Ok(state)
    }

    fn snapshot(&self, text: Option<&[u8]>) -> Result<Option<State>, StateError> {
        let path = self.snapshot_path();
        match text {
            Some(text) => format::read(&files::shown(&path), text).map(Some),
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

    /// The lock of a failover group. Characters that a file name cannot hold everywhere are written as their codes.
    fn group_path(&self, group: &str) -> PathBuf {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let code = |c: char| if plain(c) { c.to_string() } else { format!("%{:x}%", u32::from(c)) };
        self.folder.join("groups").join(format!("{}.lock", group.chars().map(code).collect::<String>()))
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
        let path = self.snapshot_path();
        // A snapshot that another process replaces meanwhile does not match the journals read after it.
        for _ in 1..READS {
            let text = files::read(&path)?;
            let state = self.read(text.as_deref());
            if files::has_content(&path, text.as_deref())? {
                return state;
            }
        }
        self.read(files::read(&path)?.as_deref())
    }

    fn write(&self, work: &mut dyn FnMut() -> Result<(), StateError>) -> Result<(), StateError> {
        files::make_folder(&self.folder)?;
        let _guard = LockGuard::wait(&self.folder.join("write.lock"))?;
        work()
    }

    fn save(&self, state: &State) -> Result<(), StateError> {
        let path = self.snapshot_path();
        let key_check = self.key()?.map(|(seal, _)| seal.check()).or_else(|| state.key_check.clone());
        let text = format::write(&State { key_check, ..state.clone() }).map_err(|e| files::failed(&path)(e.into()))?;
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
        let damaged = |what: String| StateError::Damaged {
            file: files::shown(&path),
            what: format!("{what}; move the file away, then approve its steps again"),
        };
        let text = String::from_utf8(text).map_err(|_| damaged("it is not valid text".to_owned()))?;
        let line = |(number, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|e| damaged(format!("line {number} is not an approval ({e})")))
        };
        (1..).zip(text.lines()).map(line).collect()
    }
}

/// Folds the journal of one run onto the state it started from; without one, onto the empty state. Entries that the
/// state holds already are passed over.
fn fold_run(state: &mut Option<State>, run: &str, entries: &[Entry]) -> Result<(), String> {
    let known = state.as_ref().and_then(|state| state.folded.get(run).copied()).unwrap_or_default();
    let new = entries.get(known..).ok_or_else(|| {
        format!(
            "it has {} entries, and the state was written when it had {known}; move the file away, then run `drplan refresh`",
            entries.len()
        )
    })?;
    let started = match entries.first().map(|entry| &entry.event) {
        Some(Event::Started(started)) => Some(started),
        _ => None,
    };
    let id = started.map_or(run, |started| started.run.as_str());
    for entry in new {
        if let (None, Event::Started(started)) = (&state, &entry.event) {
            *state = Some(State::before(started));
        }
        if let Some(state) = state {
            state.fold(id, entry).map_err(|e| e.to_string())?;
        }
    }
    let is_failover = started.is_some_and(|started| started.failover.is_some());
    let is_over = match entries.last().map(|entry| &entry.event) {
        Some(Event::Ended(RunEnd::Done) | Event::Closed { .. }) => true,
        Some(Event::Ended(_)) => !is_failover,
        _ => false,
    };
    if let Some(state) = state {
        match is_over || entries.is_empty() {
            true => state.folded.remove(run),
            false => state.folded.insert(run.to_owned(), entries.len()),
        };
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
