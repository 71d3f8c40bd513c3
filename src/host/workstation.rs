//! Files and programs of this machine that hold credentials. Nothing of what they hold is in an error.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::world::Workstation;

/// The largest file, and the longest output, in bytes.
const LIMIT: u64 = 1 << 20;
/// Time limit for a program: it may wait for a person who signs in.
const WITHIN: Duration = Duration::from_secs(120);
/// Interval between checks for the end of a program.
const POLL_EVERY: Duration = Duration::from_millis(20);

/// This machine, with the environment of this process.
#[derive(Clone)]
pub struct HostWorkstation {
    /// The environment of programs. It may hold secrets.
    pub environment: BTreeMap<String, String>,
}

#[async_trait]
impl Workstation for HostWorkstation {
    fn file(&self, path: &str) -> Result<Option<String>, String> {
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{path}: {error}")),
        };
        let mut text = String::new();
        file.take(LIMIT).read_to_string(&mut text).map_err(|error| format!("{path}: {error}"))?;
        Ok(Some(text))
    }

    async fn output(&self, program: &str, arguments: &[String]) -> Result<String, String> {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(&self.environment).stdin(Stdio::null());
        // Standard error is the operator's: a program may ask there for a sign-in.
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let program = program.to_owned();
        let run = tokio::task::spawn_blocking(move || run(command));
        match run.await.map_err(|error| format!("`{program}` could not be run: {error}"))? {
            Ok(text) => Ok(text),
            Err(why) => Err(format!("`{program}` {why}")),
        }
    }
}

fn run(mut command: Command) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("could not be run: {error}");
    let mut child = command.spawn().map_err(failed)?;
    let output = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        output.map_or(Ok(0), |output| output.take(LIMIT).read_to_string(&mut text)).map(|_| text)
    });
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if began.elapsed() > WITHIN {
            child.kill().and_then(|()| child.wait()).map_err(failed)?;
            return Err(format!("did not end within {} s and was killed", WITHIN.as_secs()));
        }
        thread::sleep(POLL_EVERY);
    };
    if !status.success() {
        return Err(format!("ended with {status}"));
    }
    let text = reader.join().map_err(|_| "printed nothing that can be read".to_owned())?;
    text.map_err(|error| format!("printed nothing that can be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_file_is_none_and_another_has_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let (path, here) = (path.to_str().unwrap(), HostWorkstation { environment: BTreeMap::new() });
        assert_eq!(here.file(path), Ok(None));
        std::fs::write(path, "[default]\n").unwrap();
        assert_eq!(here.file(path), Ok(Some("[default]\n".to_owned())));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn output_is_returned_and_a_failure_holds_none_of_it() {
        let here = HostWorkstation { environment: BTreeMap::from([("GIVEN".to_owned(), "secret".to_owned())]) };
        let shell = async |script: &str| here.output("/bin/sh", &["-c".to_owned(), script.to_owned()]).await;
        assert_eq!(shell("echo $GIVEN").await, Ok("secret\n".to_owned()));
        let why = shell("echo $GIVEN; exit 3").await.unwrap_err();
        assert!(why.contains('3') && !why.contains("secret"), "{why}");
    }
}
