//! The program: the session of this process, one command, its exit code.

use std::process::ExitCode;
use std::sync::Arc;

use drplan::cli::{self, Session};
use drplan::host::SystemIds;
use drplan::providers;

fn main() -> ExitCode {
    match Session::of_process(Arc::new(SystemIds), providers::catalog()) {
        Ok(mut session) => ExitCode::from(cli::run(std::env::args_os(), &mut session).code()),
        Err(error) => {
            eprintln!("error: the current directory cannot be found: {error}");
            ExitCode::FAILURE
        }
    }
}
