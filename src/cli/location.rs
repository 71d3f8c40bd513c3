//! The stack's name and cloud, read without evaluating it, so that no variable needs a value.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::again::word;
use super::{Failure, Global, Session};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::hcl::ast::{Body, ExprKind};
use crate::hcl::parse;
use crate::stack::CloudName;
use crate::state::State;
use crate::store::{Holder, LocalStore};
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
            for cloud in CloudName::ALL.into_iter().filter(|cloud| clouds.iter().any(|name| name == cloud.as_str())) {
                if global.cloud.is_none_or(|wanted| CloudName::from(wanted) == cloud) {
                    found.push(Self { stack: stack.clone(), cloud });
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
        Ok(LocalStore::open(&session.path(&global.state_root), &self.stack, self.cloud.as_str())?)
    }

    /// Its state; `None` before the first apply.
    ///
    /// # Errors
    /// A state that cannot be read.
    pub fn state(&self, global: &Global, session: &Session) -> Result<Option<State>, Failure> {
        Ok(self.store(global, session)?.load()?)
    }
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
    names.into_iter().map(|name| read(&shown(dir, &name), session)).collect()
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
    names.into_iter().map(|name| read(&shown(dir, &name), session)).collect()
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
/// A file that cannot be read, or is not UTF-8.
pub fn read(path: &Path, session: &Session) -> Result<TextFile, Failure> {
    let bytes = std::fs::read(session.path(path))
        .map_err(|error| Failure::wrong_file(format!("{}: {error}", path.display())))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::wrong_file(format!(
            "{} is not UTF-8 text from byte {} on",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
    })?;
    Ok((path.display().to_string().into(), text.into()))
}

/// The path of a file to show, without a leading `./`.
pub fn shown(dir: &Path, name: &str) -> PathBuf {
    if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) }
}

/// The label and the cloud of the `stack` block.
fn stack_block(body: &Body) -> Option<(String, Option<CloudName>)> {
    let block = body.blocks("stack").next()?;
    let cloud = block.body.attribute("cloud").and_then(|cloud| match &cloud.expr.kind {
        ExprKind::String(word) => CloudName::ALL.into_iter().find(|c| c.as_str() == &**word),
        _ => None,
    });
    Some((block.labels.first()?.text.to_string(), cloud))
}
