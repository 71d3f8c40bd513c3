//! `drplan man`.

use std::path::{Path, PathBuf};

use super::{ExitCode, Failure, Session, surface};

/// Print the manual page, or write one page per command
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan man | man -l -
  drplan man --out ~/.local/share/man/man1")]
pub struct Args {
    /// Write drplan.1 and a page per command to this directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let mut command = surface(session);
    command.build();
    match &args.out {
        None => {
            let page = page(command)?;
            session.print(&String::from_utf8_lossy(&page))?;
        }
        Some(dir) => {
            std::fs::create_dir_all(session.path(dir)).map_err(|error| Failure::file(dir, &error))?;
            write_pages(command, "", dir, session)?;
        }
    }
    Ok(ExitCode::Done)
}

fn write_pages(command: clap::Command, above: &str, dir: &Path, session: &mut Session) -> Result<(), Failure> {
    let name = format!("{above}{}", command.get_name());
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write_pages(inner.clone(), &format!("{name}-"), dir, session)?;
    }
    let file = dir.join(format!("{name}.1"));
    session.write_file(&file, &page(command.name(name))?)?;
    session.print(&format!("{}\n", file.display()))
}

fn page(command: clap::Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::failed(format!("cannot write the manual page: {error}")))?;
    Ok(page)
}
