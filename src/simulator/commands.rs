//! Programs of this machine while clouds are simulated: those that act on a simulated machine are not run.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;

use super::Simulator;
use super::world::World;
use crate::command::CommandLine;
use crate::duration::spoken;
use crate::world::{CommandError, Commands, ProgramExit, ProgramOutput};

/// The time of a program for a simulated machine: the usual one of a step.
const COMMAND: Duration = Duration::from_secs(10);

/// The programs of this machine, except those for machines of a simulated cloud.
#[derive(Clone)]
pub struct SimulatedCommands<C> {
    /// The simulated cloud.
    pub simulator: Simulator,
    /// The programs for everything else.
    pub others: C,
}

#[async_trait]
impl<C: Commands> Commands for SimulatedCommands<C> {
    async fn run(&self, line: &CommandLine) -> Result<ProgramExit, CommandError> {
        let answered = self.simulator.change(|world| world.command(line));
        match answered.map_err(|error| CommandError::NotRun(format!("the simulator: {error}")))? {
            Some((answer, takes)) => {
                self.simulator.clock.sleep(takes).await;
                answer
            }
            None => self.others.run(line).await,
        }
    }

    /// Catalogues of backups have a simulation of their own. A program that gets secrets of this process is not run:
    /// a simulated machine needs none.
    async fn read(&self, line: &CommandLine) -> Result<ProgramOutput, String> {
        if !line.inherits.is_empty() {
            let ended = ProgramExit { code: Some(0), said: String::new(), output: String::new() };
            return Ok(ProgramOutput { ended, text: "simulated".to_owned() });
        }
        self.others.read(line).await
    }
}

/// The end of a program, and its time.
type Ended = (Result<ProgramExit, CommandError>, Duration);

impl World {
    /// The answer to a command for a simulated machine; `None` for any other program.
    fn command(&mut self, line: &CommandLine) -> Option<Ended> {
        let Some(purpose) = &line.purpose else {
            let said = "the machine is simulated; the program was not run".to_owned();
            let exit = ProgramExit { code: Some(0), said, output: String::new() };
            return self.is_about_us(line).then_some((Ok(exit), COMMAND.min(line.within)));
        };
        let killed = || {
            let why = format!("the program did not end within {} and was killed", spoken(line.within));
            Some((Err(CommandError::Killed(why)), line.within))
        };
        match self.replica_command(purpose) {
            (Some(_), takes) if takes > line.within => killed(),
            (Some(answer), takes) => Some((Ok(exited(answer)), takes)),
            (None, _) => killed(),
        }
    }

    /// True for a program with the name or address of a simulated object in an argument.
    fn is_about_us(&self, line: &CommandLine) -> bool {
        let hosts: Vec<String> = self.hosting().flat_map(|key| self.hosts_of(key)).collect();
        line.arguments.iter().any(|text| hosts.iter().any(|host| names(text, host)))
    }
}

fn exited(answer: Result<Json, String>) -> ProgramExit {
    match answer {
        Ok(output) => ProgramExit { code: Some(0), said: String::new(), output: output.to_string() },
        Err(said) => ProgramExit { code: Some(1), said, output: String::new() },
    }
}

/// True for a text that contains this host as a whole word.
fn names(text: &str, host: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    let is_whole = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + host.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(|c| is_part(c) && c != ':') && !after.is_some_and(|c| is_part(c) && c != ':')
    };
    !host.is_empty() && !host.contains('*') && text.match_indices(host).any(|(at, _)| is_whole(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_as_whole_words() {
        for text in ["deploy@203.0.113.7", "203.0.113.7", "https://203.0.113.7:8443/x", "scp x 203.0.113.7:/tmp"] {
            assert!(names(text, "203.0.113.7"), "{text}");
        }
        for text in ["203.0.113.70", "1203.0.113.7", "x.203.0.113.7", "203.0.113"] {
            assert!(!names(text, "203.0.113.7"), "{text}");
        }
        assert!(!names("anything", "") && !names("*.example.com", "*.example.com"));
    }
}
