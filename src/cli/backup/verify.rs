//! `drplan backup verify`.

use std::path::PathBuf;

use super::{chosen, here_or, known};
use crate::address::Address;
use crate::cli::again::{again, quoted};
use crate::cli::failover_group::{RunOptions, verify as carry_out};
use crate::cli::loading::load_without_secrets;
use crate::cli::{ExitCode, Failure, Global, Session};
use crate::failover::{Restorer, in_prose, restorers};
use crate::stack::{Backup, Stack};

/// Restore backups in a drill, and record the proof
///
/// Creates isolated copies of the machines that restore these backups at a cold site, lets them restore the newest
/// points, probes them, compares the data with what the catalogue promised, and deletes the copies. No user and no
/// replica moves. A point that was restored has the level `restored` from then on, a damaged one is not chosen again,
/// and measured times take the place of estimates. `failover-group resume` continues an interrupted verification.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan backup verify stacks/saas-three-sites --dry-run
  drplan backup verify stacks/saas-three-sites database files --yes")]
pub struct Args {
    /// Directory of the stack [default: .]; a name that is not a directory is taken as NAME
    stack: Option<PathBuf>,
    /// Names of backups [default: all that machines of the cold site restore]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Cold site whose machines restore [default: the first]
    #[arg(long, value_name = "SITE")]
    to: Option<String>,
    #[command(flatten)]
    common: RunOptions,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let (dir, names) = here_or(args.stack.as_ref(), &args.names, session);
    let loaded = load_without_secrets(&dir, global, session)?;
    let stack = known(&loaded, global, session)?;
    let mut wanted: Vec<&Backup> = Vec::new();
    for name in &names {
        wanted.extend(chosen(&stack, Some(name), &dir, global)?);
    }
    if names.is_empty() {
        wanted = chosen(&stack, None, &dir, global)?;
    }
    let is_meant = |restorer: &Restorer<'_>| {
        let group = args.common.group.as_deref();
        group.is_none_or(|group| *restorer.group.name == *group)
            && args.to.as_deref().is_none_or(|to| **restorer.site == *to)
    };
    let of = |backup: &Backup| -> Vec<Restorer<'_>> {
        restorers(&stack, &backup.address).into_iter().filter(is_meant).collect()
    };
    let unrestored: Vec<&str> =
        wanted.iter().filter(|backup| of(backup).is_empty()).map(|backup| backup.address.as_str()).collect();
    if !names.is_empty() && !unrestored.is_empty() || unrestored.len() == wanted.len() {
        let list = again("backup list", &dir, global);
        return Err(nobody(&stack, &unrestored, &list, args));
    }
    if !unrestored.is_empty() {
        session.say(&format!(
            "warning: {} not verified: no machine of a cold site restores {}\n\n",
            are(&unrestored),
            if unrestored.len() == 1 { "it" } else { "them" }
        ));
    }
    let all: Vec<Restorer<'_>> = wanted.iter().flat_map(|backup| of(backup)).collect();
    let Some(first) = all.first() else { return Ok(ExitCode::Done) };
    let is_here = |restorer: &Restorer<'_>| (&restorer.group.name, restorer.site) == (&first.group.name, first.site);
    let elsewhere: Vec<&&Backup> =
        wanted.iter().filter(|backup| !of(backup).is_empty() && !of(backup).iter().any(is_here)).collect();
    if let Some(other) = elsewhere.first() {
        let (Some(away), here) = (of(other).first().copied(), first) else { return Ok(ExitCode::Done) };
        let flags = |one: &Restorer<'_>| format!("--group {} --to {}", quoted(&one.group.name), quoted(one.site));
        let what = format!("{} are restored by machines of different groups or sites", in_prose(&addresses(&wanted)));
        return Err(Failure::failed(what).help(format!(
            "Verify one after the other: {}; {}.",
            flags(here),
            flags(&away)
        )));
    }
    let verify: Vec<Address> =
        wanted.iter().filter(|backup| !of(backup).is_empty()).map(|backup| backup.address.clone()).collect();
    let place = (&*first.group.name, &**first.site);
    carry_out(&verify, place, &dir, &args.common, global, session)
}

fn addresses<'a>(backups: &[&'a Backup]) -> Vec<&'a str> {
    backups.iter().map(|backup| backup.address.as_str()).collect()
}

fn are(names: &[&str]) -> String {
    format!("{} {}", in_prose(names), if names.len() == 1 { "is" } else { "are" })
}

/// No machine restores these backups.
fn nobody(stack: &Stack, names: &[&str], list: &str, args: &Args) -> Failure {
    if names.is_empty() {
        return Failure::failed("the stack has no backups")
            .help("Declare them with `backup` blocks: `drplan kinds backup`");
    }
    let place = match (&args.common.group, &args.to) {
        (None, None) => "a cold site".to_owned(),
        (group, to) => {
            let group = group.as_ref().map(|group| format!("failover group {group}"));
            let site = to.as_ref().map(|site| format!("site {site}"));
            in_prose(&group.into_iter().chain(site).collect::<Vec<_>>())
        }
    };
    let kinds = stack.catalog().kinds().filter(|kind| kind.recovery.launches.is_some()).map(|kind| kind.name);
    let kinds: Vec<String> = kinds.map(|kind| format!("`{kind}`")).collect();
    Failure::failed(format!("no machine of {place} restores {}", in_prose(names)))
        .help(format!(
            "Write `restores = [{}]` in a failover-only machine ({}) of a site with `tier = 2`.",
            names.join(", "),
            in_prose(&kinds)
        ))
        .help(format!("Its points, to restore one by hand: `{list}`"))
}
