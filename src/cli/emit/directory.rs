//! The directory of emitted files: those that drplan wrote, manual changes to them, and pending changes. Independent
//! of the language.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::reviewing::sha256;
use crate::cli::{ExitCode, Failure, Session};
use crate::store::read_bounded;

/// Manifest of the written files, each with its SHA-256: files that are no longer emitted are deleted, manual changes
/// are kept, and other files are never touched. While files are written, a name has the digests of both versions.
const MANIFEST: &str = ".drplan-emitted";

/// A directory and its files.
pub(super) struct Directory {
    path: PathBuf,
    /// True once drplan has written there.
    is_ours: bool,
    /// The files that it wrote, with their possible digests.
    ours: BTreeMap<String, BTreeSet<String>>,
    /// All others.
    others: BTreeSet<String>,
}

impl Directory {
    /// Reads a directory, which may be missing.
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

    /// Requires that these files overwrite no other files and no manual changes.
    pub fn admits(&self, files: &BTreeMap<String, String>, session: &Session) -> Result<(), Failure> {
        let in_the_way = |name: &&String| files.contains_key(*name) || !self.is_ours;
        let others: Vec<&str> = self.others.iter().filter(in_the_way).map(String::as_str).collect();
        if !others.is_empty() {
            let what = format!("{} contains files that drplan did not write: {}", self.path.display(), first(&others));
            return Err(Failure::refused(what)
                .help("Choose another directory, or use --force to overwrite files of the same names."));
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
        let what =
            format!("{} contains manual changes to files that drplan wrote: {}", self.path.display(), first(&changed));
        Err(Failure::refused(what).help(
            "Show the differences with --check. Move the changes to the stack or to a file of your own, or overwrite them with --force.",
        ))
    }

    /// Writes the files and deletes those that are no longer emitted. Interrupted anywhere, it can be repeated.
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

    /// Prints the differences.
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

/// The first of several names, and the number of the others.
fn first(names: &[&str]) -> String {
    let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
    format!("{}{more}", names.first().copied().unwrap_or_default())
}

/// Maximum size of a file of emitted code in bytes.
const MAX_EMITTED_BYTES: u64 = 64 * 1024 * 1024;

/// A text file; `None` if it is missing.
fn read(path: &Path, session: &Session) -> Result<Option<String>, Failure> {
    match read_bounded(&session.path(path), MAX_EMITTED_BYTES) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file(path, &error)),
    }
}

/// The names of all files below a directory, without the files that Terraform and git keep there.
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
