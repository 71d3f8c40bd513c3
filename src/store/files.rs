//! File operations of the local store: complete reads, and synced writes that happen completely or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::state::StateError;

/// The path as errors show it.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The error of the operating system for this file.
pub fn failed(path: &Path) -> impl Fn(io::Error) -> StateError {
    |e| StateError::Io { file: shown(path), what: e.to_string() }
}

/// Maximum size of a state or a journal in bytes.
pub const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// Bytes of a file that are compared at a time.
const PART: usize = 64 * 1024;

/// Checks that a path is a file, and not something that may block or never end.
///
/// # Errors
/// What it is instead.
pub fn check_regular(of: fs::FileType) -> io::Result<()> {
    if of.is_file() {
        return Ok(());
    }
    let what = match of {
        of if of.is_dir() => "a directory",
        #[cfg(unix)]
        of if std::os::unix::fs::FileTypeExt::is_fifo(&of) => "a named pipe",
        #[cfg(unix)]
        of if std::os::unix::fs::FileTypeExt::is_socket(&of) => "a socket",
        _ => "a device",
    };
    Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {what}, not a regular file")))
}

/// The content of a regular file of at most this many bytes. Nothing else is opened, so that a read neither blocks nor
/// takes more memory than that.
///
/// # Errors
/// A missing file, anything else than a file, or a larger one.
pub fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, length) = open_regular(path)?;
    bounded(file, most, usize::try_from(length.min(most)).unwrap_or_default() + 1)
}

/// A regular file and its length.
fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    check_regular(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    // It may have been replaced since.
    let found = file.metadata()?;
    check_regular(found.file_type())?;
    Ok((file, found.len()))
}

/// The rest of what is read, if that is at most this many bytes. A length need not be true: files of `/proc` have none.
///
/// # Errors
/// More than that.
pub fn read_at_most(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    bounded(from, most, 0)
}

/// The same, into memory for this many bytes: growing it would copy a large file many times.
fn bounded(from: impl Read, most: u64, expected: usize) -> io::Result<Vec<u8>> {
    let mut content = Vec::with_capacity(expected);
    from.take(most.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        let text = format!("it is larger than the maximum of {most} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    Ok(content)
}

/// The content of a file; `None` where there is none.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match read_bounded(path, MAX_BYTES) {
        Ok(content) => Ok(Some(content)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed(path)(e)),
    }
}

/// The first bytes of a file, at most this many; `None` where there is none.
pub fn read_head(path: &Path, most: u64) -> Result<Option<Vec<u8>>, StateError> {
    let mut head = Vec::new();
    match open_regular(path).and_then(|(file, _)| file.take(most).read_to_end(&mut head)) {
        Ok(_) => Ok(Some(head)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed(path)(e)),
    }
}

/// True if a file has this content; `None`: there is none. Reads it in parts, since it may be large.
pub fn has_content(path: &Path, content: Option<&[u8]>) -> Result<bool, StateError> {
    let same = |mut rest: &[u8]| -> io::Result<bool> {
        let mut file = BufReader::with_capacity(PART, open_regular(path)?.0);
        loop {
            let part = file.fill_buf()?;
            let Some(after) = rest.strip_prefix(part) else { return Ok(false) };
            if part.is_empty() {
                return Ok(rest.is_empty());
            }
            let length = part.len();
            rest = after;
            file.consume(length);
        }
    };
    match content.map_or_else(|| fs::metadata(path).map(|_| false), same) {
        Ok(is_same) => Ok(is_same),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(content.is_none()),
        Err(e) => Err(failed(path)(e)),
    }
}

/// The names in a folder that are valid text; none where the folder does not exist.
pub fn list(folder: &Path) -> Result<Vec<String>, StateError> {
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(folder)(e)),
    };
    let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().into_string().ok()).transpose();
    found.filter_map(name).collect::<io::Result<_>>().map_err(failed(folder))
}

/// Creates a folder and those above it, so that they survive a loss of power.
pub fn make_folder(folder: &Path) -> Result<(), StateError> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(folder).map_err(failed(folder))?;
    missing.into_iter().try_for_each(sync_name)
}

/// Makes the name of a file or folder survive a loss of power.
pub fn sync_name(path: &Path) -> Result<(), StateError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only Unix opens a folder as a file; elsewhere the file system answers for names.
    if cfg!(unix) { File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder)) } else { Ok(()) }
}

/// Replaces a file atomically, and keeps the previous one as `backup`. A complete file exists at every moment.
pub fn replace(path: &Path, content: &[u8], backup: &Path) -> Result<(), StateError> {
    let fresh = beside(path, ".new");
    write_synced(&fresh, content, OpenOptions::new().write(true).create(true).truncate(true))?;
    if path.exists() {
        let old = beside(backup, ".new");
        remove(&old)?;
        // A hard link costs nothing; a file system without them gets a copy.
        fs::hard_link(path, &old).or_else(|_| fs::copy(path, &old).map(drop)).map_err(failed(&old))?;
        fs::rename(&old, backup).map_err(failed(backup))?;
    }
    fs::rename(&fresh, path).map_err(failed(path))?;
    sync_name(path)
}

/// Creates a file that only its owner can read. Where another process was faster, its file stays.
pub fn create_private(path: &Path, content: &[u8]) -> Result<(), StateError> {
    let fresh = beside(path, &format!(".{}", std::process::id()));
    remove(&fresh)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    write_synced(&fresh, content, &options)?;
    match fs::hard_link(&fresh, path) {
        Ok(()) => remove(&fresh)?,
        Err(e) if e.kind() == ErrorKind::AlreadyExists => remove(&fresh)?,
        Err(_) => fs::rename(&fresh, path).map_err(failed(path))?,
    }
    sync_name(path)
}

/// Appends to a file, and creates it where it does not exist.
pub fn append(path: &Path, content: &[u8]) -> Result<(), StateError> {
    write_synced(path, content, OpenOptions::new().append(true).create(true))?;
    sync_name(path)
}

fn write_synced(path: &Path, content: &[u8], options: &OpenOptions) -> Result<(), StateError> {
    let mut file = options.open(path).map_err(failed(path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed(path))
}

fn remove(path: &Path) -> Result<(), StateError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(failed(path)(e)),
        _ => Ok(()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
