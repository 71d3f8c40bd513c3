//! Roles of resources in a picture, derived from the kinds' tables.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::kinds::{self, Kind};

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

impl Category {
    /// Role of a kind.
    pub fn of(kind: &Kind) -> Self {
        static DATA: LazyLock<BTreeSet<&str>> = LazyLock::new(|| holders(|kind| kind.recovery.holds_data));
        static IMAGES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| holders(is_image));
        static TRAFFIC: LazyLock<BTreeSet<&str>> = LazyLock::new(|| holders(leads_users));
        let provider = kind.arm.type_.split('/').next().unwrap_or_default();
        let is_of = |namespaces: &[&str]| namespaces.iter().any(|name| provider.eq_ignore_ascii_case(name));
        match kind.name {
            _ if kind.machines.is_some() => Self::Compute,
            name if IMAGES.contains(name) => Self::Images,
            _ if kind.recovery.keeps_keys || is_of(&["Microsoft.Authorization", "Microsoft.ManagedIdentity"]) => {
                Self::Access
            }
            name if DATA.contains(name) => Self::Data,
            name if TRAFFIC.contains(name) || leads_users(kind) => Self::Traffic,
            _ if is_of(&["Microsoft.Network"]) => Self::Network,
            _ => Self::Other,
        }
    }

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
fn holders(is: fn(&Kind) -> bool) -> BTreeSet<&'static str> {
    let mut names: BTreeSet<&str> = kinds::ALL.iter().filter(|kind| is(kind)).map(|kind| kind.name).collect();
    loop {
        let parents = |kind: &&Kind| kind.place.parent().map_or(&[][..], |argument| kind.refers(argument));
        let held: Vec<&str> =
            kinds::ALL.iter().filter(|kind| names.contains(kind.name)).flat_map(parents).copied().collect();
        let before = names.len();
        names.extend(held);
        if names.len() == before {
            return names;
        }
    }
}
