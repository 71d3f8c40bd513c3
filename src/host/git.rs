//! The files of a directory at a Git revision, read with `git` and without a checkout.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::hcl::Files;
use crate::hcl::parse::MAX_FILE_BYTES;

/// A directory at a revision.
#[derive(Debug)]
pub struct Revision {
    dir: PathBuf,
    /// The hash of the commit.
    pub commit: String,
    /// The files below the directory, by relative path.
    entries: BTreeMap<String, TreeEntry>,
}

#[derive(Debug)]
struct TreeEntry {
    is_link: bool,
    object: String,
    size: usize,
}

/// Why a revision cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// `git` is not installed.
    #[error("`git` is not installed")]
    NoGit,
    /// The directory is not in a Git repository.
    #[error("the directory is not in a Git repository")]
    NoRepository,
    /// The repository has no such revision.
    #[error("the Git repository has no revision `{0}`")]
    NoRevision(String),
    /// Any other failure of Git.
    #[error("git {what}: {said}")]
    Failed {
        /// The Git command.
        what: String,
        /// The first line of its standard error.
        said: String,
    },
}

impl Revision {
    /// The files of this directory at this revision; none where the directory did not exist then.
    ///
    /// # Errors
    /// `git` is not installed, the directory is not in a repository, or the revision does not exist.
    pub fn open(dir: &Path, revision: &str) -> Result<Self, GitError> {
        if let Err(said) = git(dir, &["rev-parse", "--show-prefix"])? {
            return Err(match said.contains("not a git repository") {
                true => GitError::NoRepository,
                false => GitError::Failed { what: "rev-parse".to_owned(), said },
            });
        }
        // Git would read a name that begins with a dash as an option.
        let unknown = || GitError::NoRevision(revision.to_owned());
        if revision.starts_with('-') || revision.is_empty() {
            return Err(unknown());
        }
        let named = git(dir, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])?;
        let commit = named.map_err(|_| unknown())?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let listed = git(dir, &["ls-tree", "-r", "-l", "-z", &commit])?;
        let listed = listed.map_err(|said| GitError::Failed { what: format!("ls-tree {commit}"), said })?;
        let entries = listed.split(|byte| *byte == 0).filter_map(entry).collect();
        Ok(Self { dir: dir.to_owned(), commit, entries })
    }

    /// The names of the files directly in the directory, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str).filter(|path| !path.contains('/'))
    }

    /// The abbreviated commit hash, of twelve digits.
    pub fn short(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }
}

/// `mode type object<TAB>path`; `None` for anything but a file.
fn entry(line: &[u8]) -> Option<(String, TreeEntry)> {
    let (head, path) = std::str::from_utf8(line).ok()?.split_once('\t')?;
    let words = head.split(' ');
    let mut words = words.filter(|word| !word.is_empty());
    let (mode, kind, object, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let entry = || TreeEntry { is_link: mode == "120000", object: object.to_owned(), size: size.parse().unwrap_or(0) };
    (kind == "blob").then(|| (path.to_owned(), entry()))
}

impl Files for Revision {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        let mut parts = Vec::new();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(part) => parts.push(part.to_string_lossy()),
                Component::CurDir => {}
                _ => return Err("the path is outside of the stack's directory".to_owned()),
            }
        }
        let Some(entry) = self.entries.get(&parts.join("/")) else { return Ok(None) };
        if entry.is_link {
            return Err("the path is a symbolic link, which drplan does not follow at a Git revision".to_owned());
        }
        if entry.size > MAX_FILE_BYTES {
            return Err(format!("it is larger than the maximum of {MAX_FILE_BYTES} bytes"));
        }
        let read = git(&self.dir, &["cat-file", "blob", &entry.object]).map_err(|error| error.to_string())?;
        read.map(|bytes| Some(bytes.into()))
    }
}

/// Runs git in a directory. Returns its output, or the first line of its error.
fn git(dir: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<Result<Vec<u8>, String>, GitError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(arguments).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    let done = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => GitError::NoGit,
        _ => GitError::Failed { what: "could not be started".to_owned(), said: error.to_string() },
    })?;
    if done.status.success() {
        return Ok(Ok(done.stdout));
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let first = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no error output");
    Ok(Err(first.trim_start_matches("fatal: ").chars().filter(|c| !c.is_control()).collect()))
}
