//! `command`: a program on this machine.

use std::time::Duration;

use super::ActionRun;
use super::arguments::{list, pairs, sent, span};
use crate::apply::StepError;
use crate::apply::details::say;
use crate::value::Value;
use crate::world::{CommandLine, ProgramExit};

/// The time limit for a program where the step sets none.
const PROGRAM: Duration = Duration::from_secs(600);

/// Runs the program and reports what it said, unless its input contains a secret.
pub(super) async fn carry_out(ActionRun { worker, args, tell, .. }: ActionRun<'_>) -> Result<(), StepError> {
    let within = span(args, "within", PROGRAM)?;
    let line = CommandLine {
        program: sent(args, "program").unwrap_or_default().to_owned(),
        arguments: list(args, "arguments"),
        environment: pairs(args, "environment"),
        directory: sent(args, "directory").map(str::to_owned),
        within,
        inherits: Vec::new(),
        is_secret: Value::from(args.clone()).sensitive_within(),
        purpose: None,
    };
    let secret = line.is_secret;
    let program = if args.get("program").is_some_and(Value::sensitive_within) { "the program" } else { &line.program };
    let ProgramExit { code, said, output: _ } = worker.ports.commands.run(&line).await.map_err(|why| {
        StepError::Failed(if secret {
            format!("{program} could not be run; the reason is hidden, because its input contains a secret")
        } else {
            why.to_string()
        })
    })?;
    let said = match (secret, said.is_empty()) {
        (true, _) => "; its output is hidden, because its input contains a secret".to_owned(),
        (false, true) => String::new(),
        (false, false) => format!(": {said}"),
    };
    match code {
        Some(0) => {
            say(tell, format!("{program} succeeded{said}"));
            Ok(())
        }
        Some(code) => Err(StepError::Failed(format!("{program} failed with exit code {code}{said}"))),
        None => Err(StepError::Failed(format!("{program} was killed by a signal{said}"))),
    }
}
