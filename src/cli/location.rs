//! The stack's name and cloud, read without evaluating it, so that no variable needs a value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::again::word;
use super::{Failure, Global, Session};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::hcl::ast::{Body, ExprKind};
use crate::hcl::parse;
use crate::hcl::parse::{MAX_FILE_BYTES, MAX_STACK_BYTES, MAX_STACK_FILES};
use crate::kinds::Catalog;
use crate::stack::CloudName;
use crate::state::State;
use crate::store::{Holder, LocalStore, read_at_most, read_bounded};
use crate::world::Store;

/// The stack that a command works on.
#[derive(Debug, Clone)]
pub struct StackLocation {
    /// The stack's name.
    pub stack: String,
    /// The cloud: `--cloud`, else that of the stack, else the local simulator.
    pub cloud: CloudName,
}

impl StackLocation {
    /// The stack in this directory.
    ///
    /// # Errors
    /// A directory without a stack, or files that cannot be read.
    pub fn of(dir: &Path, global: &Global, session: &Session) -> Result<Self, Failure> {
        let mut sources = Sources::default();
        let mut found = None;
        for (path, text) in stack_files(dir, session)? {
            let file = sources.add(path, Arc::clone(&text));
            match parse(&text, file) {
                Ok(body) => found = found.or_else(|| stack_block(&body, session.catalog)),
                Err(wrong) => return Err(Failure::Wrong(wrong, sources)),
            }
        }
        let Some((stack, cloud)) = found else {
            let missing =
                Diagnostic::error("no-stack-block", format!("no file in {} has a `stack` block", dir.display()))
                    .help("Write `stack \"name\" {}` into one of them.");
            return Err(Failure::Wrong(Diagnostics::from(missing), sources));
        };
        let cloud = global.cloud.or(cloud).unwrap_or(CloudName::Local);
        Ok(Self { stack, cloud })
    }

    /// The stack in this directory; where its text cannot be read, the only one that has a state on this machine. For
    /// commands that need nothing but the journal of a run.
    ///
    /// # Errors
    /// That of the text, where the states do not show which stack is meant.
    pub fn of_run(dir: &Path, global: &Global, session: &Session) -> Result<Self, Failure> {
        let unread = match Self::of(dir, global, session) {
            Ok(place) => return Ok(place),
            Err(failure) => failure,
        };
        let root = session.path(&global.state_root);
        let folders = |folder: &Path| -> Vec<String> {
            let listed = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
            listed.filter_map(|entry| entry.file_name().into_string().ok()).collect()
        };
        let mut found = Vec::new();
        for stack in folders(&root) {
            let clouds = folders(&root.join(&stack));
            let clouds =
                CloudName::all(session.catalog).filter(|cloud| clouds.iter().any(|name| name == cloud.as_str()));
            for cloud in clouds {
                if global.cloud.is_none_or(|wanted| wanted.is_local() == cloud.is_local()) {
                    found.push(Self { stack: stack.clone(), cloud: global.cloud.unwrap_or(cloud) });
                }
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(unread),
        }
    }

    /// The store of its state.
    ///
    /// # Errors
    /// A name that cannot be the name of a directory.
    pub fn store(&self, global: &Global, session: &Session) -> Result<LocalStore, Failure> {
        store_at(&self.stack, self.cloud, global, session)
    }

    /// Its state; `None` before the first apply.
    ///
    /// # Errors
    /// A state that cannot be read.
    pub fn state(&self, global: &Global, session: &Session) -> Result<Option<State>, Failure> {
        Ok(self.store(global, session)?.load()?)
    }
}

/// The store of the state of a stack on a cloud. All names of the providers mean one cloud with one state: it stays in
/// the folder of the name that was given first.
///
/// # Errors
/// A name that cannot be the name of a directory.
pub fn store_at(stack: &str, cloud: CloudName, global: &Global, session: &Session) -> Result<LocalStore, Failure> {
    let open = |cloud: CloudName| LocalStore::open(&session.path(&global.state_root), stack, cloud.as_str());
    let named = open(cloud)?;
    if cloud.is_local() {
        return Ok(named);
    }
    let others = CloudName::all(session.catalog).filter(|other| !other.is_local() && *other != cloud);
    let mut stores = vec![named];
    for other in others {
        stores.push(open(other)?);
    }
    // A folder without a state may be that of a command that holds its lock, and writes the first state.
    let with_state = stores.iter().position(LocalStore::has_state);
    let existing = || stores.iter().position(|store| store.folder().exists());
    let chosen = with_state.or_else(existing).unwrap_or_default();
    Ok(stores.swap_remove(chosen))
}

/// A file: the path to show, and its text.
pub type TextFile = (Arc<str>, Arc<str>);

/// The holder of a lock: this process, with this command.
pub fn holder(command: &str, session: &Session) -> Holder {
    Holder {
        who: session.identity.user.clone(),
        pid: std::process::id(),
        host: session.identity.host.clone(),
        command: format!("drplan {command}"),
        since: session.clock.now(),
    }
}

/// The texts of the stack in this directory, in name order, each with the path to show.
///
/// # Errors
/// A directory that is missing or has no stack, or a file that cannot be read.
pub fn stack_files(dir: &Path, session: &Session) -> Result<Vec<TextFile>, Failure> {
    let listed = std::fs::read_dir(session.path(dir));
    let listed = listed.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => format!("no such directory: {}", dir.display()),
            _ => format!("{}: {error}", dir.display()),
        };
        Failure::wrong_file(why).help("Give the directory of a stack.")
    })?;
    let names = names_of_stack(listed);
    if names.is_empty() {
        return Err(Failure::wrong_file(format!("{} has no stack: no *.hcl file is in it", dir.display()))
            .help(format!("Create one: `drplan init {}`", word(dir))));
    }
    read_all(dir, names, session)
}

