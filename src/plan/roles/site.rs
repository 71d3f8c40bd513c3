//! The site of a replica: a group can have several standbys, and a replica is at one of them.

use crate::address::Address;
use crate::roles::Side;
use crate::stack::{FailoverGroup, Stack};

/// The site of a replica's side: the group's site in that region; else home, or the preferred standby.
pub(in crate::plan) fn site<'g>(stack: &Stack, group: &'g FailoverGroup, store: &Address, side: Side) -> &'g str {
    let regions = stack.resources.get(store).and_then(|store| stack.ends(store));
    let region = regions.map(|(source, target)| match side {
        Side::Source => source,
        Side::Target => target,
    });
    let is_there = |site: &&std::sync::Arc<str>| {
        let location = stack.sites.get(*site).map(|site| site.location.as_str());
        region.as_deref().zip(location).is_some_and(|(region, location)| region.eq_ignore_ascii_case(location))
    };
    group.sites().find(is_there).map_or(
        match side {
            Side::Source => &*group.from,
            Side::Target => &**group.first_standby(),
        },
        |site| &**site,
    )
}
