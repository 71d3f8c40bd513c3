//! The locks of a store: held through the operating system, so that a dead process cannot keep one, with a note about
//! the holder in the file.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::files;
use crate::state::StateError;

/// The holder of a state's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user.
    pub who: String,
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// The command.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, pid, host, command, since } = self;
        write!(f, "`{command}` of {who} on {host} (process {pid}) since {since:.0}")
    }
}

/// Excludes other processes until it is dropped.
#[derive(Debug)]
pub struct LockGuard {
    file: File,
    /// Set where the file has a note of this holder.
    noted: bool,
}

impl LockGuard {
    /// Shares the lock at this path with other processes that share it.
    pub(super) fn share(path: &Path) -> Result<Self, StateError> {
        let mut file = open(path, true)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Self { file, noted: false }),
            Err(TryLockError::Error(e)) => Err(files::failed(path)(e)),
            Err(TryLockError::WouldBlock) => Err(locked(path, &mut file)),
        }
    }

    /// Waits for the lock at this path. For locks that are held for a moment only.
    pub(super) fn wait(path: &Path) -> Result<Self, StateError> {
        let file = open(path, true)?;
        file.lock().map_err(files::failed(path))?;
        Ok(Self { file, noted: false })
    }

    /// Takes the lock at this path and leaves a note in it.
    pub(super) fn take(path: &Path, holder: &Holder) -> Result<Self, StateError> {
        let file = open(path, true)?;
        let mut guard = hold(path, file)?;
        let failed = files::failed(path);
        let note = serde_json::to_string(holder).map_err(|e| failed(e.into()))?;
        guard.file.set_len(0).map_err(&failed)?;
        guard.file.write_all(format!("{note}\n").as_bytes()).map_err(failed)?;
        guard.noted = true;
        Ok(guard)
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // The lock is released with the file. A note that could not be removed is removed by `unlock`; nothing else
        // depends on it.
        if self.noted {
            let _ = self.file.set_len(0);
        }
    }
}

/// Removes the note of a dead holder and returns it.
pub(super) fn clear(path: &Path) -> Result<Option<Holder>, StateError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut guard = hold(path, open(path, false)?)?;
    guard.noted = true;
    Ok(note(&mut guard.file))
}

/// The holder of the lock at this path; `None` where it is free.
pub(super) fn holder(path: &Path) -> Result<Option<Holder>, StateError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut file = open(path, false)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::Error(e)) => Err(files::failed(path)(e)),
        Err(TryLockError::WouldBlock) => Ok(note(&mut file)),
    }
}

fn open(path: &Path, create: bool) -> Result<File, StateError> {
    OpenOptions::new().read(true).write(true).create(create).truncate(false).open(path).map_err(files::failed(path))
}

fn hold(path: &Path, mut file: File) -> Result<LockGuard, StateError> {
    match file.try_lock() {
        Ok(()) => Ok(LockGuard { file, noted: false }),
        Err(TryLockError::Error(e)) => Err(files::failed(path)(e)),
        Err(TryLockError::WouldBlock) => Err(locked(path, &mut file)),
    }
}

/// The error for a lock that another process holds. The lock of the whole state is named by its folder.
fn locked(path: &Path, file: &mut File) -> StateError {
    let is_whole = path.file_name().is_some_and(|name| name == "lock");
    let of: PathBuf = if is_whole { path.parent().map(Path::to_owned).unwrap_or_default() } else { path.to_owned() };
    let by = note(file).map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
    StateError::Locked(format!("{} is locked by {by}; wait until that ends", of.display()))
}

fn note(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
