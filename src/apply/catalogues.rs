//! Catalogues of backups: what the tool's command prints, what the provider lists, or what the local simulator knows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::actions::arguments::{list, pairs, sent, span};
use crate::address::Address;
use crate::backup::{BackupSet, RestoreForm, RestoreRecord, simulated};
use crate::failover::snapshots_beside;
use crate::stack::{Backup, FailoverGroup, Repository, Resource, Stack};
use crate::value::{Map, Value};
use crate::world::{Cloud, CommandLine, Commands};

/// The time limit of a command that sets none.
const WITHIN: Duration = Duration::from_secs(120);

/// The source of catalogues.
#[derive(Clone, Copy)]
pub enum CatalogueSource<'a> {
    /// The local simulator, whose world began then.
    Simulated(Timestamp),
    /// The commands of the stack.
    Commands(&'a dyn Commands),
}

/// Reads the catalogues of the backups that a cold standby of a group restores, and merges them with the recorded
/// restores; none where no standby is cold.
pub async fn read_catalogues(
    stack: &Stack,
    group: &FailoverGroup,
    from: (CatalogueSource<'_>, &dyn Cloud),
    (restores, now): (&BTreeMap<Address, Vec<RestoreRecord>>, Timestamp),
) -> BTreeMap<Address, Result<BackupSet, String>> {
    let is_cold = |site: &Arc<str>| stack.sites.get(site).is_some_and(|site| site.is_cold());
    let restored: &[Address] = if group.standbys().iter().any(is_cold) { &group.restore } else { &[] };
    let restored = restored.iter().filter_map(|address| stack.backups.get(address.own_name()));
    // A volume of theirs may come back by its snapshots.
    let with_snapshots = restored.flat_map(|backup| std::iter::once(backup).chain(snapshots_beside(stack, backup)));
    let backups: BTreeMap<&Address, &Backup> = with_snapshots.map(|backup| (&backup.address, backup)).collect();
    let reads = backups.into_values().map(async |backup| {
        let set = read_catalogue(stack, backup, from, now).await;
        let restores = restores.get(&backup.address).map(Vec::as_slice).unwrap_or_default();
        (backup.address.clone(), set.map(|set| set.until(now).with_restores(restores, now)))
    });
    futures::future::join_all(reads).await.into_iter().collect()
}

/// Reads the catalogue of a backup, as it is at this time.
///
/// # Errors
/// The reason why it cannot be read, in the words of the tool where it has some.
pub async fn read_catalogue(
    stack: &Stack,
    backup: &Backup,
    (source, cloud): (CatalogueSource<'_>, &dyn Cloud),
    now: Timestamp,
) -> Result<BackupSet, String> {
    if let Some(read) = snapshots(stack, backup, (source, cloud)).await {
        return read;
    }
    match source {
        CatalogueSource::Simulated(began) => {
            repository_exists(stack, backup, cloud).await?;
            let Some(schedule) = &backup.schedule else { return Ok(BackupSet::default()) };
            Ok(BackupSet::from(simulated(schedule, backup.tool.whole, began, now)))
        }
        CatalogueSource::Commands(commands) => {
            let Some(arguments) = &backup.catalogue else {
                let title = backup.tool.title;
                return Err(format!(
                    "drplan has no command that prints the catalogue of {title}: write a `catalogue` block"
                ));
            };
            let output = commands.read(&line(arguments)?).await?;
            let read = (backup.tool.catalogue)(&backup.selection(), &output.text);
            read.map(BackupSet::from).map_err(|why| match output.ended.said.is_empty() {
                true => why,
                false => format!("{why} (last line: {})", output.ended.said),
            })
        }
    }
}

/// The snapshots of a volume as its provider lists them, where drplan can ask for them and the stack has no command of
/// its own.
async fn snapshots(
    stack: &Stack,
    backup: &Backup,
    (source, cloud): (CatalogueSource<'_>, &dyn Cloud),
) -> Option<Result<BackupSet, String>> {
    if matches!(source, CatalogueSource::Commands(_)) && backup.catalogue.is_some() {
        return None;
    }
    let volume = stack.resources.get(&backup.of).filter(|_| backup.tool.form == RestoreForm::Volume)?;
    let expand = volume.kind.recovery.volume?.snapshots?.expand;
    let place = stack.repository_site(backup).map_or(&volume.location, |site| &site.location);
    // Copies in another region are found by their tag, at the volume there that is made of them.
    let is_there = |one: &&Resource| one.location == *place && stack.restores(one, &backup.address);
    let object = match *place == volume.location {
        true => volume.objects.first()?,
        false => stack.resources.values().filter(|_| backup.tag.is_some()).find(is_there)?.objects.first()?,
    };
    let query: Vec<(&str, &str)> =
        std::iter::once(("$expand", expand)).chain(backup.tag.as_deref().map(|tag| ("tag", tag))).collect();
    Some(match cloud.get_with(object, &query).await {
        Ok(Some(list)) => {
            let read = (backup.tool.catalogue)(&backup.selection(), &list.to_string());
            read.map(BackupSet::from)
        }
        Ok(None) => Err(format!("{} does not exist", backup.of)),
        Err(error) => Err(format!("its snapshots cannot be read: {error}")),
    })
}

/// Checks that the simulated repository exists and answers: a lost place has no catalogue.
async fn repository_exists(stack: &Stack, backup: &Backup, cloud: &dyn Cloud) -> Result<(), String> {
    let Repository::Resource(address) = &backup.repository else { return Ok(()) };
    let Some(object) = stack.resources.get(address).and_then(|resource| resource.objects.first()) else {
        return Ok(());
    };
    match cloud.get(object).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(format!("the repository {address} does not exist")),
        Err(error) => Err(format!("the repository {address} cannot be read: {error}")),
    }
}

/// The command of a `catalogue` block. Nothing of it is shown: all may hold secrets.
fn line(arguments: &Map) -> Result<CommandLine, String> {
    if let Some(unknown) = Value::from(arguments.clone()).unknown_within() {
        let needs: Vec<String> = unknown.waits_for.iter().map(ToString::to_string).collect();
        return Err(format!("its command is unknown: it needs {}", needs.join(", ")));
    }
    Ok(CommandLine {
        program: sent(arguments, "program").unwrap_or_default().to_owned(),
        arguments: list(arguments, "arguments"),
        environment: pairs(arguments, "environment"),
        directory: sent(arguments, "directory").map(str::to_owned),
        within: span(arguments, "within", WITHIN).map_err(|_| "its time limit cannot be read".to_owned())?,
        inherits: Vec::new(),
        is_secret: Value::from(arguments.clone()).sensitive_within(),
        purpose: None,
    })
}
