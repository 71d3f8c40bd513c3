//! Where a command works: a stack's directory, its name and its cloud, without evaluating it, so that no variable needs a value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, Global, Session};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::hcl::ast::{Body, ExprKind};
use crate::hcl::parse;
use crate::stack::CloudName;
use crate::state::State;
use crate::store::{Holder, LocalStore};
use crate::world::Store;

/// Where a command works.
#[derive(Debug, Clone)]
pub struct Place {
    /// The stack's name.
    pub stack: String,
    /// The cloud: what `--cloud` says, else the stack, else the embedded one.
    pub cloud: CloudName,
}

impl Place {
    /// The place of the stack in this directory.
    ///
    /// # Errors
    /// Where there is no stack there, or it cannot be read.
    pub fn of(dir: &Path, global: &Global, session: &Session) -> Result<Self, Failure> {
        let mut sources = Sources::default();
        let mut found = None;
        for (path, text) in stack_files(dir, session)? {
            let file = sources.add(path, Arc::clone(&text));
            match parse(&text, file) {
                Ok(body) => found = found.or_else(|| stack_block(&body)),
                Err(wrong) => return Err(Failure::Wrong(wrong, sources)),
            }
        }
        let Some((stack, cloud)) = found else {
            let missing =
                Diagnostic::error("no-stack-block", format!("no file in {} has a `stack` block", dir.display()))
                    .help("Write `stack \"name\" {}` into one of them.");
            return Err(Failure::Wrong(Diagnostics::from(missing), sources));
        };
        let cloud = global.cloud.map(CloudName::from).or(cloud).unwrap_or(CloudName::Local);
        Ok(Self { stack, cloud })
    }

    /// Where its state is kept.
    ///
    /// # Errors
    /// Where its name cannot be that of a folder.
    pub fn store(&self, global: &Global, session: &Session) -> Result<LocalStore, Failure> {
        Ok(LocalStore::open(&session.path(&global.state_root), &self.stack, self.cloud.as_str())?)
    }

    /// Its state; `None` where nothing was ever recorded.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn state(&self, global: &Global, session: &Session) -> Result<Option<State>, Failure> {
        Ok(self.store(global, session)?.load()?)
    }
}

/// A file: the path to show, and its text.
pub type TextFile = (Arc<str>, Arc<str>);

/// Who works on a state: this process, with this command.
pub fn holder(command: &str, session: &Session) -> Holder {
    let first = |names: &[&str]| names.iter().find_map(|name| session.env.get(*name)).cloned();
    Holder {
        who: first(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "someone".to_owned()),
        pid: std::process::id(),
        host: first(&["HOSTNAME", "COMPUTERNAME"]).unwrap_or_else(|| "this machine".to_owned()),
        command: format!("drplan {command}"),
        since: session.clock.now(),
    }
}

/// The texts of the stack in this directory, in name order, each with the path to show.
///
/// # Errors
/// Where there is no such directory, it holds no stack, or a file cannot be read.
pub fn stack_files(dir: &Path, session: &Session) -> Result<Vec<TextFile>, Failure> {
    let listed = std::fs::read_dir(session.path(dir));
    let listed = listed.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no directory {}", dir.display()),
            _ => format!("{}: {error}", dir.display()),
        };
        Failure::wrong_file(why).help("Name the directory of a stack.")
    })?;
    let names = names_of_stack(listed);
    if names.is_empty() {
        return Err(Failure::wrong_file(format!("{} holds no stack: there is no *.hcl file in it", dir.display()))
            .help(format!("`drplan init {}` writes one to start from.", dir.display())));
    }
    names.into_iter().map(|name| read(&shown(dir, &name), session)).collect()
}

/// The names of a stack's files in a directory, in order.
pub fn names_of_stack(listed: std::fs::ReadDir) -> Vec<String> {
    let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_of_stack(name)).collect();
    names.sort();
    names
}

/// Whether a file of this name belongs to the stack in its directory.
pub fn is_of_stack(name: &str) -> bool {
    name.ends_with(".hcl") && !name.ends_with(".vars.hcl")
}

/// One text file, with the path to show.
///
/// # Errors
/// Where it cannot be read, or is no text.
pub fn read(path: &Path, session: &Session) -> Result<TextFile, Failure> {
    let bytes = std::fs::read(session.path(path))
        .map_err(|error| Failure::wrong_file(format!("{}: {error}", path.display())))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::wrong_file(format!(
            "{} is no UTF-8 text from byte {} on",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
    })?;
    Ok((path.display().to_string().into(), text.into()))
}

/// A file of a directory as it is shown: without a leading `./`.
pub fn shown(dir: &Path, name: &str) -> PathBuf {
    if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) }
}

/// The label of the `stack` block and the cloud it says.
fn stack_block(body: &Body) -> Option<(String, Option<CloudName>)> {
    let block = body.blocks("stack").next()?;
    let cloud = block.body.attribute("cloud").and_then(|cloud| match &cloud.expr.kind {
        ExprKind::String(word) => CloudName::ALL.into_iter().find(|c| c.as_str() == &**word),
        _ => None,
    });
    Some((block.labels.first()?.text.to_string(), cloud))
}
