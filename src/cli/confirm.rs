//! Confirmation by the operator.

use std::io::BufRead;

use super::again::withheld_hint;
use super::{Failure, Global, Session};

/// Asks `question` and returns only if the answer is `yes`.
///
/// # Errors
/// Another answer; no terminal to ask on. `command` is the one to repeat with `--yes`.
pub fn confirm(question: &str, command: &str, global: &Global, session: &mut Session) -> Result<(), Failure> {
    ask(question, "Only 'yes' is accepted: ", "yes", command, global, session)
}

/// The name that an operator has to type.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    /// A failover group that is moved.
    FailoverGroup(&'a str),
    /// A stack of which several groups move.
    Stack(&'a str),
}

/// Prints `what` and returns only if the answer is this name.
///
/// # Errors
/// As for [`confirm`].
pub fn confirm_name(
    what: &str,
    named: Named<'_>,
    command: &str,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    let (of, name) = match named {
        Named::FailoverGroup(name) => ("failover group", name),
        Named::Stack(name) => ("stack", name),
    };
    ask(what, &format!("Type the name of the {of}, {name}, to continue: "), name, command, global, session)
}

fn ask(
    question: &str,
    hint: &str,
    wanted: &str,
    command: &str,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    if !session.terminal.input {
        return Err(Failure::refused(format!(
            "cannot ask for confirmation, because standard input is not a terminal: {question}"
        ))
        .help(format!("To continue without confirmation: `{command} --yes`"))
        .help(withheld_hint(global).trim_end()));
    }
    session.say(&format!("\n{question} {hint}"));
    let mut answer = String::new();
    match session.input.read_line(&mut answer) {
        Ok(_) if answer.trim() == wanted => Ok(()),
        Ok(_) => Err(Failure::refused("not confirmed; nothing was changed")),
        Err(error) => Err(Failure::failed(format!("cannot read the answer: {error}"))),
    }
}
