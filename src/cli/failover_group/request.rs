//! The request of a run, and the command that repeats it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Failure, Global, RunOptions, Since};
use crate::address::Address;
use crate::apply::FailoverRun;
use crate::cli::again::{again, quoted, word};
use crate::diagnostic::closest;
use crate::failover::{RestoreOrder, RestoreWay, flags, machine_to_restore};
use crate::kinds::Catalog;
use crate::roles::{FailoverMode, IncidentCause};
use crate::stack::{FailoverGroup, Stack};
use crate::state::{RunKind, State};
use crate::steps::Acceptance;

/// A restore in place.
#[derive(Debug, Clone, Copy)]
pub struct InPlaceRequest<'a> {
    /// The name of the backup.
    pub backup: &'a str,
    /// The time after which points do not count.
    pub at: Option<Timestamp>,
    /// The rung of the ladder.
    pub rung: Option<u8>,
}

impl InPlaceRequest<'_> {
    /// The order, and the group of its machine.
    ///
    /// # Errors
    /// The backup does not exist, or no machine that exists restores it.
    pub fn order(&self, stack: &Stack, state: &State) -> Result<(RestoreOrder, String), Failure> {
        let Some(backup) = stack.backups.get(self.backup) else {
            let failure = Failure::failed(format!("the stack has no backup `{}`", self.backup));
            return Err(match closest(self.backup, stack.backups.keys().map(|name| &**name)) {
                Some(close) => failure.help(format!("Did you mean `{close}`?")),
                None => failure,
            });
        };
        let (machine, group) = machine_to_restore(stack, state, backup).map_err(|why| {
            Failure::refused(format!("{} cannot be restored in place: {why}", backup.address))
                .help("`drplan failover-group up --dry-run` shows every way to get its data back.")
        })?;
        let (backup, machine) = (backup.address.clone(), machine.address.clone());
        Ok((
            RestoreOrder { backup, machine, rung: self.rung, point: None, way: RestoreWay::default() },
            group.name.to_string(),
        ))
    }
}

/// The run that is requested.
#[derive(Clone, Copy)]
pub struct ProcedureRequest<'a> {
    pub verb: RunKind,
    pub how: FailoverMode,
    pub lost: &'a [String],
    pub to: Option<&'a str>,
    pub since: Option<Since>,
    pub cause: IncidentCause,
    pub without: &'a [Address],
    pub accepted: Acceptance,
    /// The backups that a drill is limited to.
    pub verify: &'a [Address],
    pub stack: &'a Path,
    pub common: &'a RunOptions,
    /// The procedure has been shown and confirmed.
    pub is_shown: bool,
    /// The restore in place that it is.
    pub restore: Option<InPlaceRequest<'a>>,
}

