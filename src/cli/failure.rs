//! Why a command ended before its end: one type, from which the exit code and the message follow.

use std::io;
use std::path::Path;

use super::exit::ExitCode;
use crate::diagnostic::{Diagnostics, Sources};
use crate::state::StateError;

/// Why a command ended before its end.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read the output has gone; nothing is left to say to anyone.
    OutputClosed,
    /// Help or the version was asked for, and has been printed.
    Asked,
    /// The command line is wrong, and that has been said.
    Usage,
    /// The input is wrong, in these places.
    Wrong(Diagnostics, Sources),
    /// Anything else.
    Message {
        /// The exit code.
        exit: ExitCode,
        /// A code of its own, for those that a script tells apart.
        code: Option<&'static str>,
        /// What happened, in one line or a few.
        what: String,
        /// What to do about it, each in a sentence.
        help: Vec<String>,
    },
}

impl Failure {
    /// It failed.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::Message { exit: ExitCode::Failed, code: None, what: what.into(), help: Vec::new() }
    }

    /// It was refused for safety.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::Message { exit: ExitCode::Refused, code: None, what: what.into(), help: Vec::new() }
    }

    /// A file given is wrong.
    pub fn wrong_file(what: impl Into<String>) -> Self {
        Self::Message { exit: ExitCode::StackWrong, code: None, what: what.into(), help: Vec::new() }
    }

    /// The operating system refused to do something with a file.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        Self::failed(format!("{}: {error}", path.display()))
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, sentence: impl Into<String>) -> Self {
        if let Self::Message { help, .. } = &mut self {
            help.push(sentence.into());
        }
        self
    }

    /// The exit code.
    pub const fn exit(&self) -> ExitCode {
        match self {
            // The reader of a pipe that has seen enough is no failure of ours.
            Self::OutputClosed | Self::Asked => ExitCode::Done,
            // Not clap's 2: a script would take that for a plan with changes.
            Self::Usage => ExitCode::Failed,
            Self::Wrong(..) => ExitCode::StackWrong,
            Self::Message { exit, .. } => *exit,
        }
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let what = error.to_string();
        match error {
            StateError::Damaged { .. } => Self::wrong_file(what)
                .help("Nothing was overwritten. Restore the file from a backup, or move it away to start from an empty state."),
            StateError::Newer { .. } => Self::wrong_file(what).help("Use the drplan that wrote it, or a newer one."),
            StateError::Io { .. } => Self::failed(what),
            StateError::Locked(_) => Self::refused(what),
        }
    }
}
