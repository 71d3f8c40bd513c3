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

/// Prints `what` and returns only if the answer is the name of the failover group.
///
/// # Errors
/// As for [`confirm`].
pub fn confirm_name(
    what: &str,
    name: &str,
    command: &str,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    let hint = format!("Type the name of the failover group, {name}, to continue: ");
    ask(what, &hint, name, command, global, session)
}

/// Prints `what` and returns only if the answer is the name of the stack: several of its groups move.
///
/// # Errors
/// As for [`confirm`].
pub fn confirm_stack(
    what: &str,
    name: &str,
    command: &str,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    let hint = format!("Type the name of the stack, {name}, to continue: ");
    ask(what, &hint, name, command, global, session)
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
