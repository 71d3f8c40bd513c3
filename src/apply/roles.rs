//! Recording which site is active: what the procedure says, with what the replicas say at that moment.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::promote::promotion_of;
use super::{Stopped, Worker};
use crate::address::Address;
use crate::kinds::{Debt, Side};
use crate::run::Tell;
use crate::state::{GroupRole, Owed};
use crate::steps::Learnt;

/// What a replica says of itself.
pub(super) struct Told {
    /// The side that takes writes, where it is known.
    pub writer: Option<Side>,
    /// What is not protected right now.
    pub debts: Vec<Debt>,
}

impl Worker<'_> {
    /// Records the role of the group, once.
    pub(super) async fn record_role(&self, role: &GroupRole, tell: &Tell) -> Result<(), Stopped> {
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
        for (address, told) in self.replicas().await? {
            if let Some(writer) = told.writer {
                role.stores.insert(address.clone(), writer);
                // What a replica says of itself is better than what was expected of it.
                role.owed.retain(|owed| owed.of != address);
                role.owed.extend(told.debts.into_iter().map(|debt| Owed { of: address.clone(), debt, since: now }));
            }
        }
        let what = format!("{} is active for {}", role.site, errand.group.name);
        tell.learnt(Learnt { role: Some((errand.group.name.to_string(), Box::new(role))), ..Learnt::said(what) });
        Ok(())
    }

    /// What each replica of the group says of itself.
    pub(super) async fn replicas(&self) -> Result<BTreeMap<Address, Told>, Stopped> {
        let mut all = BTreeMap::new();
        for address in &self.errand()?.group.promote {
            let Some(resource) = self.stack.resources.get(address) else { continue };
            let (_, standing) = self.stand(resource, promotion_of(resource)?).await;
            all.insert(address.clone(), Told { writer: standing.writer, debts: standing.debts });
        }
        Ok(all)
    }
}
