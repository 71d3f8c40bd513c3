//! `drplan backup`: one file per verb.

mod list;
mod read;
mod restore;
mod status;
mod verify;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;

use super::{ExitCode, Failure, Global, Session};
use crate::address::is_identifier;
use crate::cli::again::again;
use crate::diagnostic::closest;
use crate::stack::{Backup, Stack};

use self::read::known;

/// List, judge and verify backups
///
/// drplan makes no backup. It reads the catalogues of the tools that do, by the command in the `catalogue` block of
/// each backup, and judges what it finds. In the local simulator every backup is made on its schedule.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan backup status stacks/saas-three-sites
  drplan backup list stacks/saas-three-sites database --format csv
  drplan backup verify stacks/saas-three-sites")]
pub struct Args {
    #[command(subcommand)]
    verb: BackupCommand,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    List(list::Args),
    Restore(restore::Args),
    Status(status::Args),
    Verify(verify::Args),
}

/// The arguments of every verb.
#[derive(Debug, clap::Args)]
struct Common {
    /// Directory of the stack [default: .]; a name that is not a directory is taken as NAME
    stack: Option<PathBuf>,
    /// Name of a backup [default: all]
    name: Option<String>,
    /// Judge as of this time: points that ended later do not count [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
}

/// Formats of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum TableFormat {
    /// For a terminal
    #[default]
    Text,
    /// For scripts
    Json,
    /// For spreadsheets
    Csv,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        BackupCommand::List(args) => list::run(args, global, session),
        BackupCommand::Restore(args) => restore::run(args, global, session),
        BackupCommand::Status(args) => status::run(args, global, session),
        BackupCommand::Verify(args) => verify::run(args, global, session),
    }
}

impl Common {
    /// The directory of the stack, and the name of a backup.
    fn positionals(&self, session: &Session) -> (PathBuf, Option<String>) {
        let names: Vec<String> = self.name.iter().cloned().collect();
        let (dir, names) = here_or(self.stack.as_ref(), &names, session);
        (dir, names.into_iter().next())
    }
}

/// The directory of the stack, and names: a first word that is no directory is a name in the stack here.
fn here_or(stack: Option<&PathBuf>, names: &[String], session: &Session) -> (PathBuf, Vec<String>) {
    let here = || Path::new(".").to_owned();
    match stack {
        None => (here(), names.to_vec()),
        Some(first) if !session.path(first).is_dir() && first.to_str().is_some_and(is_name) => {
            let first = first.to_str().map(str::to_owned);
            (here(), first.into_iter().chain(names.iter().cloned()).collect())
        }
        Some(stack) => (stack.clone(), names.to_vec()),
    }
}

/// A name as stacks have it: `orders`, `backup.orders` or `orders["a"]`.
fn is_name(text: &str) -> bool {
    let text = text.strip_prefix("backup.").unwrap_or(text);
    is_identifier(text.split('[').next().unwrap_or(text))
}

/// The backups with this name, or all of them.
fn chosen<'a>(stack: &'a Stack, name: Option<&str>, dir: &Path, global: &Global) -> Result<Vec<&'a Backup>, Failure> {
    let Some(written) = name else { return Ok(stack.backups.values().collect()) };
    let name = written.strip_prefix("backup.").unwrap_or(written);
    let bare = |text: &str| text.replace('"', "");
    let is_meant = |backup: &&Backup| bare(backup.name()) == bare(name) || backup.address.name() == name;
    let found: Vec<&Backup> = stack.backups.values().filter(is_meant).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let failure = Failure::failed(format!("the stack has no backup `{name}`"));
    Err(match closest(name, stack.backups.keys().map(|name| &**name)) {
        Some(close) => failure.help(format!("Did you mean `{close}`?")),
        None => failure.help(format!("List them: `{}`", again("backup list", dir, global))),
    })
}
