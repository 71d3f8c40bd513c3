//! The catalogues of a stack's backups, read from the cloud of a command.

use std::collections::BTreeMap;

use super::{Common, chosen};
use crate::address::Address;
use crate::apply::read_catalogue;
use crate::backup::RestoreRecord;
use crate::cli::cloud::with_cloud;
use crate::cli::loading::{LoadedStack, load_without_secrets};
use crate::cli::planning::store_of;
use crate::cli::{Failure, Global, Session};
use crate::plan;
use crate::stack::Stack;
use crate::view::backup::{BackupReport, ReadBackup};
use crate::world::{Cloud, Store};

type Restores = BTreeMap<Address, Vec<RestoreRecord>>;

/// Reads the catalogues of the chosen backups, and makes a text of them.
pub(super) fn report<T>(
    args: &Common,
    global: &Global,
    session: &mut Session,
    view: impl FnOnce(&BackupReport<'_>, &Session) -> T,
) -> Result<T, Failure> {
    let (dir, name) = args.positionals(session);
    let loaded = load_without_secrets(&dir, global, session)?;
    let stack = known(&loaded, global, session)?;
    let restores = restores(&loaded, global, session)?;
    let backups = chosen(&stack, name.as_deref(), &dir, global)?;
    let cloud = loaded.account.cloud;
    let now = args.at;
    let (read, now) = match backups.is_empty() {
        true => (Vec::new(), now.unwrap_or_else(|| session.clock.now())),
        false => with_cloud(&loaded.account, global, session, async |reached, _| {
            let now = now.unwrap_or_else(|| reached.clock.now());
            let source = reached.catalogues();
            let mut all = Vec::new();
            for backup in &backups {
                let set = read_catalogue(&stack, backup, (source, &reached.cloud as &dyn Cloud), now).await;
                let records = restores.get(&backup.address).map(Vec::as_slice).unwrap_or_default();
                all.push(ReadBackup { backup, set: set.map(|set| set.until(now).with_restores(records, now)) });
            }
            Ok((all, now))
        })?,
    };
    Ok(view(&BackupReport { stack: &stack, cloud, now, backups: read }, session))
}

/// The recorded restores of each backup.
fn restores(loaded: &LoadedStack, global: &Global, session: &Session) -> Result<Restores, Failure> {
    let store = store_of(&loaded.program, loaded.account.cloud, global, session)?;
    Ok(store.load()?.map(|state| state.restores).unwrap_or_default())
}

/// The stack with everything that its state knows: commands may need an address.
pub(super) fn known(loaded: &LoadedStack, global: &Global, session: &mut Session) -> Result<Stack, Failure> {
    let stack = loaded.evaluate(session)?;
    let store = store_of(&loaded.program, loaded.account.cloud, global, session)?;
    let Some(state) = store.load()? else { return Ok(stack) };
    let knowledge = plan::knowledge(loaded.program.catalog(), &state, &|_| false);
    Ok(loaded.program.evaluate(&knowledge).map_or(stack, |(known, _)| known))
}
