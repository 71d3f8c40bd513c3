//! The default picture: stores that are replicated in cells of their own, everything else counted by role.

use std::collections::BTreeMap;

use super::category::{Categories, Category};
use super::{Cell, CellGroup, End, Frame, LinkKind, Picture, Replica, backups, is_box, peerings, replicas};
use crate::address::Address;
use crate::kinds::Catalog;
use crate::stack::{Presence, Resource, Stack};

/// The most replicated stores that are drawn one by one; more of them share a cell for each site.
const MOST_STORES: usize = 5;

/// Where a resource is counted: a row of the grid and, for a replicated store, the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// A replicated store with its copies; the second is the end of replication, where ends have cells of their own.
    Store(usize, Option<Address>),
    /// Resources of one role.
    Role(Category),
}

/// Cells in the making, by site, presence and row.
type Cells<'a> = BTreeMap<(usize, Presence, Row), Vec<&'a Resource>>;

/// Fills the picture with cells and links.
pub(super) fn fill(frame: &Frame<'_>, picture: &mut Picture) {
    let stack = frame.stack;
    let stores = Stores::of(stack);
    let joins: BTreeMap<&Address, [&Resource; 2]> =
        peerings(stack).map(|(resource, ends)| (&resource.address, ends)).collect();
    let categories = Categories::of(stack.catalog());
    let mut cells = Cells::new();
    let mut keys: BTreeMap<&Address, (usize, Presence, Row)> = BTreeMap::new();
    for resource in stack.resources.values() {
        let drawn_as_link = joins.contains_key(&resource.address) || stores.is_link(resource);
        if is_box(resource) || drawn_as_link {
            continue;
        }
        let row = stores.row(resource).unwrap_or_else(|| Row::Role(categories.category(resource.kind)));
        let key = (frame.site(stores.site(resource)), resource.presence, row);
        cells.entry(key.clone()).or_default().push(resource);
        keys.insert(&resource.address, key);
    }
    let rows: Vec<usize> = {
        let mut rows: Vec<usize> = cells.keys().map(|(_, _, row)| rank(row)).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    };
    let mut positions: BTreeMap<&(usize, Presence, Row), usize> = BTreeMap::new();
    for (key, members) in &cells {
        let (site, presence, row) = key;
        let group = picture.group(CellGroup { site: *site, presence: *presence, label: label(*presence) });
        positions.insert(key, picture.cells.len());
        let row_at = rows.binary_search(&rank(row)).unwrap_or_default();
        picture.cells.push(cell(frame, group, row_at, row, members));
    }
    let end = |address: &Address| Some(End::Cell(*positions.get(keys.get(address)?)?));
    for replica in &stores.replicas {
        let site = |name: &str| End::Site(frame.site(name));
        let from = match replica.from {
            Some(from) => end(&from.address).unwrap_or_else(|| site(&from.site)),
            None => continue,
        };
        let to = end(&replica.to.address).unwrap_or_else(|| site(replica.to_site));
        let kind = if replica.image { LinkKind::ImageCopy } else { LinkKind::Replication };
        if from != to {
            picture.link(kind, from, to, Some(&replica.resource.address));
        }
    }
    for (address, [one, other]) in &joins {
        if let (Some(one), Some(other)) = (end(&one.address), end(&other.address)) {
            picture.link(LinkKind::Peering, one.min(other), one.max(other), Some(address));
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
}

fn label(presence: Presence) -> String {
    match presence {
        Presence::Permanent => "permanent",
        Presence::Failover => "failover-only: exists after up",
    }
    .to_owned()
}

/// Order of the rows: stores first.
fn rank(row: &Row) -> usize {
    match row {
        Row::Store(store, _) => *store,
        Row::Role(category) => 1_000_000 + *category as usize,
    }
}

fn cell(frame: &Frame<'_>, group: usize, at: usize, row: &Row, members: &[&Resource]) -> Cell {
    let mut changes: Vec<&'static str> = Vec::new();
    for change in members.iter().filter_map(|member| frame.changes.get(&member.address)).flatten() {
        if !changes.contains(change) {
            changes.push(change);
        }
    }
    let (title, details) = match row {
        Row::Store(_, Some(end)) => {
            let contents: Vec<&Resource> = members.iter().copied().filter(|member| member.address != *end).collect();
            (
                end.to_string(),
                if contents.is_empty() { copy_of(frame.stack, end) } else { counts(frame.stack.catalog(), &contents) },
            )
        }
        Row::Store(_, None) => (format!("replicated data ×{}", members.len()), counts(frame.stack.catalog(), members)),
        Row::Role(category) => {
            (format!("{} ×{}", category.as_str(), members.len()), counts(frame.stack.catalog(), members))
        }
    };
    let data = matches!(row, Row::Store(..) | Row::Role(Category::Data));
    Cell {
        group,
        row: at,
        title,
        details,
        changes,
        members: members.iter().map(|member| member.address.clone()).collect(),
        needs: Vec::new(),
        data,
    }
}

/// Second line of a store that holds nothing else in the stack.
fn copy_of(stack: &Stack, end: &Address) -> Vec<String> {
    let copied = replicas(stack).find(|replica| replica.resource.address == *end && replica.to.address == *end);
    match copied.and_then(|replica| replica.from) {
        Some(from) => vec![format!("copy of {}", from.address)],
        None => Vec::new(),
    }
}

/// Kinds of the members, the most frequent first, then in the order of the documentation; the address where there is
/// one member.
fn counts(catalog: &Catalog, members: &[&Resource]) -> Vec<String> {
    if let [one] = members {
        return vec![one.address.to_string()];
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for member in members {
        *counts.entry(member.kind.name).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    let place = |name: &str| catalog.kinds().position(|kind| kind.name == name);
    counts.sort_by_key(|(kind, number)| (std::cmp::Reverse(*number), place(kind)));
    let one = |(kind, number): (&str, usize)| if number == 1 { kind.to_owned() } else { format!("{kind} ×{number}") };
    counts.into_iter().map(one).collect()
}

/// Replicated stores: the ends of replication, each with the row that it shares with its copies.
struct Stores<'a> {
    replicas: Vec<Replica<'a>>,
    rows: BTreeMap<&'a Address, (usize, &'a Resource)>,
    together: bool,
}

impl<'a> Stores<'a> {
    fn of(stack: &'a Stack) -> Self {
        let replicas: Vec<Replica<'a>> = replicas(stack).collect();
        let mut rows: BTreeMap<&Address, (usize, &Resource)> = BTreeMap::new();
        let mut next = 0;
        for replica in replicas.iter().filter(|replica| !replica.image) {
            let ends: Vec<&Resource> = replica.from.into_iter().chain([replica.to]).collect();
            let known = ends.iter().find_map(|end| rows.get(&end.address)).map(|(row, _)| *row);
            let row = known.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            for end in ends {
                rows.entry(&end.address).or_insert((row, end));
            }
        }
        Self { replicas, rows, together: next > MOST_STORES }
    }

    /// A replica between two other resources is a link and no cell.
    fn is_link(&self, resource: &Resource) -> bool {
        let of = self.replicas.iter().find(|replica| replica.resource.address == resource.address);
        of.is_some_and(|replica| !replica.image && replica.to.address != resource.address)
    }

    /// Row of a resource that is an end of replication or within one.
    fn row(&self, resource: &Resource) -> Option<Row> {
        // A replica that is a property of its source has the source's id, and holds nothing.
        let is_object = |end: &Resource| end.kind.place.is_whole();
        let within = || self.rows.values().find(|(_, end)| is_object(end) && end.id.contains(&resource.id));
        let (row, end) = self.rows.get(&resource.address).or_else(within)?;
        Some(if self.together { Row::Store(0, None) } else { Row::Store(*row, Some(end.address.clone())) })
    }

    /// Name of the site where a resource is drawn: a replica that is its own target, at the target.
    fn site<'b>(&'b self, resource: &'b Resource) -> &'b str {
        let own = self.replicas.iter().find(|replica| replica.to.address == resource.address && !replica.image);
        own.map_or(&*resource.site, |replica| replica.to_site)
    }
}
