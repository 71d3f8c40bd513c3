//! What `diff` and `plan` share: the stack at a revision of Git, objectives as a condition, and the digest of what is printed.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::account::Account;
use super::loading::{Loaded, StackText, given_variables, load_text, stack_text};
use super::place::{is_of_stack, shown};
use super::{Failure, Global, Session};
use crate::hcl::{Files, parse};
use crate::host::{GitError, Revision};
use crate::review::{Outlook, misses};
use crate::stack::{GivenVariable, Knowledge, Stack};
use crate::view::outlook::shortfalls;

/// A stack at a revision.
pub struct At {
    /// The stack; `None` where the directory had none then.
    pub stack: Option<Stack>,
    /// The revision in words: `main (1a2b3c4d5e6f)`.
    pub words: String,
}

/// The stack of this directory at a revision of the Git repository that it is in. Values of variables are those for the stack as it is now, as far as it had
/// these variables.
///
/// # Errors
/// Where there is no git, no such revision, or the stack was wrong then.
pub fn stack_at(dir: &Path, revision: &str, global: &Global, session: &mut Session) -> Result<At, Failure> {
    let (text, words) = text_at(dir, revision, session)?;
    let given = given_variables(global, session)?;
    let Some(text) = text else { return Ok(At { stack: None, words }) };
    let given = given_to(&text, &stack_text(dir, session)?, &given);
    Ok(At { stack: Some(before(text, given, &words, session)?), words })
}

/// The text of a stack at a revision, and the revision in words.
///
/// # Errors
/// Where there is no git, no such revision, or a file cannot be read.
pub fn text_at(dir: &Path, revision: &str, session: &Session) -> Result<(Option<StackText>, String), Failure> {
    let tree = Revision::open(&session.path(dir), revision).map_err(|error| no_revision(dir, &error))?;
    let words = format!("{revision} ({})", tree.short());
    let names: Vec<String> = tree.names().filter(|name| is_of_stack(name)).map(str::to_owned).collect();
    if names.is_empty() {
        return Ok((None, words));
    }
    let read = |name: String| {
        let path = format!("{revision}:{}", shown(dir, &name).display());
        let bytes = tree.bytes(&name).map_err(|why| Failure::wrong_file(format!("{path}: {why}")))?;
        let text = String::from_utf8(bytes.unwrap_or_default().to_vec())
            .map_err(|_| Failure::wrong_file(format!("{path} is no UTF-8 text")))?;
        Ok((Arc::from(path), Arc::from(text)))
    };
    let files = names.into_iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    Ok((Some(StackText { files, reader: Arc::new(tree) }), words))
}

fn no_revision(dir: &Path, error: &GitError) -> Failure {
    let failure = match error {
        GitError::NoRepository => Failure::failed(format!("--base: {}: {error}", dir.display())),
        _ => Failure::failed(format!("--base: {error}")),
    };
    match error {
        GitError::NoGit => failure
            .help("Install it, or compare two directories: `drplan diff OLD NEW`."),
        GitError::NoRepository => {
            failure.help("Without a repository, compare two directories: `drplan diff OLD NEW`.")
        }
        GitError::NoRevision(_) => failure
            .help("A branch of the remote is written as `origin/main`.")
            .help("A shallow clone, as pipelines have it, lacks it until it is fetched: `git fetch origin main`, or `fetch-depth: 0`."),
        GitError::Failed { .. } => failure,
    }
}

/// The stack before, evaluated. Where it is wrong, it is said that it is that one.
///
/// # Errors
/// Then.
pub fn before(
    text: StackText,
    given: Vec<GivenVariable>,
    words: &str,
    session: &mut Session,
) -> Result<Stack, Failure> {
    evaluate(text, given).inspect_err(|_| session.say(&format!("The stack before, {words}, is wrong:\n\n")))
}

/// The stack of this text, evaluated.
///
/// # Errors
/// Where it is wrong.
pub fn evaluate(text: StackText, given: Vec<GivenVariable>) -> Result<Stack, Failure> {
    let loaded: Loaded = load_text(text, given, |_| Account::local())?;
    // Rules are for `validate` and `plan`: a stack is compared so that it can be mended, too.
    let (stack, _) = loaded.program.evaluate(&Knowledge::default()).map_err(|wrong| loaded.wrong(wrong))?;
    Ok(stack)
}

/// The values that one side takes: those of its own variables, and those that neither side knows, so that they are told to be wrong.
pub fn given_to(own: &StackText, other: &StackText, given: &[GivenVariable]) -> Vec<GivenVariable> {
    if given.is_empty() {
        return Vec::new();
    }
    let (own, other) = (declared(own), declared(other));
    let takes = |one: &&GivenVariable| own.contains(&one.name) || !other.contains(&one.name);
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

/// Fails where a failover is predicted to miss an objective.
///
/// # Errors
/// Then.
pub fn require_objectives(outlooks: &[Outlook]) -> Result<(), Failure> {
    if !misses(outlooks) {
        return Ok(());
    }
    let lines: String = shortfalls(outlooks).iter().map(|line| format!("\n  {line}")).collect();
    let what = format!(
        "a failover is predicted to miss the objectives of the stack, in more than one of twenty cases:{lines}"
    );
    Err(Failure::failed(what)
        .help("This is assumed, not observed: an ordinary day on which all stands as it is written."))
}

/// The SHA-256 of a text, in hexadecimal.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
