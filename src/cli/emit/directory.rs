//! The directory that emitted files lie in: which of them drplan wrote, whether somebody changed them since, and what would change.
//!
//! Knows nothing of languages.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::reviewing::sha256;
use crate::cli::{ExitCode, Failure, Session};

/// Where it is kept which files were written, each with the SHA-256 of what was written into it, so that those which are no longer emitted go, what
/// somebody changed is not lost, and nothing else is touched. While files are written a name has two: that of before and that of then.
const MANIFEST: &str = ".drplan-emitted";

/// A directory and what lies in it.
pub(super) struct Directory {
    path: PathBuf,
    /// Whether drplan has written there.
    is_ours: bool,
    /// The files that it wrote, with the digests that they may have.
    ours: BTreeMap<String, BTreeSet<String>>,
    /// All others.
    others: BTreeSet<String>,
}

impl Directory {
    /// Looks at a directory, which need not be there.
    pub fn open(path: &Path, session: &Session) -> Result<Self, Failure> {
        let root = session.path(path);
        let manifest = read(&path.join(MANIFEST), session)?;
        let mut found = BTreeSet::new();
        if root.exists() {
            walk(&root, "", &mut found).map_err(|error| Failure::file(path, &error))?;
        }
        found.remove(MANIFEST);
        let mut ours: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in manifest.iter().flat_map(|text| text.lines()) {
            let (digest, name) = line.split_once("  ").unwrap_or(("", line));
            if found.contains(name) {
                ours.entry(name.to_owned()).or_default().insert(digest.to_owned());
            }
        }
        let others = found.into_iter().filter(|name| !ours.contains_key(name)).collect();
        Ok(Self { path: path.to_owned(), is_ours: manifest.is_some(), ours, others })
    }

    /// Whether these files may be written: nothing that somebody else wrote is in their way.
    pub fn admits(&self, files: &BTreeMap<String, String>, session: &Session) -> Result<(), Failure> {
        let in_the_way = |name: &&String| files.contains_key(*name) || !self.is_ours;
        let others: Vec<&str> = self.others.iter().filter(in_the_way).map(String::as_str).collect();
        if !others.is_empty() {
            let what = format!("{} holds files that drplan did not write: {}", self.path.display(), first(&others));
            return Err(
                Failure::refused(what).help("Name another directory, or say --force to write beside and over them.")
            );
        }
        let mut changed = Vec::new();
        for (name, digests) in &self.ours {
            let now = read(&self.path.join(name), session)?.unwrap_or_default();
            if !digests.contains(&sha256(&now)) && files.get(name) != Some(&now) {
                changed.push(name.as_str());
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let what = format!(
            "{} holds files that were changed since drplan wrote them: {}",
            self.path.display(),
            first(&changed)
        );
        Err(Failure::refused(what).help(
            "`--check` shows how they differ. Say it in the stack, or in a file of your own beside them; --force writes over what was changed.",
        ))
    }

    /// Writes the files and takes away those that are no longer emitted. Cut off anywhere, it can be done again.
    pub fn write(&self, files: &BTreeMap<String, String>, session: &Session) -> Result<(), Failure> {
        let line = |name: &str, digest: &str| format!("{digest}  {name}\n");
        let after: String = files.iter().map(|(name, text)| line(name, &sha256(text))).collect();
        let before: String =
            self.ours.iter().flat_map(|(name, digests)| digests.iter().map(|digest| line(name, digest))).collect();
        std::fs::create_dir_all(session.path(&self.path)).map_err(|error| Failure::file(&self.path, &error))?;
        session.write_file(&self.path.join(MANIFEST), format!("{before}{after}").as_bytes())?;
        for name in self.ours.keys().filter(|name| !files.contains_key(*name)) {
            let path = self.path.join(name);
            std::fs::remove_file(session.path(&path)).map_err(|error| Failure::file(&path, &error))?;
        }
        for (name, text) in files {
            let path = self.path.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(session.path(parent)).map_err(|error| Failure::file(parent, &error))?;
            }
            session.write_file(&path, text.as_bytes())?;
        }
        session.write_file(&self.path.join(MANIFEST), after.as_bytes())
    }

    /// Says what differs from what would be written.
    pub fn check(&self, files: &BTreeMap<String, String>, session: &mut Session) -> Result<ExitCode, Failure> {
        let mut differs = false;
        for name in self.ours.keys().filter(|name| !files.contains_key(*name)) {
            session.print(&format!("{} is no longer emitted\n", self.path.join(name).display()))?;
            differs = true;
        }
        for (name, text) in files {
            let path = self.path.join(name);
            let now = read(&path, session)?.unwrap_or_default();
            if now != *text {
                let shown = path.display().to_string();
                let diff = similar::TextDiff::from_lines(now.as_str(), text.as_str());
                session.print(&diff.unified_diff().header(&shown, &shown).to_string())?;
                differs = true;
            }
        }
        Ok(if differs { ExitCode::Changes } else { ExitCode::Done })
    }
}

/// The first of several names, and how many more there are.
fn first(names: &[&str]) -> String {
    let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
    format!("{}{more}", names.first().copied().unwrap_or_default())
}

/// A text file; `None` where there is none.
fn read(path: &Path, session: &Session) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(session.path(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file(path, &error)),
    }
}

/// The names of all files below a directory; what Terraform and git keep there for themselves is passed over.
fn walk(dir: &Path, prefix: &str, into: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if matches!(name.as_str(), ".terraform" | ".terraform.lock.hcl" | ".git" | ".gitignore") {
            continue;
        }
        let path = format!("{prefix}{name}");
        match entry.file_type()?.is_dir() {
            true => walk(&entry.path(), &format!("{path}/"), into)?,
            false => drop(into.insert(path)),
        }
    }
    Ok(())
}
