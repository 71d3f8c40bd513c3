//! The world on disk between commands: a snapshot, and a log of the changes since.
//!
//! Every line of the log holds the complete new value of everything that one request changed, so replay is idempotent.
//! A killed process loses at most one unfinished line: that of a request whose acceptance was not yet reported.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::dialect::Dialects;
use super::fields::StoredFields;
use super::stored::WorldRecord;
use super::world::World;
use crate::object::ObjectId;

/// The version of the files.
const VERSION: u32 = 1;
/// Bytes by which a log may exceed the length of its snapshot.
const LONG: u64 = 1024 * 1024;

/// The reason why a world cannot be opened, stored or changed.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// A file is damaged.
    #[error("{file} is damaged: {what}. `drplan simulator reset` starts an empty world")]
    Damaged {
        /// The file.
        file: String,
        /// The damage found.
        what: String,
    },
    /// A newer drplan wrote the file.
    #[error(
        "{file} has format {found}; this drplan reads format {VERSION}. `drplan simulator reset` starts an empty world"
    )]
    Newer {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
    },
    /// The world has another seed.
    #[error("the simulated world has seed {is}, not {wanted}. `drplan simulator reset` starts an empty world")]
    OtherSeed {
        /// The seed of the world.
        is: u64,
        /// The requested seed.
        wanted: u64,
    },
    /// Another process uses the world.
    #[error("another drplan process uses the simulated world in {0}. Try again when that process has ended")]
    InUse(String),
    /// An error of the operating system.
    #[error("{file}: {what}")]
    Io {
        /// The file.
        file: String,
        /// The operating system's error.
        what: io::Error,
    },
    /// No such object exists.
    #[error("no object {0} exists in the simulated world. `drplan simulator show` lists all objects")]
    NoObject(ObjectId),
    /// An object stores no files, or not this one.
    #[error("{0}")]
    Files(String),
}

/// The files of a world.
pub(super) struct Disk {
    dir: PathBuf,
    log: File,
    generation: u64,
    /// Bytes in the snapshot and in the log.
    snapshot_length: u64,
    log_length: u64,
    /// The request count when the last line was written.
    counted: u64,
    /// The lock on the directory, held while the world is open.
    _lock: File,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    version: u32,
    generation: u64,
    world: WorldRecord,
}

/// The first line of a log: the snapshot that the log continues.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    generation: u64,
    seed: u64,
}

/// Opens the world in a directory that is locked, or creates one.
pub(super) fn open(
    dir: &Path,
    lock: File,
    seed: Option<u64>,
    now: Timestamp,
    dialects: Dialects,
) -> Result<(World, Disk), SimulatorError> {
    let (snapshot_file, log_file) = (dir.join("world.json"), dir.join("world.jsonl"));
    let snapshot = read(&snapshot_file)?;
    let snapshot_length = snapshot.as_ref().map_or(0, |bytes| bytes.len() as u64);
    let mut held = match snapshot {
        Some(bytes) => {
            let (generation, stored) = parse_snapshot(&snapshot_file, &bytes)?;
            let world = World::of_snapshot(stored, dialects);
            Some((generation, world.map_err(|what| damaged(&snapshot_file, what))?))
        }
        None => None,
    };
    let log = read(&log_file)?;
    let (mut generation, mut log_length) = (held.as_ref().map_or(0, |(generation, _)| *generation), 0);
    let mut fresh = true;
    if let Some(bytes) = log.filter(|bytes| bytes.contains(&b'\n')) {
        let (header, lines, whole) = parse_log(&log_file, &bytes)?;
        match &held {
            // The process ended after it wrote the snapshot and before it began the new log.
            Some((of, _)) if header.generation < *of => {}
            Some((of, _)) if header.generation > *of => {
                return Err(damaged(&log_file, "the log continues a newer world.json than the one in this directory"));
            }
            None if header.generation > 0 => {
                return Err(damaged(&log_file, "the world.json that the log continues is missing"));
            }
            _ => {
                let (_, world) = held.get_or_insert_with(|| (0, World::new(header.seed, now, dialects)));
                for (at, line) in lines.into_iter().enumerate() {
                    world.read(line).map_err(|what| damaged(&log_file, format!("line {}: {what}", at + 2)))?;
                }
                (generation, log_length, fresh) = (header.generation, whole, false);
            }
        }
    }
    let world = match held {
        Some((_, world)) => world.indexed(),
        None => World::new(seed.unwrap_or(1), now, dialects),
    };
    if let Some(wanted) = seed.filter(|wanted| *wanted != world.seed.0) {
        return Err(SimulatorError::OtherSeed { is: world.seed.0, wanted });
    }
    let counted = world.rest.counters.values().sum();
    let log = if fresh { begin_log(&log_file, generation, world.seed.0)? } else { reopen(&log_file, log_length)? };
    let mut disk = Disk { dir: dir.to_owned(), log, generation, snapshot_length, log_length, counted, _lock: lock };
    let mut world = world;
    disk.compact(&mut world)?;
    Ok((world, disk))
}

