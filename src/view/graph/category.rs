//! Roles of resources in a picture, derived from the kinds' tables.

use std::collections::BTreeSet;

use crate::kinds::{Area, Catalog, Kind};

/// Role of a resource in a picture. The order is that of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Category {
    /// Users' data, and what holds it.
    Data,
    /// Images, and what holds them.
    Images,
    /// Machines.
    Compute,
    /// Networks, addresses and load balancers.
    Network,
    /// Traffic routing: what users are led by.
    Traffic,
    /// Identities, permissions, locks, keys.
    Access,
    /// Everything else.
    Other,
}

/// The categories of kinds, as far as they follow from other kinds.
pub(super) struct Categories {
    data: BTreeSet<&'static str>,
    images: BTreeSet<&'static str>,
    traffic: BTreeSet<&'static str>,
}

impl Categories {
    /// The categories of the kinds of a catalog.
    pub fn of(catalog: &Catalog) -> Self {
        Self {
            data: holders(catalog, |kind| kind.recovery.holds_data),
            images: holders(catalog, is_image),
            traffic: holders(catalog, leads_users),
        }
    }

    /// Role of a kind.
    pub fn category(&self, kind: &Kind) -> Category {
        let area = kind.provider().area(kind.type_.namespace());
        match kind.name {
            _ if kind.machines.is_some() => Category::Compute,
            name if self.images.contains(name) => Category::Images,
            _ if kind.recovery.keeps_keys || area == Some(Area::Access) => Category::Access,
            name if self.data.contains(name) => Category::Data,
            name if self.traffic.contains(name) || leads_users(kind) => Category::Traffic,
            _ if area == Some(Area::Network) => Category::Network,
            _ => Category::Other,
        }
    }
}

impl Category {
    /// Name of the role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Images => "images",
            Self::Compute => "compute",
            Self::Network => "network",
            Self::Traffic => "traffic",
            Self::Access => "access",
            Self::Other => "other",
        }
    }
}

fn is_image(kind: &Kind) -> bool {
    kind.recovery.image || kind.recovery.replicates.is_some_and(|replicates| replicates.image)
}

fn leads_users(kind: &Kind) -> bool {
    let moves = &kind.moves;
    moves.fence.is_some() || moves.open.is_some() || moves.record.is_some() || moves.front.is_some()
}

/// Names of the kinds that are so, and of those that can hold one of them as a child.
fn holders(catalog: &Catalog, is: fn(&Kind) -> bool) -> BTreeSet<&'static str> {
    let mut names: BTreeSet<&str> = catalog.kinds().filter(|kind| is(kind)).map(|kind| kind.name).collect();
    loop {
        let parents = |kind: &'static Kind| kind.place.parent().map_or(&[][..], |argument| kind.refers(argument));
        let held: Vec<&str> =
            catalog.kinds().filter(|kind| names.contains(kind.name)).flat_map(parents).copied().collect();
        let before = names.len();
        names.extend(held);
        if names.len() == before {
            return names;
        }
    }
}
