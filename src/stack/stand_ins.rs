//! Stand-ins: machines of a cold standby that hold the data of a replica while users are there.
//!
//! A machine that has restored the data of a replica's side takes writes in place of the replica's target. A run that
//! moves the data home replicates from it: the source follows it, catches up and is promoted. Plans know no stand-ins.

use crate::address::Address;
use crate::kinds::table::Ty;
use crate::object::ObjectId;
use crate::stack::{Backup, DataClass, Resource, Stack};
use crate::value::Value;

impl Stack {
    /// The same stack for a run of this failover group that moves data home from a cold standby: each of the group's
    /// replicas whose data a machine there has restored gets that machine as the stand-in of its target.
    #[must_use]
    pub fn with_stand_ins(mut self, group: &str, cold: &str) -> Self {
        let Some(group) = self.failover_groups.get(group) else { return self };
        let promoted = group.promote.iter().filter_map(|address| self.resources.get(address));
        let found: Vec<_> = promoted
            .filter_map(|replica| {
                let argument = replica.kind.promotion?.handover?.stand_in;
                let sides = self.sides_of(replica);
                let mut there = self.resources.values().filter(|one| *one.site == *cold && group.stands_up(one));
                let machine = there.find(|machine| {
                    let restored = self.restored_by(machine);
                    restored.iter().any(|backup| is_of_users(backup) && sides.contains(&&backup.of))
                })?;
                Some((replica.address.clone(), argument, machine.id.clone()))
            })
            .collect();
        for (replica, argument, machine) in found {
            if let Some(replica) = self.resources.get_mut(&replica) {
                replica.args.insert(argument.into(), Value::from(machine.as_str()));
            }
        }
        self
    }

    /// The backups that a machine restores at its launch, in their order.
    pub(crate) fn restored_by(&self, machine: &Resource) -> Vec<&Backup> {
        let lists = machine.kind.args.iter().filter(|arg| matches!(arg.ty, Ty::List(Ty::Backup)));
        let names = lists.filter_map(|arg| machine.configured(arg.name)).filter_map(|list| list.as_array().cloned());
        names.flatten().filter_map(|name| self.backups.get(name.as_str()?)).collect()
    }

    /// True for a machine that restores this backup at its launch.
    pub(crate) fn restores(&self, machine: &Resource, backup: &Address) -> bool {
        self.restored_by(machine).iter().any(|one| one.address == *backup)
    }

    /// The resources at both ends of a replica.
    pub(crate) fn sides_of(&self, replica: &Resource) -> Vec<&Address> {
        let ends = replica.kind.recovery.replicates.map(|ends| [ends.from, ends.to]);
        let id = |argument: &str| Some(ObjectId::new(replica.args.get(argument)?.as_str()?));
        let found = ends.into_iter().flatten().filter_map(id).filter_map(|id| self.by_id(&id));
        found.map(|resource| &resource.address).collect()
    }

    /// The machine that stands in for the target of a replica.
    pub(crate) fn stand_in(&self, replica: &Resource) -> Option<&Resource> {
        let argument = replica.kind.promotion?.handover?.stand_in;
        self.by_id(&ObjectId::new(replica.args.get(argument)?.as_str()?))
    }
}

impl Resource {
    /// The same replica between its own sides, without a stand-in.
    pub(crate) fn without_stand_in(&self) -> Self {
        let mut own = self.clone();
        if let Some(handover) = self.kind.promotion.and_then(|promotion| promotion.handover) {
            own.args.remove(handover.stand_in);
        }
        own
    }
}

/// True for a backup with data of users.
fn is_of_users(backup: &Backup) -> bool {
    backup.class == DataClass::Persistent
}