/// Removes the files of a world.
pub(super) fn reset(dir: &Path) -> Result<(), SimulatorError> {
    if !dir.exists() {
        return Ok(());
    }
    let _lock = lock(dir)?;
    for name in ["world.jsonl", "world.json", "world.json.new", "world.jsonl.new"] {
        let file = dir.join(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(&file, error)),
            _ => {}
        }
    }
    Ok(())
}

impl Disk {
    /// Writes the changes, if there are any. Those that cannot be written stay for the next attempt.
    pub(super) fn keep(&mut self, world: &mut World) -> Result<(), SimulatorError> {
        if world.changes.is_empty() && !world.parts.iter().any(|part| part.is_changed()) {
            return Ok(());
        }
        self.write(world)?;
        world.settled();
        Ok(())
    }

    /// Writes the remaining changes, and a new snapshot if the log has grown too long.
    pub(super) fn close(&mut self, world: &mut World) -> Result<(), SimulatorError> {
        world.parts.iter_mut().for_each(|part| part.close());
        world.changes.rest |= world.rest.counters.values().sum::<u64>() != self.counted;
        self.keep(world)?;
        self.compact(world)
    }

    fn write(&mut self, world: &World) -> Result<(), SimulatorError> {
        let file = self.dir.join("world.jsonl");
        let line = world.stored_changes().map_err(|error| refused(&file, error.into()))?;
        let mut bytes = line.into_bytes();
        bytes.push(b'\n');
        let before = self.log.metadata().map_err(|error| refused(&file, error))?.len();
        if let Err(error) = self.log.write_all(&bytes) {
            // The next line must not follow a torn one.
            let restored = self.log.set_len(before).and_then(|()| self.log.seek(SeekFrom::End(0)));
            return Err(refused(&file, restored.err().unwrap_or(error)));
        }
        self.log_length += bytes.len() as u64;
        self.counted = world.rest.counters.values().sum();
        Ok(())
    }

    fn compact(&mut self, world: &mut World) -> Result<(), SimulatorError> {
        if self.log_length <= self.snapshot_length + LONG {
            return Ok(());
        }
        world.forget_old_operations();
        let generation = self.generation + 1;
        let file = self.dir.join("world.json");
        let bytes = snapshot(generation, world).map_err(|error| refused(&file, error.into()))?;
        replace(&file, &bytes)?;
        self.log = begin_log(&self.dir.join("world.jsonl"), generation, world.seed.0)?;
        (self.generation, self.snapshot_length, self.log_length) = (generation, bytes.len() as u64, 0);
        Ok(())
    }
}

/// The text of a snapshot.
fn snapshot(generation: u64, world: &World) -> serde_json::Result<Vec<u8>> {
    let mut fields = StoredFields::default();
    fields.put("version", &VERSION)?;
    fields.put("generation", &generation)?;
    fields.put_object("world", world.stored()?)?;
    Ok(fields.into_bytes())
}

