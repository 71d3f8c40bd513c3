//! Programs of this machine: without a shell, with an environment that holds what every program needs and nothing else.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::duration::spoken;
use crate::world::{CommandLine, Commands, Exited};

/// What every program needs to find others, its home and its language. Everything else of the environment may hold secrets.
const NEEDED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SYSTEMROOT",
    "TEMP",
    "USERPROFILE",
];
/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long output is waited for once its writer has ended: others that it has started may hold it open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How much of an output is kept, and how much of its last line is told.
const KEPT: usize = 8192;
const TOLD: usize = 300;

/// Programs of this machine.
#[derive(Debug, Clone)]
pub struct HostCommands {
    /// The directory that others are relative to.
    pub root: PathBuf,
    /// The environment of this program, of which others get only what they need.
    pub environment: BTreeMap<String, String>,
    /// What a program that is not there means.
    pub missing: Missing,
}

/// What it means that a program is not on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It cannot be run.
    Fails,
    /// It belongs to a world that the embedded cloud knows nothing of, and counts as run.
    CountsAsRun,
}

#[async_trait]
impl Commands for HostCommands {
    async fn run(&self, line: &CommandLine) -> Result<Exited, String> {
        let (command, missing) = (self.command(line), self.missing);
        let within = line.within;
        // A thread of its own: while it runs, paused time stands still.
        let run = tokio::task::spawn_blocking(move || run(command, within));
        match run.await.map_err(|error| format!("it could not be run: {error}"))? {
            Err(error) if error.kind() == ErrorKind::NotFound && missing == Missing::CountsAsRun => {
                let said = "it is not on this machine, and counts as run on the embedded cloud".to_owned();
                Ok(Exited { code: Some(0), said })
            }
            Err(error) => Err(format!("it could not be run: {error}")),
            Ok(None) => Err(format!("it did not end within {} and was killed", spoken(within))),
            Ok(Some(exited)) => Ok(exited),
        }
    }
}

impl HostCommands {
    fn command(&self, line: &CommandLine) -> Command {
        let directory =
            line.directory.as_ref().map_or_else(|| self.root.clone(), |directory| self.root.join(directory));
        let is_path = line.program.contains(['/', std::path::MAIN_SEPARATOR]);
        let program = if is_path { self.root.join(&line.program) } else { PathBuf::from(&line.program) };
        let needed = self.environment.iter().filter(|(name, _)| NEEDED.contains(&name.to_ascii_uppercase().as_str()));
        let mut command = Command::new(program);
        command
            .args(&line.arguments)
            .env_clear()
            .envs(needed)
            .envs(&line.environment)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

/// Runs a program to its end; `None` where it was killed because its time was over.
fn run(mut command: Command, within: Duration) -> io::Result<Option<Exited>> {
    let began = Instant::now();
    let mut child = command.spawn()?;
    let outputs = [child.stdout.take().map(kept), child.stderr.take().map(kept)];
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > within {
            kill(&mut child)?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    };
    // What it said last is on its error output, if it said anything there.
    let said = outputs.into_iter().rev().flatten().map(Output::last_line).find(|line| !line.is_empty());
    Ok(Some(Exited { code: status.code(), said: said.unwrap_or_default() }))
}

fn kill(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

/// The end of an output, read as it comes, so that no program waits for a reader.
struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    reader: thread::JoinHandle<()>,
}

fn kept(mut from: impl Read + Send + 'static) -> Output {
    let text = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&text);
    let reader = thread::spawn(move || {
        let mut buffer = [0; 1024];
        while let Ok(read) = from.read(&mut buffer) {
            let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
            text.extend(buffer.iter().take(read));
            let over = text.len().saturating_sub(KEPT);
            text.drain(..over);
            if read == 0 {
                break;
            }
        }
    });
    Output { text, reader }
}

impl Output {
    fn last_line(self) -> String {
        let until = Instant::now() + LAST_WORDS;
        while !self.reader.is_finished() && Instant::now() < until {
            thread::sleep(LOOK / 4);
        }
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        line.chars().filter(|c| !c.is_control()).take(TOLD).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(missing: Missing) -> HostCommands {
        let environment =
            [("PATH", std::env::var("PATH").unwrap_or_default()), ("AWS_SECRET_ACCESS_KEY", "hunter2".to_owned())];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        HostCommands { root: std::env::temp_dir(), environment, missing }
    }

    fn line(program: &str, arguments: &[&str]) -> CommandLine {
        CommandLine {
            program: program.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            environment: BTreeMap::from([("GIVEN".to_owned(), "yes".to_owned())]),
            directory: None,
            within: Duration::from_millis(300),
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_gets_its_arguments_as_they_are_and_no_more_of_the_environment_than_it_needs() {
        let commands = commands(Missing::Fails);
        let exited = commands.run(&line("env", &[])).await.unwrap();
        assert_eq!(exited.code, Some(0));
        let all = commands.run(&line("sh", &["-c", "env | sort | tr '\\n' ' '"])).await.unwrap().said;
        assert!(all.contains("GIVEN=yes") && !all.contains("hunter2"), "{all}");
        let said = commands.run(&line("echo", &["$HOME; exit 3"])).await.unwrap().said;
        assert_eq!(said, "$HOME; exit 3");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_takes_too_long_is_killed() {
        let why = commands(Missing::Fails).run(&line("sleep", &["60"])).await.unwrap_err();
        assert!(why.contains("was killed"), "{why}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_fails_or_counts_as_run() {
        let nowhere = line("drplan-no-such-program", &[]);
        assert!(commands(Missing::Fails).run(&nowhere).await.is_err());
        assert_eq!(commands(Missing::CountsAsRun).run(&nowhere).await.unwrap().code, Some(0));
    }
}
