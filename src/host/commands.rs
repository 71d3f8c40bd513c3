//! Local programs. They run without a shell, in an environment that holds only the variables that every program needs.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::duration::spoken;
use crate::world::{CommandError, CommandLine, Commands, ProgramExit, ProgramOutput};

/// Variables that every program needs: paths, home and language. The rest of the environment may hold secrets.
const INHERITED: &[&str] = &[
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
/// Interval between checks for the end of a program.
const POLL_EVERY: Duration = Duration::from_millis(20);
/// Time to wait for the rest of the output after a program ended. Its child processes may hold the output open forever.
const OUTPUT_TIME: Duration = Duration::from_millis(500);
/// Bytes of output that are kept, characters of a last line, and of the one that is reported.
const OUTPUT_LIMIT: usize = 8192;
const LINE_LIMIT: usize = 4096;
const REPORTED: usize = 300;
/// Bytes of an output that is read whole: one more is an error.
const READ_LIMIT: usize = 64 * 1024 * 1024;

/// Programs of this machine.
#[derive(Debug, Clone)]
pub struct HostCommands {
    /// The directory to which relative paths refer.
    pub root: PathBuf,
    /// The environment of this process. Child processes get only the variables that they need.
    pub environment: BTreeMap<String, String>,
    /// Result of a program that is missing.
    pub missing: MissingProgram,
}

/// Result of a program that is not installed on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingProgram {
    /// The run fails.
    Fails,
    /// It counts as run: the local simulator does not simulate what the program would do.
    CountsAsRun,
}

#[async_trait]
impl Commands for HostCommands {
    async fn run(&self, line: &CommandLine) -> Result<ProgramExit, CommandError> {
        let (command, missing) = (self.command(line), self.missing);
        let within = line.within;
        // A blocking thread: simulated time does not pass while the program runs.
        let run = tokio::task::spawn_blocking(move || run(command, within));
        let lost = |error| CommandError::Killed(format!("the program was lost sight of: {error}"));
        match run.await.map_err(lost)? {
            Err(error) if error.kind() == ErrorKind::NotFound && missing == MissingProgram::CountsAsRun => {
                let said = "the program is not installed; skipped with --cloud local".to_owned();
                Ok(ProgramExit { code: Some(0), said, output: String::new() })
            }
            Err(error) => Err(CommandError::NotRun(format!("the program could not be run: {error}"))),
            Ok(None) => {
                Err(CommandError::Killed(format!("the program did not end within {} and was killed", spoken(within))))
            }
            Ok(Some(ended)) => Ok(ended.exit()),
        }
    }

    async fn read(&self, line: &CommandLine) -> Result<ProgramOutput, String> {
        let command = self.command(line);
        let within = line.within;
        let run = tokio::task::spawn_blocking(move || run_keeping(command, within, READ_LIMIT));
        match run.await.map_err(|error| format!("the program could not be run: {error}"))? {
            Err(error) => Err(format!("the program could not be run: {error}")),
            Ok(None) => Err(format!("the program did not end within {} and was killed", spoken(within))),
            Ok(Some(ended)) if ended.output.len() >= READ_LIMIT => {
                Err(format!("the program printed more than {READ_LIMIT} bytes"))
            }
            Ok(Some(ended)) => {
                let exit = ProgramExit { said: last_line(&ended.errors, REPORTED), ..ended.exit() };
                Ok(ProgramOutput { ended: exit, text: String::from_utf8_lossy(&ended.output).into_owned() })
            }
        }
    }
}

/// A program that has ended, with the ends of its outputs.
struct EndedProgram {
    code: Option<i32>,
    output: Vec<u8>,
    errors: Vec<u8>,
}

impl EndedProgram {
    /// Its exit code and its last lines.
    fn exit(&self) -> ProgramExit {
        let said = [&self.errors, &self.output].map(|output| last_line(output, REPORTED));
        ProgramExit {
            code: self.code,
            said: said.into_iter().find(|said| !said.is_empty()).unwrap_or_default(),
            output: last_line(&self.output, LINE_LIMIT),
        }
    }
}

