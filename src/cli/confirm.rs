//! Asking before something is done.

use std::io::BufRead;

use super::{Failure, Session};

/// Asks `question` and goes on only where the answer is `yes`. Without a terminal nobody can answer.
pub fn confirm(question: &str, command: &str, session: &mut Session) -> Result<(), Failure> {
    if !session.terminal.input {
        return Err(Failure::refused(format!("{question} Nobody can answer: this is not a terminal"))
            .help(format!("`{command} --yes` does it without asking.")));
    }
    session.say(&format!("\n{question} Only 'yes' is accepted: "));
    let mut answer = String::new();
    let read = session.input.read_line(&mut answer);
    match read {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        Ok(_) => Err(Failure::refused("not confirmed; nothing was done")),
        Err(error) => Err(Failure::failed(format!("cannot read the answer: {error}"))),
    }
}

/// Says what will be done and goes on only where the answer is `name`. Without a terminal nobody can answer.
pub fn confirm_name(what: &str, name: &str, command: &str, session: &mut Session) -> Result<(), Failure> {
    if !session.terminal.input {
        return Err(Failure::refused(format!("{what} Nobody can confirm it: this is not a terminal"))
            .help(format!("`{command} --yes` does it without asking.")));
    }
    session.say(&format!("\n{what} Type the name of the group, {name}, to go on: "));
    let mut answer = String::new();
    match session.input.read_line(&mut answer) {
        Ok(_) if answer.trim() == name => Ok(()),
        Ok(_) => Err(Failure::refused("not confirmed; nothing was done")),
        Err(error) => Err(Failure::failed(format!("cannot read the answer: {error}"))),
    }
}
