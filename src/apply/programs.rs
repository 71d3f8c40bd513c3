//! Programs of a replica: what `observe` prints, and programs that move a role.
//!
//! A program is run once. Its input is never shown, and its output only if no part of the input is secret.

use serde_json::Value as Json;

use crate::command::CommandLine;
use crate::kinds::ReadResult;
use crate::reason::Reason;
use crate::world::{CloudError, CloudRefusal, CommandError, Commands, ProgramExit};

/// Characters of an output that a message shows.
const SHOWN: usize = 200;

/// The report of a program about a side. A side is unseen unless its program ends well and prints JSON.
pub(super) async fn output(commands: &dyn Commands, line: Option<&CommandLine>) -> ReadResult {
    let Some(line) = line else {
        return ReadResult::Unseen("its program is not known yet: the address of a machine is missing".to_owned());
    };
    match commands.run(line).await {
        Ok(ProgramExit { code: Some(0), output, .. }) => match serde_json::from_str::<Json>(&output) {
            Ok(report) if report.is_object() => ReadResult::There(report),
            Ok(_) | Err(_) => {
                ReadResult::Unseen(format!("`{}` printed no JSON object{}", word(line), said(line, &output)))
            }
        },
        Ok(exit) => ReadResult::Unseen(ended(line, &exit)),
        Err(why) => ReadResult::Unseen(reason(line, &why)),
    }
}

/// Runs a program that moves a role.
pub(super) async fn run(commands: &dyn Commands, line: &CommandLine) -> Result<(), CloudError> {
    match commands.run(line).await {
        Ok(ProgramExit { code: Some(0), .. }) => Ok(()),
        Ok(exit @ ProgramExit { code: Some(_), .. }) => Err(refused(ended(line, &exit))),
        Ok(exit) => Err(CloudError::OutcomeUnknown(ended(line, &exit))),
        Err(why @ CommandError::NotRun(_)) => Err(refused(reason(line, &why))),
        Err(why @ CommandError::Killed(_)) => Err(CloudError::OutcomeUnknown(reason(line, &why))),
    }
}

/// The word of its block.
pub(super) fn word(line: &CommandLine) -> &'static str {
    line.purpose.as_ref().map_or("program", |purpose| purpose.verb.word())
}

fn said(line: &CommandLine, said: &str) -> String {
    match (line.is_secret, said.trim()) {
        (true, _) => "; its output is hidden, because its input contains a secret".to_owned(),
        (false, "") => ": it printed nothing".to_owned(),
        (false, said) => format!(": {}", said.chars().take(SHOWN).collect::<String>()),
    }
}

/// An end that is no success.
fn ended(line: &CommandLine, exit: &ProgramExit) -> String {
    let how = match exit.code {
        Some(code) => format!("failed with exit code {code}"),
        None => "was killed by a signal".to_owned(),
    };
    format!("`{}` {how}{}", word(line), said(line, &exit.said))
}

/// The reason of a program without an end of its own.
fn reason(line: &CommandLine, why: &CommandError) -> String {
    match line.is_secret {
        true => format!(
            "`{}` could not be run to its end; the reason is hidden, because its input contains a secret",
            word(line)
        ),
        false => format!("`{}`: {why}", word(line)),
    }
}

fn refused(message: String) -> CloudError {
    CloudError::Refused(CloudRefusal {
        reason: Reason::Invalid,
        has_begun: false,
        answer: "exit code".to_owned(),
        code: "ProgramFailed".to_owned(),
        message,
        correlation: None,
    })
}