impl HostCommands {
    fn command(&self, line: &CommandLine) -> Command {
        let directory =
            line.directory.as_ref().map_or_else(|| self.root.clone(), |directory| self.root.join(directory));
        let is_path = line.program.contains(['/', std::path::MAIN_SEPARATOR]);
        let program = if is_path { self.root.join(&line.program) } else { PathBuf::from(&line.program) };
        let is_needed =
            |name: &String| INHERITED.contains(&name.to_ascii_uppercase().as_str()) || line.inherits.contains(name);
        let needed = self.environment.iter().filter(|(name, _)| is_needed(name));
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
        // A group of its own, so that its children end with it at the time limit.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// Runs a program to its end; `None` where it was killed at its time limit.
fn run(command: Command, within: Duration) -> io::Result<Option<EndedProgram>> {
    run_keeping(command, within, OUTPUT_LIMIT)
}

/// The same, keeping this many bytes of its standard output.
fn run_keeping(mut command: Command, within: Duration, limit: usize) -> io::Result<Option<EndedProgram>> {
    let began = Instant::now();
    let mut child = command.spawn()?;
    let output = child.stdout.take().map(|output| read_tail(output, limit));
    let errors = child.stderr.take().map(|errors| read_tail(errors, OUTPUT_LIMIT));
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > within {
            kill(&mut child)?;
            return Ok(None);
        }
        thread::sleep(POLL_EVERY);
    };
    let [output, errors] = [output, errors].map(|tail| tail.map(OutputTail::bytes).unwrap_or_default());
    Ok(Some(EndedProgram { code: status.code(), output, errors }))
}

/// Kills a program and the processes that it has started.
fn kill(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // Where the group is gone, only the program itself may be left.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    child.kill()?;
    child.wait().map(drop)
}

/// The end of an output. A thread reads it continuously, so that the program never blocks on a full pipe.
struct OutputTail {
    text: Arc<Mutex<Vec<u8>>>,
    reader: thread::JoinHandle<()>,
}

fn read_tail(mut from: impl Read + Send + 'static, limit: usize) -> OutputTail {
    let text = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&text);
    let reader = thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read) = from.read(&mut buffer) {
            let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
            text.extend(buffer.iter().take(read));
            let over = text.len().saturating_sub(limit);
            text.drain(..over);
            if read == 0 {
                break;
            }
        }
    });
    OutputTail { text, reader }
}

impl OutputTail {
    fn bytes(self) -> Vec<u8> {
        let until = Instant::now() + OUTPUT_TIME;
        while !self.reader.is_finished() && Instant::now() < until {
            thread::sleep(POLL_EVERY / 4);
        }
        std::mem::take(&mut *self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The last line of an output that is not empty, without control characters, up to this many characters.
fn last_line(output: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(missing: MissingProgram) -> HostCommands {
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
            inherits: Vec::new(),
            is_secret: false,
            purpose: None,
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn program_gets_literal_arguments_and_only_needed_variables() {
        let commands = commands(MissingProgram::Fails);
        let exited = commands.run(&line("env", &[])).await.unwrap();
        assert_eq!(exited.code, Some(0));
        let all = commands.run(&line("sh", &["-c", "env | sort | tr '\\n' ' '"])).await.unwrap().said;
        assert!(all.contains("GIVEN=yes") && !all.contains("hunter2"), "{all}");
        let said = commands.run(&line("echo", &["$HOME; exit 3"])).await.unwrap().said;
        assert_eq!(said, "$HOME; exit 3");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn program_is_killed_at_its_time_limit() {
        let why = commands(MissingProgram::Fails).run(&line("sleep", &["60"])).await.unwrap_err();
        assert!(matches!(&why, CommandError::Killed(why) if why.contains("was killed")), "{why}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn processes_that_a_program_started_are_killed_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("child");
        let script = format!("sleep 100000 & echo $! > {}; wait", file.display());
        let mut line = line("sh", &["-c", &script]);
        line.within = Duration::from_secs(1);
        commands(MissingProgram::Fails).run(&line).await.unwrap_err();
        let child = std::fs::read_to_string(&file).unwrap();
        let status = format!("/proc/{}/status", child.trim());
        // It is gone, or waits to be collected.
        while std::fs::read_to_string(&status).is_ok_and(|status| !status.contains("State:\tZ")) {
            thread::yield_now();
        }
    }

    #[tokio::test]
    async fn missing_program_fails_or_counts_as_run() {
        let nowhere = line("drplan-no-such-program", &[]);
        assert!(commands(MissingProgram::Fails).run(&nowhere).await.is_err());
        assert_eq!(commands(MissingProgram::CountsAsRun).run(&nowhere).await.unwrap().code, Some(0));
    }
}
