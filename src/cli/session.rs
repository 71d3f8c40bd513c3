//! Everything outside the program that a command may reach, in one struct, so that tests can replace it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Global;
use super::console::{Console, Size};
use super::failure::Failure;
use crate::diagnostic::{Diagnostics, Sources, render_all};
use crate::host::{Identity, SystemClock};
use crate::kinds::Catalog;
use crate::view::{Detail, Layout, WIDTH, fit};
use crate::visible::shown;
use crate::world::{Clock, Ids};

/// The bounds within which text follows the width of a terminal.
const WIDTHS: (usize, usize) = (40, 160);

/// The outside world of one command.
pub struct Session {
    /// Standard output: the result of the command.
    pub out: Box<dyn Write>,
    /// Standard error: progress, questions, messages, the log.
    pub err: Console,
    /// Standard input: answers to questions.
    pub input: Box<dyn BufRead>,
    /// The streams that are terminals.
    pub terminal: Terminal,
    /// The size of the terminal that is standard output, asked before each text: it may have been resized.
    pub out_size: fn() -> Option<Size>,
    /// The environment, without variables whose name or value is not Unicode.
    pub env: BTreeMap<String, String>,
    /// The base of relative paths on the command line.
    pub cwd: PathBuf,
    /// The providers that stacks may use.
    pub catalog: &'static Catalog,
    /// Source of ids and keys, unless `--seed` is given.
    pub ids: Arc<dyn Ids>,
    /// The wall clock, for locks and approvals. A cloud has its own.
    pub clock: Arc<dyn Clock>,
    /// The user and the host, for journals, locks and approvals.
    pub identity: Identity,
    /// Waits this long before a command repeats itself; true ends the command. A session that owns its process waits
    /// for signals instead.
    pub pause: Box<dyn FnMut(Duration) -> bool>,
    /// The only session of its process, which may take over Ctrl-C and the log.
    pub owns_process: bool,
    /// A log is written to stderr.
    pub(super) is_logging: bool,
    pub(super) colour: Colour,
}

/// The streams that are terminals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Standard input.
    pub input: bool,
    /// Standard output.
    pub out: bool,
    /// Standard error.
    pub err: bool,
}

/// The streams that are in colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Colour {
    pub out: bool,
    pub err: bool,
}

impl Session {
    /// The session of this process.
    ///
    /// # Errors
    /// The current directory cannot be found.
    pub fn of_process(ids: Arc<dyn Ids>, catalog: &'static Catalog) -> io::Result<Self> {
        let terminal = Terminal {
            input: io::stdin().is_terminal(),
            out: io::stdout().is_terminal(),
            err: io::stderr().is_terminal(),
        };
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Ok(Self {
            out: Box::new(io::stdout()),
            err: Console::sized(Box::new(io::stderr()), || terminal_size(io::stderr())),
            out_size: || terminal_size(io::stdout()),
            input: Box::new(io::BufReader::new(io::stdin())),
            terminal,
            identity: Identity::of_process(&env),
            env,
            cwd: std::env::current_dir()?,
            ids,
            catalog,
            clock: Arc::new(SystemClock),
            pause: Box::new(|_| true),
            owns_process: true,
            is_logging: false,
            colour: Colour::default(),
        })
    }

    /// A session without a terminal, for tests: it writes to these two and has no input.
    pub fn detached(
        out: Box<dyn Write>,
        err: Box<dyn Write + Send>,
        cwd: PathBuf,
        ids: Arc<dyn Ids>,
        catalog: &'static Catalog,
    ) -> Self {
        Self {
            out,
            err: Console::new(err),
            input: Box::new(io::empty()),
            terminal: Terminal::default(),
            out_size: || None,
            env: BTreeMap::new(),
            cwd,
            ids,
            catalog,
            clock: Arc::new(SystemClock),
            identity: Identity { user: "operator".to_owned(), host: "localhost".to_owned() },
            pause: Box::new(|_| true),
            owns_process: false,
            is_logging: false,
            colour: Colour::default(),
        }
    }