impl ProcedureRequest<'_> {
    /// These words of this request as a complete command: a verification names its backups last.
    pub fn again(&self, words: &str, global: &Global) -> String {
        let names = self.verify.iter().map(|backup| format!(" {}", quoted(backup.own_name())));
        again(words, self.place(), global) + &names.collect::<String>()
    }

    /// The command that requests the same run, with what was accepted.
    pub fn whole_command(&self) -> String {
        let mut words = self.command() + &acceptance_flags(self.accepted);
        words.extend(self.since.map(|since| format!(" --since {since}")));
        words
    }

    /// The command that requests the same run, without accepted losses.
    pub fn command(&self) -> String {
        if let Some(restore) = self.restore {
            return self.restore_command(restore);
        }
        let mut words = match self.verify.is_empty() {
            true => format!("failover-group {}", self.verb.as_str()),
            false => "backup verify".to_owned(),
        };
        match (self.lost, self.verb, self.how) {
            ([], RunKind::Up, FailoverMode::Planned) => words += " --planned",
            ([], ..) => {}
            (lost, ..) => words += &format!(" --forced{}", flags(lost)),
        }
        words.extend(self.to.map(|to| format!(" --to {}", quoted(to))));
        if !self.cause.is_lost() {
            words += &format!(" --cause {}", self.cause.as_str());
        }
        words.extend(self.without.iter().map(|address| format!(" --without {}", quoted(address.as_str()))));
        words.extend(self.common.group.as_ref().map(|group| format!(" --group {}", quoted(group))));
        words
    }

    /// The command of a restore in place; it holds the directory of the stack.
    fn restore_command(&self, restore: InPlaceRequest<'_>) -> String {
        let mut words = format!("backup restore {} {}", word(self.stack), quoted(restore.backup));
        words.extend(restore.rung.map(|rung| format!(" --rung {rung}")));
        words.extend(restore.at.map(|at| format!(" --at {at}")));
        if !self.cause.is_lost() {
            words += &format!(" --cause {}", self.cause.as_str());
        }
        words.extend(self.common.group.as_ref().map(|group| format!(" --group {}", quoted(group))));
        words
    }

    /// The directory that completes its command.
    fn place(&self) -> &Path {
        if self.restore.is_some() { Path::new(".") } else { self.stack }
    }

    /// The sites of this group that are lost: those that the request names, and those of the providers that it names.
    ///
    /// # Errors
    /// A provider that does not exist.
    pub fn named_sites(&self, group: &FailoverGroup, stack: &Stack) -> Result<Vec<String>, Failure> {
        let mut lost: Vec<String> = Vec::new();
        for named in self.lost {
            let Some(name) = named.strip_prefix(PROVIDER) else {
                lost.push(named.clone());
                continue;
            };
            let provider = stack.catalog().provider(name).ok_or_else(|| unknown(name, stack.catalog()))?;
            let is_there = |site: &&Arc<str>| stack.sites.get(*site).is_some_and(|site| site.provider == provider);
            lost.extend(group.sites().filter(is_there).map(|site| site.to_string()));
        }
        let mut seen = BTreeSet::new();
        lost.retain(|site| seen.insert(site.clone()));
        Ok(lost)
    }

    /// The same for a group that is to move.
    ///
    /// # Errors
    /// As above; and where no site of the group is lost although the request names a provider, or every one is.
    pub fn lost_sites(&self, group: &FailoverGroup, stack: &Stack) -> Result<Vec<String>, Failure> {
        let lost = self.named_sites(group, stack)?;
        if let Some(named) = self.lost.first().filter(|_| lost.is_empty()) {
            let what = format!("--lost {named}: failover group {} has no site there", group.name);
            return Err(Failure::failed(what).help(format!("Its sites: {}.", group.sites_in_prose())));
        }
        let names_provider = self.lost.iter().any(|named| named.starts_with(PROVIDER));
        if names_provider && group.sites().all(|site| lost.iter().any(|lost| **lost == **site)) {
            let what = format!("every site of failover group {} is lost: {}", group.name, lost.join(", "));
            return Err(Failure::refused(what).help("Name the sites that are lost, and leave out one that is not."));
        }
        Ok(lost)
    }

    /// True if this request may take over an unfinished run. The same request resumes it instead, unless it accepts
    /// more than the run may lose.
    pub fn takes_over(&self, run: &FailoverRun) -> bool {
        let undertaking = &run.undertaking;
        let is_same = undertaking.verb == self.verb
            && is_same_set(&undertaking.lost, self.lost)
            && self.to.is_none_or(|to| *to == *undertaking.arriving);
        let accepts_more = self.accepted.exceeds(&undertaking.accepted);
        self.how == FailoverMode::Forced && (!is_same || accepts_more || run.is_unwinding())
    }

    /// The start of the outage, as the operator gave it.
    ///
    /// # Errors
    /// It is after the current time.
    pub fn outage(&self, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
        match self.since.map(|since| since.at(now)) {
            Some(since) if since > now => {
                Err(Failure::failed(format!("--since {since}: that is after the current time, {now:.0}")))
            }
            since => Ok(since),
        }
    }
}

/// The flags that accept these risks.
pub fn acceptance_flags(accepted: Acceptance) -> String {
    let loss = accepted.data_loss.map(|loss| format!(" --accept-data-loss {}s", loss.as_secs()));
    let split = accepted.split_brain.then_some(" --accept-split-brain");
    loss.unwrap_or_default() + split.unwrap_or_default()
}

/// True for the same sites, in any order.
/// The beginning of the name of a provider, whose sites are all lost.
const PROVIDER: &str = "provider:";

fn unknown(name: &str, catalog: &Catalog) -> Failure {
    let names: Vec<&str> = catalog.providers().map(|provider| provider.name).collect();
    let failure = Failure::failed(format!("--lost {PROVIDER}{name}: there is no provider `{name}`"));
    failure.help(format!("Providers: {}.", names.join(", ")))
}

fn is_same_set(one: &[String], other: &[String]) -> bool {
    one.iter().all(|site| other.contains(site)) && other.iter().all(|site| one.contains(site))
}
