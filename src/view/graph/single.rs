//! The picture with each resource in a cell of its own, in boxes for the resource groups.

use std::collections::BTreeMap;

use super::category::Categories;
use super::{Cell, CellGroup, End, Frame, LinkKind, Picture, backups, is_box, peerings, replicas};
use crate::address::Address;
use crate::stack::{Presence, Resource, Stack};

/// Fills the picture with cells and links.
pub(super) fn fill(frame: &Frame<'_>, picture: &mut Picture) {
    let stack = frame.stack;
    let mut order: Vec<(usize, &Resource)> = stack.resources.values().enumerate().collect();
    let categories = Categories::of(stack.catalog());
    order.sort_by_key(|(at, resource)| (resource.presence, categories.category(resource.kind), *at));
    let needs = direct_needs(stack);
    let copies: Vec<super::Replica<'_>> = replicas(stack).collect();
    let mut positions: BTreeMap<&Address, usize> = BTreeMap::new();
    for (at, resource) in order {
        let holder = resource.group.as_ref().filter(|root| stack.resources.get(*root).is_some_and(is_box));
        let label = holder.map_or_else(|| "no resource group".to_owned(), ToString::to_string);
        let label = if resource.presence == Presence::Failover { format!("{label} · failover-only") } else { label };
        let is_copy = |replica: &super::Replica<'_>| !replica.image && replica.to.address == resource.address;
        let copy = copies.iter().find(|replica| is_copy(replica));
        let site = frame.site(copy.map_or(&*resource.site, |replica| replica.to_site));
        let group = CellGroup { site, presence: resource.presence, label };
        let group = picture.group(group);
        if is_box(resource) {
            continue;
        }
        positions.insert(&resource.address, picture.cells.len());
        let key = resource.address.key().map(|key| format!("[{key}]")).unwrap_or_default();
        picture.cells.push(Cell {
            group,
            row: picture.cells.len(),
            title: format!("{}{key}", resource.address.name()),
            details: vec![resource.kind.name.to_owned()],
            changes: frame.changes.get(&resource.address).cloned().unwrap_or_default(),
            members: vec![resource.address.clone()],
            needs: needs[at].iter().map(|need| (*need).clone()).collect(),
            data: resource.kind.recovery.holds_data,
        });
    }
    let end = |address: &Address| positions.get(address).map(|at| End::Cell(*at));
    for replica in &copies {
        let kind = if replica.image { LinkKind::ImageCopy } else { LinkKind::Replication };
        let from = replica.from.and_then(|from| end(&from.address));
        let to = end(&replica.to.address);
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            picture.link(kind, from, to, Some(&replica.resource.address));
        }
    }
    for (peering, [one, other]) in peerings(stack) {
        if let (Some(one), Some(other)) = (end(&one.address), end(&other.address)) {
            picture.link(LinkKind::Peering, one.min(other), one.max(other), Some(&peering.address));
        }
    }
    for (backup, of, repository) in backups(stack) {
        if let (Some(from), Some(to)) = (end(of), end(repository))
            && from != to
        {
            picture.link(LinkKind::Backup, from, to, Some(&backup));
        }
    }
    picture.label_links(stack);
    for at in 0..picture.cells.len() {
        for need in picture.cells[at].needs.clone() {
            if let Some(need) = end(&need) {
                picture.links.push(super::Link {
                    from: End::Cell(at),
                    to: need,
                    kind: LinkKind::Needs,
                    label: Vec::new(),
                    members: Vec::new(),
                });
            }
        }
    }
}

/// For each resource, by position, those it needs; without those that it needs by way of others.
fn direct_needs(stack: &Stack) -> Vec<Vec<&Address>> {
    // Each resource comes after those that it needs, so that one pass suffices. A row of bits says which it reaches.
    let words = stack.resources.len().div_ceil(64);
    let mut reached: Vec<Vec<u64>> = Vec::with_capacity(stack.resources.len());
    let mut direct = Vec::with_capacity(stack.resources.len());
    for (at, resource) in stack.resources.values().enumerate() {
        let is_box = |need: &Address| stack.resources.get(need).is_some_and(is_box);
        let needs = resource.needs.iter().filter(|need| !is_box(need));
        let mut needs: Vec<usize> = needs.filter_map(|need| stack.resources.get_index_of(need)).collect();
        needs.retain(|need| *need < at);
        needs.sort_unstable_by_key(|need| std::cmp::Reverse(*need));
        let mut own = vec![0_u64; words];
        let mut kept = Vec::new();
        for need in needs {
            if own[need / 64] >> (need % 64) & 1 == 1 {
                continue;
            }
            own[need / 64] |= 1 << (need % 64);
            own.iter_mut().zip(&reached[need]).for_each(|(own, other)| *own |= other);
            kept.extend(stack.resources.get_index(need).map(|(address, _)| address));
        }
        kept.reverse();
        reached.push(own);
        direct.push(kept);
    }
    direct
}
