//! Volumes that are made of a snapshot: their creation names it, and a step of its own records what came back.

use serde_json::{Map as JsonMap, Value as Json};

use super::around::{Patience, look};
use super::restored::told;
use super::{StepError, Worker};
use crate::address::Address;
use crate::backup::{RestoreOutcome, RestoreRecord};
use crate::duration::spoken;
use crate::kinds::{ReadRequest, ReadResult, body};
use crate::run::StepReporter;
use crate::steps::{Act, SnapshotRestore, Step, StepFact, Task};

impl Worker<'_> {
    /// The argument that names the snapshot of a volume that this run makes of one. It is written and not recorded: the
    /// stack does not have it, and another volume is made as the stack says.
    pub(super) fn snapshot_of(&self, volume: &Address) -> JsonMap<String, Json> {
        let steps = self.errand.iter().flat_map(|errand| &errand.undertaking.steps);
        let of = steps.filter(|step| step.address == *volume).find_map(|step| match &step.act {
            Act::Task(Task::Snapshot(restore)) => Some((restore.argument.clone(), Json::from(restore.point.as_str()))),
            _ => None,
        });
        of.into_iter().collect()
    }

    /// Checks that a volume was made of its snapshot and is sound, and records the restore with its loss.
    pub(super) async fn made_of_snapshot(
        &self,
        step: &Step,
        restore: &SnapshotRestore,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let volume = self.declared(step)?;
        let SnapshotRestore { backup, point, argument, promised, loss, level, bytes } = restore;
        let shows = volume.kind.recovery.volume.map(|recovery| (recovery.shows, recovery.unsound));
        let Some((shows, unsound)) = shows else {
            return Err(StepError::Failed(format!("{} is no volume that is made of a snapshot", step.address)));
        };
        let wanted = ReadRequest::new(volume.kind.type_.object(volume.id.clone()), shows);
        let found = match look(self.ports.reads(), Patience::PROCEDURE, &wanted).await {
            ReadResult::There(found) => found,
            ReadResult::Absent => return Err(StepError::Failed(format!("{} does not exist", volume.id))),
            ReadResult::Unseen(why) => return Err(StepError::Unknown(format!("it cannot be read: {why}"))),
        };
        let read = body::read(volume.kind, std::slice::from_ref(&found));
        if read.get(argument).and_then(Json::as_str) != Some(point) {
            return Err(StepError::Failed(format!("{} was not made of snapshot {point}", step.address)));
        }
        if let Some(why) = unsound(&found) {
            return Err(StepError::Failed(format!("{} {why}", step.address)));
        }
        let record = RestoreRecord {
            point: point.clone(),
            promised: *promised,
            restored_to: Some(*promised),
            at: self.ports.clock.now(),
            run: self.errand.as_ref().map(|errand| errand.run.clone()).unwrap_or_default(),
            machine: step.address.clone(),
            machine_type: None,
            image: None,
            level: Some(*level),
            outcome: RestoreOutcome::Restored,
            bytes: *bytes,
            measured: Vec::new(),
            predicted: None,
            probes: Default::default(),
        };
        let what = format!("{backup}: {}", told(&record));
        tell.recorded(StepFact { restores: vec![(backup.clone(), record)], ..StepFact::said(what) }).await;
        let what = format!("restored to {promised:.0}, data loss {}", spoken(*loss));
        tell.recorded(StepFact { loss: Some(loss.as_secs_f64()), ..StepFact::said(what) }).await;
        Ok(())
    }
}
