//! Exit codes, all of them, in one type.

/// What a command tells whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// It is done.
    Done = 0,
    /// It failed: the command line is wrong, the cloud said no, a file cannot be written.
    Failed = 1,
    /// The plan has changes (only with `--detailed-exitcode`), or `--check` found a difference.
    Changes = 2,
    /// The stack, or a file given, is wrong.
    StackWrong = 3,
    /// Refused for safety: a guard, a lock, a missing acceptance.
    Refused = 4,
    /// Stopped part-way; the same command carries on.
    Stopped = 5,
}

impl ExitCode {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}
