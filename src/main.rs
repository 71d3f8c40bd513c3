//! The program: the session of this process, one command, its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    drplan::cli::main()
}
