//! Shared by `diff` and `plan`: the stack at a Git revision, objectives as a condition, and the digest of a document.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::account::Account;
use super::loading::{LoadedStack, StackText, given_variables, load_text, stack_text};
use super::location::{TextFile, is_auto, is_of_stack, shown};
use super::{Failure, Global, Session};
use crate::hcl::parse::MAX_STACK_FILES;
use crate::hcl::{Files, parse};
use crate::host::{GitError, Revision};
use crate::review::{Outlook, misses};
use crate::stack::{Knowledge, Secrets, Stack, VariableInput};
use crate::view::outlook::shortfalls;

/// A stack at a revision.
pub struct RevisionStack {
    /// The stack; `None` if the directory had none then.
    pub stack: Option<Stack>,
    /// The revision as text: `main (1a2b3c4d5e6f)`.
    pub words: String,
}

/// The stack of this directory at a Git revision, with the values of variables that it had then.
///
/// # Errors
/// A missing git or revision, or errors in the stack at that revision.
pub fn stack_at(dir: &Path, revision: &str, global: &Global, session: &mut Session) -> Result<RevisionStack, Failure> {
    let (text, words) = text_at(dir, revision, session)?;
    let given = given_variables(global, session)?;
    let Some(text) = text else { return Ok(RevisionStack { stack: None, words }) };
    let given = given_to(&text, &stack_text(dir, session)?, &given);
    Ok(RevisionStack { stack: Some(before(text, given, &words, session)?), words })
}

/// The text of a stack at a revision, and the revision as text.
///
/// # Errors
/// A missing git or revision, or a file that cannot be read.
pub fn text_at(dir: &Path, revision: &str, session: &Session) -> Result<(Option<StackText>, String), Failure> {
    let tree = Revision::open(&session.path(dir), revision).map_err(|error| no_revision(dir, &error))?;
    let words = format!("{revision} ({})", tree.short());
    let names: Vec<String> = tree.names().filter(|name| is_of_stack(name)).map(str::to_owned).collect();
    if names.is_empty() {
        return Ok((None, words));
    }
    let auto: Vec<String> = tree.names().filter(|name| is_auto(name)).map(str::to_owned).collect();
    let read = |name: String| -> Result<TextFile, Failure> {
        let path = format!("{revision}:{}", shown(dir, &name).display());
        let bytes = tree.bytes(&name).map_err(|why| Failure::wrong_file(format!("{path}: {why}")))?;
        let text = String::from_utf8(bytes.unwrap_or_default().to_vec())
            .map_err(|_| Failure::wrong_file(format!("{path} is not UTF-8 text")))?;
        Ok((Arc::from(path), Arc::from(text)))
    };
    if names.len() + auto.len() > MAX_STACK_FILES {
        return Err(Failure::too_large(format!("{words} has more than {MAX_STACK_FILES} files of the stack")));
    }
    let files = names.into_iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    let auto = auto.into_iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    Ok((Some(StackText { files, auto, reader: Arc::new(tree), catalog: session.catalog }), words))
}

fn no_revision(dir: &Path, error: &GitError) -> Failure {
    let failure = match error {
        GitError::NoRepository => Failure::failed(format!("--base: {}: {error}", dir.display())),
        _ => Failure::failed(format!("--base: {error}")),
    };
    match error {
        GitError::NoGit => failure.help("Install it, or compare two directories: `drplan diff OLD NEW`"),
        GitError::NoRepository => failure.help("Without a repository, compare two directories: `drplan diff OLD NEW`"),
        GitError::NoRevision(_) => failure
            .help("Write a branch of the remote as `origin/main`.")
            .help("In a shallow clone of a pipeline, fetch it first: `git fetch origin main`, or `fetch-depth: 0`."),
        GitError::Failed { .. } => failure,
    }
}

/// The old version, evaluated. Its errors are marked as those of the old version.
///
/// # Errors
/// Errors in the stack.
pub fn before(
    text: StackText,
    given: Vec<VariableInput>,
    words: &str,
    session: &mut Session,
) -> Result<Stack, Failure> {
    evaluate(text, given, None).inspect_err(|_| session.say(&format!("The old version, {words}, has errors:\n\n")))
}

/// The stack of this text, evaluated. `global` is given for the stack that commands are printed for.
///
/// # Errors
/// Errors in the stack.
pub fn evaluate(text: StackText, given: Vec<VariableInput>, global: Option<&Global>) -> Result<Stack, Failure> {
    let catalog = text.catalog;
    let loaded: LoadedStack = load_text(text, given, Secrets::Optional, |_| Account::local(catalog))?;
    if let Some(global) = global {
        global.learn(&loaded.program);
    }
    // Without rules, which are for `validate` and `plan`: a comparison helps to fix a stack, too.
    let (stack, _) = loaded.program.evaluate(&Knowledge::default()).map_err(|wrong| loaded.wrong(wrong))?;
    Ok(stack)
}

/// The values for one version: those of its own variables, and those of variables that neither version has, so that
/// they are reported.
pub fn given_to(own: &StackText, other: &StackText, given: &[VariableInput]) -> Vec<VariableInput> {
    if given.is_empty() {
        return Vec::new();
    }
    let (own, other) = (declared(own), declared(other));
    let takes = |one: &&VariableInput| own.contains(&one.name) || !other.contains(&one.name);
    given.iter().filter(takes).cloned().collect()
}

/// The names of the variables that a stack declares, as far as it can be read.
pub fn declared(text: &StackText) -> Vec<String> {
    let bodies = text.files.iter().filter_map(|(_, text)| parse(text, 0).ok());
    let names = |body: crate::hcl::ast::Body| -> Vec<String> {
        body.blocks("variable").filter_map(|block| Some(block.labels.first()?.text.to_string())).collect()
    };
    bodies.flat_map(names).collect()
}

/// Requires that failovers are predicted to meet their objectives.
///
/// # Errors
/// A predicted miss, all of them listed.
pub fn require_objectives(outlooks: &[Outlook]) -> Result<(), Failure> {
    if !misses(outlooks) {
        return Ok(());
    }
    let lines: String = shortfalls(outlooks).iter().map(|line| format!("\n  {line}")).collect();
    let what = format!("a failover is predicted to miss the objectives of the stack (P95):{lines}");
    Err(Failure::failed(what).help("Shorten the critical path, or change the objectives. Estimate: assumes that all permanent resources are healthy and replicated."))
}

/// The SHA-256 of a text, in hexadecimal.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
