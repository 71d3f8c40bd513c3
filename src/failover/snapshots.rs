//! The step behind the creation of a volume of a snapshot: the creation takes the snapshot from it, and it records what
//! came back.

use std::time::Duration;

use super::draft::{NewStep, usual};
use crate::address::Address;
use crate::backup::{DataAge, ManifestBytes};
use crate::plan::touches;
use crate::stack::Resource;
use crate::steps::{Act, SnapshotRestore, Stage, Task, Undo};

/// A step that checks that a volume was made of a snapshot of a backup, with the argument that names it and the loss.
pub(super) fn made_of(
    volume: &Resource,
    backup: &Address,
    data: &DataAge<'_>,
    (argument, loss): (&str, Duration),
) -> NewStep {
    let restore = SnapshotRestore {
        backup: backup.clone(),
        point: data.point.id.clone(),
        argument: argument.to_owned(),
        promised: data.as_of,
        loss,
        level: data.point.level,
        bytes: ManifestBytes {
            repository: data.point.bytes.repository,
            restored: data.point.bytes.restored,
            log: None,
        },
    };
    NewStep {
        address: volume.address.clone(),
        act: Act::Task(Task::Snapshot(Box::new(restore))),
        stage: Stage::Restore,
        serial: Vec::new(),
        touches: touches(volume),
        takes: usual(1),
        undo: Undo::Nothing,
    }
}
