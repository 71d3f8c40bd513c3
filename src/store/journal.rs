//! A journal in a file: appended to, synced, never changed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::files;
use crate::state::StateError;
use crate::steps::Entry;
use crate::steps::lines::{self, Chain};
use crate::world::Journal;

/// An open journal.
#[derive(Debug)]
pub struct LocalJournal {
    path: PathBuf,
    file: File,
    /// The chain for the next line; `None` after a failed write, because the content of the file is then unknown.
    chain: Option<Chain>,
}

impl LocalJournal {
    /// Opens a journal after its last complete line, and truncates a torn one. Creates a missing journal.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let failed = files::failed(path);
        match std::fs::metadata(path) {
            Ok(found) => files::check_regular(found.file_type()).map_err(&failed)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(&failed)?;
        let text = files::read_at_most(&mut file, files::MAX_BYTES).map_err(&failed)?;
        let read = lines::read(&files::shown(path), &text)?;
        if read.whole < text.len() {
            file.set_len(read.whole as u64).map_err(&failed)?;
        }
        file.seek(SeekFrom::End(0)).map_err(&failed)?;
        files::sync_name(path)?;
        Ok(Self { path: path.to_owned(), file, chain: Some(read.chain) })
    }
}

impl Journal for LocalJournal {
    fn append(&mut self, entries: &[Entry]) -> Result<(), StateError> {
        let failed = files::failed(&self.path);
        let mut chain = self.chain.take().ok_or_else(|| failed(std::io::Error::other("an earlier write failed")))?;
        let mut text = String::new();
        for entry in entries {
            text.push_str(&chain.line(entry).map_err(|e| failed(e.into()))?);
        }
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data()).map_err(failed)?;
        self.chain = Some(chain);
        Ok(())
    }
}
