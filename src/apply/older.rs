//! Older points: a machine that finds the point in its manifest damaged restores the one before it, as long as that
//! loses no more than was accepted.
//!
//! The manifest in the repository is the memory of it: it names the points that are in hand, so that a run which
//! resumes knows how far it has come. The machine reads it when it starts.

use serde_json::Value as Json;

use super::details::say;
use super::launch::Documents;
use super::{StepError, Worker};
use crate::backup::launch::{Manifest, ManifestItem, RestoreReport};
use crate::backup::means_damage;
use crate::duration::spoken;
use crate::run::StepReporter;
use crate::steps::{LaunchRestore, OlderPoint, Step};

/// The name of a point.
fn point(item: &ManifestItem) -> &str {
    item.select.backup.as_deref().unwrap_or_default()
}

impl Worker<'_> {
    /// The restore with the points that the manifest names: those of the start, or older ones. With older ones the
    /// machine was stopped, and is started if that was not done yet.
    pub(super) async fn in_hand(
        &self,
        step: &Step,
        launch: &LaunchRestore,
        documents: &Documents,
        tell: &StepReporter,
    ) -> Result<LaunchRestore, StepError> {
        let mut now = launch.clone();
        if launch.older.is_empty() {
            return Ok(now);
        }
        let Some(seen) = self.ports.cloud.get(&documents.manifest).await? else { return Ok(now) };
        let text = seen.body.get(documents.signed.content).and_then(Json::as_str).unwrap_or_default();
        let Ok(manifest) = serde_json::from_str::<Manifest>(text) else { return Ok(now) };
        for older in &launch.older {
            if manifest.items.iter().any(|item| item.name == older.item.name && point(item) == point(&older.item)) {
                take(&mut now, older);
            }
        }
        if now.items != launch.items {
            self.power(step, self.declared(step)?, true, tell).await?;
        }
        Ok(now)
    }

    /// Marks the point that a machine found damaged, stops the machine, names the point before in the manifest, and
    /// starts the machine again. `None` for a failure that another point does not help.
    ///
    /// # Errors
    /// Where there is no older point within the accepted loss.
    pub(super) async fn older(
        &self,
        step: &Step,
        report: &RestoreReport,
        launch: &LaunchRestore,
        documents: &Documents,
        tell: &StepReporter,
    ) -> Result<Option<LaunchRestore>, StepError> {
        let Some(error) = report.error.as_ref().filter(|error| !error.retry && means_damage(&error.code)) else {
            return Ok(None);
        };
        let Some(item) = launch.items.iter().find(|item| report.item.as_deref() == Some(&*item.name)) else {
            return Ok(None);
        };
        // A report of another point was answered before the run stopped: the next one follows.
        if report.backup.as_deref().is_some_and(|damaged| damaged != point(item)) {
            return Ok(Some(launch.clone()));
        }
        if let Some(damaged) = self.damaged(step, report, launch) {
            tell.recorded(damaged).await;
        }
        let why = format!("the restore failed: {}: {}", error.code, error.message);
        let older = self.before(item, launch).map_err(|what| StepError::Failed(format!("{why}. {what}")))?;
        let machine = self.declared(step)?;
        if machine.kind.moves.power.is_none() {
            return Err(StepError::Failed(format!(
                "{why}. {} cannot be started again, which an older point needs: abort the run, and start it again",
                step.address
            )));
        }
        let (name, loss) = (&older.item.name, spoken(older.loss));
        say(tell, format!("{name} goes back to point {}, with a data loss of up to {loss}", point(&older.item)));
        // The machine reads the manifest when it starts, and a key that was released to its earlier start is of no use
        // to it.
        self.power(step, machine, false, tell).await?;
        self.ports.cloud.delete(&documents.key).await?;
        let mut next = launch.clone();
        take(&mut next, older);
        self.write_manifest(&next, documents).await?;
        self.power(step, machine, true, tell).await?;
        Ok(Some(next))
    }

    /// The point before one, within the accepted loss.
    fn before<'a>(&self, item: &ManifestItem, launch: &'a LaunchRestore) -> Result<&'a OlderPoint, String> {
        let mut all = launch.older.iter().filter(|older| older.item.name == item.name);
        // That of the start is none of them.
        if all.clone().any(|older| point(&older.item) == point(item)) {
            all.find(|older| point(&older.item) == point(item));
        }
        let name = &item.name;
        let older = all.next().ok_or_else(|| {
            format!(
                "Its point {} is marked as damaged, and {name} has no older point that this run may take. Abort the \
                 run; `drplan backup list` shows what is left",
                point(item)
            )
        })?;
        let accepted = self.errand.as_ref().and_then(|errand| errand.undertaking.accepted.data_loss);
        match older.loss > accepted.unwrap_or_default() {
            true => Err(format!(
                "The point before it, {} of {name}, loses up to {}, and {} is accepted. Abort the run, and start it \
                 again with --accept-data-loss {}s, or more: {} is marked as damaged and not chosen again",
                point(&older.item),
                spoken(older.loss),
                accepted
                    .map_or_else(|| "no loss".to_owned(), |accepted| format!("a loss of up to {}", spoken(accepted))),
                older.loss.as_secs(),
                point(item)
            )),
            false => Ok(older),
        }
    }
}

/// Replaces the point of a backup by an older one.
fn take(launch: &mut LaunchRestore, older: &OlderPoint) {
    for item in launch.items.iter_mut().filter(|item| item.name == older.item.name) {
        *item = ManifestItem { order: item.order, ..older.item.clone() };
    }
    launch.loss = launch.loss.max(older.loss);
}