/// The files of values that a stack in this directory always reads, in name order.
///
/// # Errors
/// A file that cannot be read.
pub fn auto_files(dir: &Path, session: &Session) -> Result<Vec<TextFile>, Failure> {
    let Ok(listed) = std::fs::read_dir(session.path(dir)) else { return Ok(Vec::new()) };
    let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_auto(name)).collect();
    names.sort();
    read_all(dir, names, session)
}

/// The texts of these files of a directory, which anybody may have written who can change it.
fn read_all(dir: &Path, names: Vec<String>, session: &Session) -> Result<Vec<TextFile>, Failure> {
    if names.len() > MAX_STACK_FILES {
        let what = format!("{} has {} files; the maximum is {MAX_STACK_FILES}", dir.display(), names.len());
        return Err(Failure::too_large(what).help("Join them, or split the stack."));
    }
    let mut left = MAX_STACK_BYTES;
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let file = read_within(dir, &name, session)?;
        left = left.checked_sub(file.1.len()).ok_or_else(|| {
            let what = format!("the files of {} are larger than {MAX_STACK_BYTES} bytes together", dir.display());
            Failure::too_large(what).help("Split the stack.")
        })?;
        files.push(file);
    }
    Ok(files)
}

/// A file of a directory, which must not lead out of it.
///
/// # Errors
/// A link that leads out, anything else than a file, or a file that is too large or not UTF-8.
pub fn read_within(dir: &Path, name: &str, session: &Session) -> Result<TextFile, Failure> {
    let path = shown(dir, name);
    let whole = |path: &Path| session.path(path).canonicalize();
    if let (Ok(root), Ok(file)) = (whole(dir), whole(&path))
        && !file.starts_with(&root)
    {
        let what = format!("{}: it is a symbolic link to a file outside the stack's directory", path.display());
        return Err(Failure::wrong_file(what).help("Copy the file into the directory of the stack."));
    }
    read(&path, session)
}

/// True for the name of a file that the stack in its directory always reads values from.
pub fn is_auto(name: &str) -> bool {
    name.ends_with(".auto.vars.hcl")
}

/// The names of a stack's files in a directory, in order.
pub fn names_of_stack(listed: std::fs::ReadDir) -> Vec<String> {
    let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_of_stack(name)).collect();
    names.sort();
    names
}

/// True for the name of a file that belongs to the stack in its directory.
pub fn is_of_stack(name: &str) -> bool {
    name.ends_with(".hcl") && !name.ends_with(".vars.hcl")
}

/// One text file, with the path to show.
///
/// # Errors
/// Anything else than a file, or a file that is too large or not UTF-8.
pub fn read(path: &Path, session: &Session) -> Result<TextFile, Failure> {
    text(path, read_bounded(&session.path(path), MAX_FILE_BYTES as u64))
}

/// The same for a file that the command line names, which may be a pipe: `--vars <(…)`.
///
/// # Errors
/// A text that cannot be read, is too large or not UTF-8.
pub fn read_given(path: &Path, session: &Session) -> Result<TextFile, Failure> {
    let file = std::fs::File::open(session.path(path));
    text(path, file.and_then(|file| read_at_most(file, MAX_FILE_BYTES as u64)))
}

