//! What has vanished: recorded, believed to stand, looked at, and not there. A few objects are deleted by people; more than a few of one site at once are more
//! likely a wrong account, a wrong subscription, or a deletion that nobody meant. Says what there is to be said and refuses nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Observed;
use super::refresh::{Seen, seen};
use crate::address::{Address, ArmId};
use crate::state::{State, Status};

/// So many objects of one site may be gone at once without anybody being asked.
pub const FEW: usize = 3;

/// What has vanished at one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanished {
    /// The site.
    pub site: String,
    /// The resources that are gone.
    pub gone: Vec<Address>,
    /// How many resources are recorded there.
    pub of: usize,
}

/// The sites at which more than a few objects have vanished. Parts of one object are one. What a run has begun to make or to delete is none of them, and
/// nothing that could not be read is.
pub fn vanished(state: &State, observed: &Observed) -> Vec<Vanished> {
    let mut sites: BTreeMap<&str, (Vec<Address>, BTreeSet<&ArmId>, usize)> = BTreeMap::new();
    for (address, recorded) in &state.resources {
        let (gone, objects, of) = sites.entry(&recorded.site).or_default();
        *of += 1;
        let stood = recorded.status == Status::Standing && recorded.under_way.is_none();
        if stood && !recorded.objects.is_empty() && matches!(seen(&recorded.objects, observed), Seen::Gone) {
            gone.push(address.clone());
            objects.extend(recorded.objects.iter().map(|object| &object.id));
        }
    }
    let many = sites.into_iter().filter(|(_, (_, objects, _))| objects.len() > FEW);
    many.map(|(site, (gone, _, of))| Vanished { site: site.to_owned(), gone, of }).collect()
}
