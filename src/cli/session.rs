//! Everything outside of the program that a command may touch, in one struct, so that a test can put another world there.

use std::collections::BTreeMap;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use super::voice::Voice;
use crate::diagnostic::{Diagnostics, Sources, render_all};
use crate::host::SystemClock;
use crate::world::{Clock, Ids};

/// The width of help, in characters, where there is no terminal to ask.
pub const WIDTH: usize = 100;

/// The outside world of one command.
pub struct Session {
    /// Where what was asked for goes.
    pub out: Box<dyn Write>,
    /// Where everything else goes: progress, questions, messages, the log.
    pub err: Voice,
    /// Where answers to questions come from.
    pub input: Box<dyn BufRead>,
    /// What of the three is a terminal.
    pub terminal: Terminal,
    /// The environment. Variables whose name or value is not Unicode are left out.
    pub env: BTreeMap<String, String>,
    /// The directory that paths on the command line are relative to.
    pub cwd: PathBuf,
    /// Where fresh ids and keys come from, unless `--seed` says otherwise.
    pub ids: Arc<dyn Ids>,
    /// The time of people: who locked something since when. A cloud has its own.
    pub clock: Arc<dyn Clock>,
    /// Whether it is the only one in its process, and so may take over Ctrl-C and the log.
    pub owns_process: bool,
    pub(super) colour: Colour,
}

/// What is a terminal, that is, a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Standard input.
    pub input: bool,
    /// Standard output.
    pub out: bool,
    /// Standard error.
    pub err: bool,
}

/// Where colour is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Colour {
    pub out: bool,
    pub err: bool,
}

impl Session {
    /// The session of this process.
    ///
    /// # Errors
    /// Where the current directory cannot be found.
    pub fn of_process(ids: Arc<dyn Ids>) -> io::Result<Self> {
        let terminal = Terminal {
            input: io::stdin().is_terminal(),
            out: io::stdout().is_terminal(),
            err: io::stderr().is_terminal(),
        };
        Ok(Self {
            out: Box::new(io::stdout()),
            err: Voice::new(Box::new(io::stderr())),
            input: Box::new(io::BufReader::new(io::stdin())),
            terminal,
            env: std::env::vars_os()
                .filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
            cwd: std::env::current_dir()?,
            ids,
            clock: Arc::new(SystemClock),
            owns_process: true,
            colour: Colour::default(),
        })
    }

    /// A session without a terminal, for tests: it writes to these two and reads from nothing.
    pub fn detached(out: Box<dyn Write>, err: Box<dyn Write + Send>, cwd: PathBuf, ids: Arc<dyn Ids>) -> Self {
        Self {
            out,
            err: Voice::new(err),
            input: Box::new(io::empty()),
            terminal: Terminal::default(),
            env: BTreeMap::new(),
            cwd,
            ids,
            clock: Arc::new(SystemClock),
            owns_process: false,
            colour: Colour::default(),
        }
    }

    /// Prints what was asked for. The text may hold ANSI styles.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`] where nobody reads any more.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        let colour = self.colour.out;
        write_styled(&mut self.out, text, colour).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::failed(format!("cannot write the output: {error}")),
        })
    }

    /// Says something that is not what was asked for. That nobody listens is no error.
    pub fn say(&mut self, text: &str) {
        let colour = self.colour.err;
        // There is nowhere left to report it.
        let _ = self.err.write(|to| write_styled(to, text, colour));
    }

    /// Says what was found in the input.
    pub fn say_diagnostics(&mut self, diagnostics: &Diagnostics, sources: &Sources) {
        self.say(&render_all(diagnostics, sources));
    }

    /// A path of the command line as one that can be opened.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.cwd.join(path)
    }

    /// Writes a file whole.
    ///
    /// # Errors
    /// Where the operating system refuses.
    pub fn write_file(&self, path: &Path, text: &[u8]) -> Result<(), Failure> {
        std::fs::write(self.path(path), text).map_err(|error| Failure::file(path, &error))
    }
}

pub(super) fn write_styled(to: &mut dyn Write, text: &str, colour: bool) -> io::Result<()> {
    if colour {
        to.write_all(text.as_bytes())?;
    } else {
        write!(to, "{}", anstream::adapter::strip_str(text))?;
    }
    to.flush()
}
