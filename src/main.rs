//! The program: the session of this process, one command, its exit code.

use std::process::ExitCode;
use std::sync::Arc;

use drplan::cli::{self, Session};
use drplan::host::SystemIds;
use drplan::providers;

/// A plan of a large stack is made of millions of small texts. The allocator of the C library spends a quarter of its
/// time on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Session::of_process(Arc::new(SystemIds), providers::catalog()) {
        Ok(mut session) => ExitCode::from(cli::run(std::env::args_os(), &mut session).code()),
        Err(error) => {
            eprintln!("error: the current directory cannot be found: {error}");
            ExitCode::FAILURE
        }
    }
}