    /// Prints to standard output. The text may hold ANSI styles.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`] once the reader of a pipe has closed it.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        let colour = self.colour.out;
        write_styled(&mut self.out, text, colour).map_err(output_failure)
    }

    /// Prints a page with control sequences to a terminal that is standard output; styles follow the colour setting.
    ///
    /// # Errors
    /// As for [`Session::print`].
    pub fn print_page(&mut self, page: &str) -> Result<(), Failure> {
        let page = match self.colour.out {
            true => Cow::Borrowed(page),
            false => Cow::Owned(without_styles(page)),
        };
        self.out.write_all(page.as_bytes()).and_then(|()| self.out.flush()).map_err(output_failure)
    }

    /// The width of text on standard output: that of `COLUMNS` or of the terminal, within bounds; otherwise [`WIDTH`].
    pub fn width(&self) -> usize {
        let of_terminal = || (self.out_size)().filter(|_| self.terminal.out).map(|(columns, _)| columns);
        let columns = self.columns().or_else(of_terminal).filter(|columns| *columns > 0);
        columns.map_or(WIDTH, |columns| columns.clamp(WIDTHS.0, WIDTHS.1))
    }

    /// The width of tables and messages on standard output: in a pipe, each row is one line, for scripts.
    pub fn table_width(&self) -> usize {
        if self.terminal.out || self.columns().is_some() { self.width() } else { usize::MAX }
    }

    /// The variable `COLUMNS`, where it is a number.
    fn columns(&self) -> Option<usize> {
        self.env.get("COLUMNS")?.trim().parse().ok()
    }

    /// The form of text on standard output.
    pub(super) fn layout(&self, global: &Global) -> Layout {
        Layout { detail: Detail::of(global.verbose), width: self.width() }
    }

    /// Prints to standard error; on a terminal, lines wider than it are broken between words. A closed stream is no
    /// error.
    pub fn say(&mut self, text: &str) {
        let colour = self.colour.err;
        let text = &*match self.err_width() {
            Some(width) => Cow::Owned(fit(text, width)),
            None => Cow::Borrowed(text),
        };
        // There is nowhere left to report it.
        let _ = self.err.write(|to| write_styled(to, text, colour));
    }

    /// Prints the errors and warnings of the input.
    pub fn say_diagnostics(&mut self, diagnostics: &Diagnostics, sources: &Sources) {
        let width = self.err_width().unwrap_or(usize::MAX);
        self.say(&render_all(diagnostics, sources, width));
    }

    /// The width of a terminal that is standard error.
    fn err_width(&self) -> Option<usize> {
        self.terminal.err.then(|| self.columns().unwrap_or_else(|| self.err.size().0).max(WIDTHS.0))
    }

    /// A path of the command line, relative to the session's directory.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.cwd.join(path)
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn write_file(&self, path: &Path, text: &[u8]) -> Result<(), Failure> {
        std::fs::write(self.path(path), text).map_err(|error| Failure::file(path, &error))
    }
}

fn output_failure(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::failed(format!("cannot write the output: {error}")),
    }
}

/// A text without its styles, and with its other control sequences.
fn without_styles(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(part.len());
        match part.split_at_checked(end) {
            Some((_, rest)) if rest.starts_with('m') => out += rest.get(1..).unwrap_or_default(),
            _ => out += &format!("\x1b[{part}"),
        }
    }
    out
}

/// Columns and rows of a terminal.
fn terminal_size(stream: impl std::os::fd::AsFd) -> Option<Size> {
    let (terminal_size::Width(columns), terminal_size::Height(rows)) = terminal_size::terminal_size_of(stream)?;
    Some((columns.into(), rows.into()))
}

pub(super) fn write_styled(to: &mut dyn Write, text: &str, colour: bool) -> io::Result<()> {
    let text = &*shown(text);
    if colour {
        to.write_all(text.as_bytes())?;
    } else {
        write!(to, "{}", anstream::adapter::strip_str(text))?;
    }
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::SeededIds;

    fn session() -> Session {
        let nowhere = || Box::new(io::sink());
        Session::detached(
            nowhere(),
            nowhere(),
            PathBuf::new(),
            Arc::new(SeededIds::new(1)),
            crate::providers::catalog(),
        )
    }

    #[test]
    fn text_is_as_wide_as_the_terminal_and_100_columns_elsewhere() {
        let mut session = session();
        assert_eq!(session.width(), WIDTH);
        session.out_size = || Some((80, 24));
        // A size without a terminal is that of another stream.
        assert_eq!(session.width(), WIDTH);
        session.terminal.out = true;
        assert_eq!(session.width(), 80);
        session.out_size = || Some((500, 24));
        assert_eq!(session.width(), 160);
        session.out_size = || Some((10, 24));
        assert_eq!(session.width(), 40);
        session.out_size = || Some((0, 0));
        assert_eq!(session.width(), WIDTH);
    }

    #[test]
    fn page_without_colour_keeps_its_control_sequences() {
        assert_eq!(without_styles("\x1b[H\x1b[1mdown\x1b[0m\x1b[K\n\x1b[J"), "\x1b[Hdown\x1b[K\n\x1b[J");
    }

    #[test]
    fn columns_of_the_environment_win_over_the_terminal() {
        let mut session = session();
        session.env.insert("COLUMNS".to_owned(), "72".to_owned());
        assert_eq!(session.width(), 72);
        session.env.insert("COLUMNS".to_owned(), "wide".to_owned());
        assert_eq!(session.width(), WIDTH);
    }
}
