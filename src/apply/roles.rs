//! Recording the active site: the role given by the procedure, with the current status of the replicas.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::promote::promotion_of;
use super::{StepError, Worker};
use crate::address::Address;
use crate::roles::{ProtectionDebt, Side};
use crate::run::StepReporter;
use crate::stack::Resource;
use crate::state::{GroupRole, RecordedDebt};
use crate::steps::StepFact;

/// The role of a replica as read.
pub(super) struct ReplicaRole {
    /// The primary side, where known.
    pub writer: Option<Side>,
    /// True if neither side is primary, but a further replica of the same data.
    pub is_elsewhere: bool,
    /// The current protection debt.
    pub debts: Vec<ProtectionDebt>,
}

impl ReplicaRole {
    /// True if this side is primary; `None` where the primary is unknown.
    pub fn is_at(&self, side: Side) -> Option<bool> {
        self.writer.map(|writer| writer == side).or_else(|| self.is_elsewhere.then_some(false))
    }
}

impl Worker<'_> {
    /// Records the role of the group, once.
    pub(super) async fn record_role(&self, role: &GroupRole, tell: &StepReporter) -> Result<(), StepError> {
        let errand = self.errand()?;
        let known = errand.roles.groups.get(&*errand.group.name);
        if known.is_some_and(|known| known.run == errand.run && known.active == role.active) {
            return Ok(());
        }
        let now = self.ports.clock.now();
        let mut role = GroupRole { since: now, run: errand.run.clone(), ..role.clone() };
        for owed in role.owed.iter_mut().filter(|owed| owed.since == Timestamp::UNIX_EPOCH) {
            owed.since = now;
        }
        // A stand-in goes with its site: the role is that of the replica's own sides.
        for (address, told) in self.replicas(Resource::without_stand_in).await? {
            if told.is_elsewhere {
                role.stores.remove(&address);
            }
            if told.writer.is_some() || told.is_elsewhere {
                role.stores.extend(told.writer.map(|writer| (address.clone(), writer)));
                // The observed role of a replica takes precedence over the expected one.
                role.owed.retain(|owed| owed.of != address);
                role.owed.extend(told.debts.into_iter().map(|debt| RecordedDebt {
                    of: address.clone(),
                    debt,
                    since: now,
                }));
            }
        }
        let what = format!("active site: {}", role.site);
        tell.learnt(StepFact { role: Some((errand.group.name.to_string(), Box::new(role))), ..StepFact::said(what) });
        Ok(())
    }

    /// The observed role of each replica of the group, as `seen_as` has it.
    pub(super) async fn replicas(
        &self,
        seen_as: fn(&Resource) -> Resource,
    ) -> Result<BTreeMap<Address, ReplicaRole>, StepError> {
        let mut all = BTreeMap::new();
        for address in &self.errand()?.group.promote {
            let Some(resource) = self.stack.resources.get(address).map(seen_as) else { continue };
            let (_, standing) = self.stand(&resource, promotion_of(&resource)?).await;
            all.insert(
                address.clone(),
                ReplicaRole {
                    writer: standing.writer,
                    is_elsewhere: standing.elsewhere.is_some(),
                    debts: standing.debts,
                },
            );
        }
        Ok(all)
    }
}