fn text(path: &Path, bytes: std::io::Result<Vec<u8>>) -> Result<TextFile, Failure> {
    let bytes = bytes.map_err(|error| {
        let what = format!("{}: {error}", path.display());
        match error.kind() {
            std::io::ErrorKind::FileTooLarge => Failure::too_large(what).help("Split it into several files."),
            _ => Failure::wrong_file(what),
        }
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        Failure::wrong_file(format!("{} is not UTF-8 text from byte {valid} on", path.display()))
    })?;
    Ok((path.display().to_string().into(), text.into()))
}

/// The path of a file to show, without a leading `./`.
pub fn shown(dir: &Path, name: &str) -> PathBuf {
    if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) }
}

/// The label and the cloud of the `stack` block.
fn stack_block(body: &Body, catalog: &Catalog) -> Option<(String, Option<CloudName>)> {
    let block = body.blocks("stack").next()?;
    let cloud = block.body.attribute("cloud").and_then(|cloud| match &cloud.expr.kind {
        ExprKind::String(word) => CloudName::named(word, catalog),
        _ => None,
    });
    Some((block.labels.first()?.text.to_string(), cloud))
}

#[cfg(test)]
mod tests {
    use std::io;

    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::host::SeededIds;

    fn session(dir: &Path) -> Session {
        let nowhere = || Box::new(io::sink());
        let ids = Arc::new(SeededIds::new(1));
        Session::detached(nowhere(), nowhere(), dir.to_owned(), ids, crate::providers::catalog())
    }

    fn global(flags: &[&str]) -> Global {
        Cli::try_parse_from(["drplan", "plan"].iter().chain(flags)).unwrap().global
    }

    /// The name of the folder of a stack's state.
    fn folder(stack: &str, cloud: CloudName, session: &Session) -> String {
        let store = store_at(stack, cloud, &global(&[]), session).unwrap();
        store.folder().file_name().unwrap().to_string_lossy().into_owned()
    }

    const BY_ITS_SITES: CloudName = CloudName::Providers("azure");
    const BY_ITS_RECORDS: CloudName = CloudName::Providers("cloudflare");

    #[test]
    fn state_of_the_providers_stays_in_the_folder_of_the_first_name() {
        let dir = tempfile::tempdir().unwrap();
        let session = session(dir.path());
        for cloud in [CloudName::Local, BY_ITS_SITES, BY_ITS_RECORDS] {
            assert_eq!(folder("shop", cloud, &session), cloud.as_str(), "there is no state yet");
        }
        let store = store_at("shop", BY_ITS_SITES, &global(&[]), &session).unwrap();
        store.save(&State::empty("shop", "one".to_owned())).unwrap();
        // A command that was refused leaves an empty folder.
        std::fs::create_dir_all(dir.path().join("state/shop/cloudflare")).unwrap();
        assert_eq!(folder("shop", BY_ITS_SITES, &session), "azure");
        assert_eq!(folder("shop", BY_ITS_RECORDS, &session), "azure");
        assert_eq!(folder("shop", CloudName::Local, &session), "local");
        assert_eq!(folder("other", BY_ITS_RECORDS, &session), "cloudflare");
    }

    #[test]
    fn first_apply_excludes_one_by_another_name() {
        let dir = tempfile::tempdir().unwrap();
        let session = session(dir.path());
        let store = |cloud| store_at("shop", cloud, &global(&[]), &session).unwrap();
        let _held = store(BY_ITS_RECORDS).lock(&holder("apply", &session)).unwrap();
        assert!(store(BY_ITS_SITES).lock(&holder("apply", &session)).is_err());
    }

    #[test]
    fn run_is_found_by_any_name_of_the_providers() {
        let dir = tempfile::tempdir().unwrap();
        let session = session(dir.path());
        let store = store_at("shop", BY_ITS_SITES, &global(&[]), &session).unwrap();
        store.save(&State::empty("shop", "one".to_owned())).unwrap();
        let of_run = |flags: &[&str]| StackLocation::of_run(Path::new("gone"), &global(flags), &session);
        assert_eq!(of_run(&[]).unwrap().cloud, BY_ITS_SITES);
        let place = of_run(&["--cloud", "cloudflare"]).unwrap();
        assert_eq!((&*place.stack, place.cloud), ("shop", BY_ITS_RECORDS));
        assert!(place.state(&global(&[]), &session).unwrap().is_some());
        assert!(of_run(&["--cloud", "local"]).is_err());
    }
}
