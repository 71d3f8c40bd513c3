//! Exit codes.

/// The result of a command for the process that started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Success.
    Done = 0,
    /// Failure: a wrong command line, an error of the cloud, a file that cannot be written.
    Failed = 1,
    /// The plan has changes (only with `--detailed-exitcode`), or `--check` found a difference.
    Changes = 2,
    /// The stack or an input file has errors.
    StackWrong = 3,
    /// Refused for safety: a preflight check, a blocked plan, a lock, a missing acceptance.
    Refused = 4,
    /// Stopped before the end; the same command continues.
    Stopped = 5,
}

impl ExitCode {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
