//! `drplan fmt`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::location::{read, read_within};
use super::{ExitCode, Failure, Session};
use crate::diagnostic::{Diagnostics, Sources};
use crate::hcl::{format, parse};

/// Format the files of a stack, and print the names of changed files
///
/// Changes indentation, alignment and blank lines; comments and meaning stay. Formats variable files (*.vars.hcl), too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan fmt stacks/web-geo
  drplan fmt --check           exit 2 if a file would change")]
pub struct Args {
    /// Directory of the stack, or one file
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Change nothing; exit 2 if a file would change
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let mut sources = Sources::default();
    let mut wrong = Diagnostics::new();
    let mut changed = Vec::new();
    for path in files(&args.stack, session)? {
        let (name, text) = match &path {
            Named::File(path) => read(path, session)?,
            Named::Within(dir, name) => read_within(dir, name, session)?,
        };
        let path = PathBuf::from(&*name);
        let file = sources.add(name, Arc::clone(&text));
        let formatted = parse(&text, file).and_then(|_| format(&text));
        match formatted {
            Ok(formatted) if *formatted != *text => changed.push((path, formatted)),
            Ok(_) => {}
            Err(found) => wrong.extend(found),
        }
    }
    for (path, formatted) in &changed {
        if !args.check {
            session.write_file(path, formatted.as_bytes())?;
        }
        session.print(&format!("{}\n", path.display()))?;
    }
    if wrong.has_errors() {
        return Err(Failure::Wrong(wrong, sources));
    }
    Ok(if args.check && !changed.is_empty() { ExitCode::Changes } else { ExitCode::Done })
}

/// A file to format.
enum Named {
    /// The command line names it.
    File(PathBuf),
    /// A directory has it.
    Within(PathBuf, String),
}

fn files(path: &Path, session: &Session) -> Result<Vec<Named>, Failure> {
    if session.path(path).is_file() {
        return Ok(vec![Named::File(path.to_owned())]);
    }
    let listed = std::fs::read_dir(session.path(path))
        .map_err(|error| Failure::wrong_file(format!("{}: {error}", path.display())))?;
    let mut names: Vec<String> = listed
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".hcl"))
        .collect();
    names.sort();
    Ok(names.into_iter().map(|name| Named::Within(path.to_owned(), name)).collect())
}
