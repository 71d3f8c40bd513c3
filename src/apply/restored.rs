//! Records of what a machine has restored, from its report: the proof of each point, and the rates of the next restore.

use std::time::Duration;

use super::Worker;
use crate::address::Address;
use crate::backup::launch::{ManifestItem, RestoreReport, by_item};
use crate::backup::{RestoreOutcome, RestoreRecord, means_damage};
use crate::duration::spoken;
use crate::failover::machines_of;
use crate::steps::{LaunchRestore, Step, StepFact};
use crate::visible::shown;

/// Characters of a tool's message that are kept.
const MESSAGE: usize = 300;

impl Worker<'_> {
    /// The end of a restore: the measured loss, which is the announced one and what the data are older than promised,
    /// and a record of each backup.
    pub(super) fn restored(&self, step: &Step, report: &RestoreReport, launch: &LaunchRestore) -> StepFact {
        let promised = launch.items.iter().map(|item| item.recovery_point).min();
        let measured = by_item(&report.measured, launch.items.len());
        let restores = launch.items.iter().enumerate().map(|(at, item)| {
            // Items together are as old as the oldest of them: where that is older than promised, any may be.
            let restored_to = report.restored_to.zip(promised).map(|(to, promised)| match to < promised {
                true => to,
                false => to.max(item.recovery_point),
            });
            let record = RestoreRecord {
                restored_to,
                measured: measured.get(at).cloned().unwrap_or_default(),
                ..self.record_of(step, (item, launch.predicted.get(at).copied()), RestoreOutcome::Restored)
            };
            (self.backup_of(item), record)
        });
        let restores = restores.collect();
        let Some((to, promised)) = report.restored_to.zip(promised) else {
            let what = "the machine does not report the time of its data";
            return StepFact { restores, ..StepFact::said(what) };
        };
        let older = Duration::try_from(promised.duration_since(to)).unwrap_or_default();
        let loss = launch.loss + older;
        StepFact {
            loss: Some(loss.as_secs_f64()),
            restores,
            ..StepFact::said(format!("restored to {to:.0}, data loss {}", spoken(loss)))
        }
    }

    /// The record of a damaged point, if a report says that there is one.
    pub(super) fn damaged(&self, step: &Step, report: &RestoreReport, launch: &LaunchRestore) -> Option<StepFact> {
        let error = report.error.as_ref().filter(|error| !error.retry && means_damage(&error.code))?;
        let item = launch.items.iter().find(|item| report.item.as_deref() == Some(&*item.name))?;
        let message = shown(&error.message).chars().take(MESSAGE).collect();
        let outcome = RestoreOutcome::Damaged { code: error.code.clone(), message };
        let record = self.record_of(step, (item, None), outcome);
        let what = format!("point {} of {} is damaged: it is marked, and not chosen again", record.point, item.name);
        Some(StepFact { restores: vec![(self.backup_of(item), record)], ..StepFact::said(what) })
    }

    fn record_of(
        &self,
        step: &Step,
        (item, predicted): (&ManifestItem, Option<f64>),
        outcome: RestoreOutcome,
    ) -> RestoreRecord {
        let machine = self.stack.resources.get(&step.address);
        RestoreRecord {
            point: item.select.backup.clone().unwrap_or_default(),
            promised: item.recovery_point,
            restored_to: None,
            at: self.ports.clock.now(),
            run: self.errand.as_ref().map(|errand| errand.run.clone()).unwrap_or_default(),
            machine: step.address.clone(),
            machine_type: machine.and_then(|machine| machines_of(self.stack, machine)).map(|machines| machines.size),
            outcome,
            bytes: item.bytes.unwrap_or_default(),
            measured: Vec::new(),
            predicted,
            probes: Default::default(),
        }
    }

    /// The address of the backup of an item, whether the stack still has it or not.
    fn backup_of(&self, item: &ManifestItem) -> Address {
        let known = self.stack.backups.get(&*item.name).map(|backup| backup.address.clone());
        known.unwrap_or_else(|| Address::new("backup", &item.name))
    }
}
