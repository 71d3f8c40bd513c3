//! Records of what a machine has restored, from its report: the proof of each point, and the rates of the next restore.

use std::time::Duration;

use super::Worker;
use crate::address::Address;
use crate::backup::launch::{ManifestItem, RestoreReport, by_item};
use crate::backup::{RestoreOutcome, RestoreRecord, means_damage};
use crate::duration::{at_least, spoken};
use crate::failover::machines_of;
use crate::steps::{LaunchRestore, Step, StepFact};
use crate::visible::shown;

/// Characters of a tool's message that are kept.
const MESSAGE: usize = 300;

impl Worker<'_> {
    /// The end of a restore: a record of each backup, and the measured loss, which is the announced one and what the
    /// data are older than promised.
    pub(super) fn restored(&self, step: &Step, report: &RestoreReport, launch: &LaunchRestore) -> Vec<StepFact> {
        let promised = launch.items.iter().map(|item| item.recovery_point).min();
        let reached = report.restored_to.zip(promised);
        let measured = by_item(&report.measured, launch.items.len());
        let record = |(at, item): (usize, &ManifestItem)| {
            // Items together are as old as the oldest of them: where that is older than promised, any may be.
            let restored_to = reached.map(|(to, promised)| match to < promised {
                true => to,
                false => to.max(item.recovery_point),
            });
            let record = RestoreRecord {
                restored_to,
                measured: measured.get(at).cloned().unwrap_or_default(),
                ..self.record_of(step, launch, (at, item), RestoreOutcome::Restored)
            };
            let backup = self.backup_of(item);
            let what = format!("{backup}: {}", told(&record));
            StepFact { restores: vec![(backup, record)], ..StepFact::said(what) }
        };
        let mut facts: Vec<StepFact> = launch.items.iter().enumerate().map(record).collect();
        facts.push(match reached {
            None => StepFact::said("the machine does not report the time of its data"),
            Some((to, promised)) => {
                let older = Duration::try_from(promised.duration_since(to)).unwrap_or_default();
                let loss = launch.loss + older;
                let what = format!("restored to {to:.0}, data loss {}", spoken(loss));
                StepFact { loss: Some(loss.as_secs_f64()), ..StepFact::said(what) }
            }
        });
        facts
    }

    /// The record of a damaged point, if a report says that there is one.
    pub(super) fn damaged(&self, step: &Step, report: &RestoreReport, launch: &LaunchRestore) -> Option<StepFact> {
        let error = report.error.as_ref().filter(|error| !error.retry && means_damage(&error.code))?;
        let is_meant = |(_, item): &(usize, &ManifestItem)| report.item.as_deref() == Some(&*item.name);
        let (at, item) = launch.items.iter().enumerate().find(is_meant)?;
        let message = shown(&error.message).chars().take(MESSAGE).collect();
        let outcome = RestoreOutcome::Damaged { code: error.code.clone(), message };
        let record = self.record_of(step, launch, (at, item), outcome);
        let what = format!("point {} of {} is damaged: it is marked, and not chosen again", record.point, item.name);
        Some(StepFact { restores: vec![(self.backup_of(item), record)], ..StepFact::said(what) })
    }

    fn record_of(
        &self,
        step: &Step,
        launch: &LaunchRestore,
        (at, item): (usize, &ManifestItem),
        outcome: RestoreOutcome,
    ) -> RestoreRecord {
        let machine = self.stack.resources.get(&step.address);
        let machines = machine.and_then(|machine| machines_of(self.stack, machine));
        let (machine_type, image) = machines.map(|all| (all.size, all.image)).unzip();
        RestoreRecord {
            point: item.select.backup.clone().unwrap_or_default(),
            promised: item.recovery_point,
            restored_to: None,
            at: self.ports.clock.now(),
            run: self.errand.as_ref().map(|errand| errand.run.clone()).unwrap_or_default(),
            machine: step.address.clone(),
            machine_type,
            image: image.flatten(),
            level: launch.levels.get(at).copied(),
            outcome,
            bytes: item.bytes.unwrap_or_default(),
            measured: Vec::new(),
            predicted: launch.predicted.get(at).copied(),
            probes: Default::default(),
        }
    }

    /// The address of the backup of an item, whether the stack still has it or not.
    fn backup_of(&self, item: &ManifestItem) -> Address {
        let known = self.stack.backups.get(&*item.name).map(|backup| backup.address.clone());
        known.unwrap_or_else(|| Address::new("backup", &item.name))
    }
}

/// A restored point, in words.
pub(super) fn told(record: &RestoreRecord) -> String {
    let point = shown(&record.point);
    let predicted = record.predicted.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = match (record.took(), predicted) {
        (Some(took), Some(predicted)) => {
            format!("; it took {}, predicted {}", spoken(at_least(took)), spoken(at_least(predicted)))
        }
        (Some(took), None) => format!("; it took {}", spoken(at_least(took))),
        (None, _) => String::new(),
    };
    match record.restored_to {
        Some(to) => format!("point {point} restored to {to:.0}, {}{time}", record.compared()),
        None => format!("point {point} restored, the time of its data was not reported{time}"),
    }
}
