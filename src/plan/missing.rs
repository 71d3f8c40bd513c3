//! Missing resources: recorded as existing, read, and not found. A few objects are deleted on purpose; more than a
//! few at one site point to a wrong account, or an accidental deletion. Reports them and refuses nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Observed;
use super::refresh::{ObservedObjects, seen};
use crate::address::Address;
use crate::object::ObjectId;
use crate::state::{State, Status};

/// The number of objects at one site that may be missing without confirmation.
pub const FEW: usize = 3;

/// The missing resources at one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingResources {
    /// The site.
    pub site: String,
    /// The missing resources.
    pub gone: Vec<Address>,
    /// The number of resources recorded there.
    pub of: usize,
}

/// The sites with more than a few missing objects. Parts of one object count once. Unfinished creations and
/// deletions, and objects that could not be read, do not count.
pub fn vanished(state: &State, observed: &Observed) -> Vec<MissingResources> {
    let mut sites: BTreeMap<&str, (Vec<Address>, BTreeSet<&ObjectId>, usize)> = BTreeMap::new();
    for (address, recorded) in &state.resources {
        let (gone, objects, of) = sites.entry(&recorded.site).or_default();
        *of += 1;
        let stood = recorded.status == Status::Standing && recorded.under_way.is_none();
        if stood && !recorded.objects.is_empty() && matches!(seen(&recorded.objects, observed), ObservedObjects::Gone) {
            gone.push(address.clone());
            objects.extend(recorded.objects.iter().map(|object| &object.id));
        }
    }
    let many = sites.into_iter().filter(|(_, (_, objects, _))| objects.len() > FEW);
    many.map(|(site, (gone, _, of))| MissingResources { site: site.to_owned(), gone, of }).collect()
}