/// The number of further attempts to lock a world, and the time between two.
const ATTEMPTS: u32 = 20;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(25);

/// Locks the world in a directory, which is created where there is none.
pub(super) fn lock(dir: &Path) -> Result<File, SimulatorError> {
    fs::create_dir_all(dir).map_err(|error| refused(dir, error))?;
    let file = dir.join("world.lock");
    let lock = File::create(&file).map_err(|error| refused(&file, error))?;
    // A command that is just ending, or a child that it has just started, holds the lock for a moment more.
    for attempt in 0..=ATTEMPTS {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(refused(&file, error)),
        }
    }
    Err(SimulatorError::InUse(dir.display().to_string()))
}

fn read(file: &Path) -> Result<Option<Vec<u8>>, SimulatorError> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(file, error)),
    }
}

fn parse_snapshot(file: &Path, bytes: &[u8]) -> Result<(u64, WorldRecord), SimulatorError> {
    match serde_json::from_slice(bytes) {
        Ok(Snapshot { version: VERSION, generation, world }) => Ok((generation, world)),
        Ok(Snapshot { version, .. }) => Err(newer(file, version)),
        // That of another version may have other fields.
        Err(error) => check_version(file, bytes).and(Err(damaged(file, error.to_string()))),
    }
}

/// The header, the lines, and the number of bytes in complete lines.
fn parse_log(file: &Path, bytes: &[u8]) -> Result<(Header, Vec<WorldRecord>, u64), SimulatorError> {
    // Bytes after the last line break belong to an unfinished line.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let text = bytes.get(..whole).unwrap_or_default();
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    check_version(file, first)?;
    let header = serde_json::from_slice(first).map_err(|error| damaged(file, format!("line 1: {error}")))?;
    let line =
        |(at, bytes)| serde_json::from_slice(bytes).map_err(|error| damaged(file, format!("line {}: {error}", at + 2)));
    Ok((header, lines.enumerate().map(line).collect::<Result<_, _>>()?, whole as u64))
}

fn check_version(file: &Path, bytes: &[u8]) -> Result<(), SimulatorError> {
    #[derive(Deserialize)]
    struct DiskVersion {
        version: u32,
    }
    match serde_json::from_slice::<DiskVersion>(bytes) {
        Ok(DiskVersion { version: VERSION }) => Ok(()),
        Ok(DiskVersion { version }) => Err(newer(file, version)),
        Err(error) => Err(damaged(file, error.to_string())),
    }
}

fn newer(file: &Path, found: u32) -> SimulatorError {
    SimulatorError::Newer { file: file.display().to_string(), found }
}

fn begin_log(file: &Path, generation: u64, seed: u64) -> Result<File, SimulatorError> {
    let mut bytes = serde_json::to_vec(&Header { version: VERSION, generation, seed })
        .map_err(|error| refused(file, error.into()))?;
    bytes.push(b'\n');
    replace(file, &bytes)?;
    reopen(file, bytes.len() as u64)
}

/// Opens a log for appending after its last complete line.
fn reopen(file: &Path, length: u64) -> Result<File, SimulatorError> {
    let log = OpenOptions::new().append(true).open(file).map_err(|error| refused(file, error))?;
    log.set_len(length).map_err(|error| refused(file, error))?;
    Ok(log)
}

/// Replaces a file atomically: a killed process leaves the old or the new file.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), SimulatorError> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    fs::write(&new, bytes).map_err(|error| refused(&new, error))?;
    fs::rename(&new, file).map_err(|error| refused(file, error))
}

fn damaged(file: &Path, what: impl Into<String>) -> SimulatorError {
    SimulatorError::Damaged { file: file.display().to_string(), what: what.into() }
}

fn refused(file: &Path, what: io::Error) -> SimulatorError {
    SimulatorError::Io { file: file.display().to_string(), what }
}
