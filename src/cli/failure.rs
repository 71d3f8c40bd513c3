//! The failure of a command: one type, from which the exit code and the message follow.

use std::io;
use std::path::Path;

use super::exit::ExitCode;
use crate::diagnostic::{Diagnostics, Sources};
use crate::state::StateError;

/// The failure of a command.
#[derive(Debug)]
pub enum Failure {
    /// The reader of the output has closed it.
    OutputClosed,
    /// Help or the version was requested and has been printed.
    Asked,
    /// The command line is wrong; the message has been printed.
    Usage,
    /// Errors in the input.
    Wrong(Diagnostics, Sources),
    /// Anything else.
    Message {
        /// The exit code.
        exit: ExitCode,
        /// A code, for scripts that tell failures apart.
        code: Option<&'static str>,
        /// The failure and its reason.
        what: String,
        /// The next steps, one sentence each.
        help: Vec<String>,
    },
}

impl Failure {
    /// A failure.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::Message { exit: ExitCode::Failed, code: None, what: what.into(), help: Vec::new() }
    }

    /// A refusal for safety.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::Message { exit: ExitCode::Refused, code: None, what: what.into(), help: Vec::new() }
    }

    /// An input file with errors.
    pub fn wrong_file(what: impl Into<String>) -> Self {
        Self::Message { exit: ExitCode::StackWrong, code: None, what: what.into(), help: Vec::new() }
    }

    /// An input file, or several together, that are too large to be read.
    pub fn too_large(what: impl Into<String>) -> Self {
        let code = Some("file-too-large");
        Self::Message { exit: ExitCode::StackWrong, code, what: what.into(), help: Vec::new() }
    }

    /// An error of the operating system with a file.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        Self::failed(format!("{}: {error}", path.display()))
    }

    /// Adds a next step, unless it is empty.
    #[must_use]
    pub fn help(mut self, sentence: impl Into<String>) -> Self {
        if let Self::Message { help, .. } = &mut self {
            let sentence = sentence.into();
            if !sentence.is_empty() {
                help.push(sentence);
            }
        }
        self
    }

    /// The exit code.
    pub const fn exit(&self) -> ExitCode {
        match self {
            // A closed pipe (`| head`) is no failure.
            Self::OutputClosed | Self::Asked => ExitCode::Done,
            // Not clap's 2, which means a plan with changes.
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
            StateError::Damaged { file, .. } if file.ends_with(".jsonl") => Self::wrong_file(what)
                .help("Nothing was overwritten. Restore the file from a backup, or move it away.")
                .help("Without it a failover run counts as ended midway: run `drplan refresh`, then `drplan failover-group up --planned` or `drplan failover-group down`, which start from what is observed."),
            StateError::Damaged { file, .. } if file.ends_with(".approvals") => Self::wrong_file(what)
                .help("Nothing was overwritten."),
            StateError::Damaged { file, .. } if file.ends_with("key") => {
                Self::wrong_file(what).help("Nothing was overwritten.")
            }
            StateError::Damaged { .. } => Self::wrong_file(what)
                .help("Nothing was overwritten. To start with an empty state instead, move its whole folder away; `drplan plan` then shows how to import what exists."),
            StateError::Newer { .. } => Self::wrong_file(what).help("Use the version of drplan that wrote it, or a newer one."),
            StateError::Io { .. } => Self::failed(what),
            StateError::Locked(_) => Self::refused(what),
        }
    }
}
