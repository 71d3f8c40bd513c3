//! `drplan graph`: a picture of a stack's recovery as DOT, Mermaid or SVG.
//!
//! [`Picture`] is built once from the stack and the kinds' tables; the writers add only shape. By default, a cell
//! stands for several resources of one role at one site, so that the picture stays readable in a pull request. With
//! [`PictureDetail::All`], each resource is a cell.

mod category;
mod dot;
mod grouped;
mod layout;
mod mermaid;
mod moves;
mod single;
mod svg;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::address::Address;
use crate::duration::spoken;
use crate::object::ObjectId;
use crate::stack::{Presence, Repository, Resource, Stack};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

/// Amount of detail in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureDetail {
    /// Resources of one role at one site share a cell.
    Recovery,
    /// Each resource has a cell.
    All,
}

/// A stack's recovery, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Name of the stack.
    pub title: String,
    /// Objectives of the stack, as `RTO 30m · RPO 5m`.
    pub objectives: String,
    /// Amount of detail.
    pub detail: PictureDetail,
    /// Sites: home first, standbys after it.
    pub sites: Vec<SiteColumn>,
    /// Boxes within the sites.
    pub groups: Vec<CellGroup>,
    /// Resources, or several of them together.
    pub cells: Vec<Cell>,
    /// Arrows and lines.
    pub links: Vec<Link>,
    /// Ways by which users reach the stack.
    pub entrances: Vec<Entrance>,
    /// Steps of `failover-group up`, for each failover group.
    pub moves: Vec<MoveList>,
}

/// A site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteColumn {
    /// Name of the site.
    pub name: String,
    /// Region.
    pub location: String,
    /// Part in recovery, as `home of web` or `standby for web`.
    pub part: String,
}

/// A box around cells of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellGroup {
    /// Position of the site.
    pub site: usize,
    /// Presence of its resources.
    pub presence: Presence,
    /// Label.
    pub label: String,
}

/// A resource, or several of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Position of the box.
    pub group: usize,
    /// Place in the grid: cells of equal rows are drawn side by side.
    pub row: usize,
    /// First line.
    pub title: String,
    /// Second line: parts of it, joined by commas as far as they fit.
    pub details: Vec<String>,
    /// Changes made by `failover-group up`, as `stopped`.
    pub changes: Vec<&'static str>,
    /// Addresses of the resources.
    pub members: Vec<Address>,
    /// Addresses of resources that the members need, where each resource is a cell.
    pub needs: Vec<Address>,
    /// Set where it holds users' data.
    pub data: bool,
}

/// One end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// A site, by position.
    Site(usize),
    /// A cell, by position.
    Cell(usize),
    /// An entrance, by position.
    Entrance(usize),
}

/// Meaning of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkKind {
    /// Data is replicated from the first end to the second.
    Replication,
    /// An image is copied from the first end to the second.
    ImageCopy,
    /// Another tool copies data from the first end to the second.
    Backup,
    /// Networks of both ends are joined; no direction.
    Peering,
    /// Users are served there in normal operation.
    Serves,
    /// Users are served there after `failover-group up`.
    ServesAfterUp,
    /// The first end needs the second. Only with [`PictureDetail::All`].
    Needs,
}

/// An arrow or line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// First end.
    pub from: End,
    /// Second end.
    pub to: End,
    /// Meaning.
    pub kind: LinkKind,
    /// Label: two lines at most.
    pub label: Vec<String>,
    /// Resources that it stands for.
    pub members: Vec<Address>,
}

/// A way by which users reach the stack: a route of a failover group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// First line.
    pub title: String,
    /// Second line.
    pub detail: String,
}

/// Steps of `failover-group up` of one failover group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveList {
    /// Headline.
    pub title: String,
    /// Steps, in order.
    pub steps: Vec<String>,
}

/// Positions of the sites in a picture, and of the boxes made so far.
struct Frame<'a> {
    stack: &'a Stack,
    sites: Vec<&'a str>,
    changes: BTreeMap<Address, Vec<&'static str>>,
}

impl Picture {
    /// The picture of a stack.
    pub fn of(stack: &Stack, detail: PictureDetail) -> Self {
        let frame = Frame::of(stack);
        let mut picture = Self {
            title: stack.name.clone(),
            objectives: objectives(stack),
            detail,
            sites: frame.columns(),
            groups: Vec::new(),
            cells: Vec::new(),
            links: Vec::new(),
            entrances: Vec::new(),
            moves: moves::lists(stack),
        };
        moves::entrances(&frame, &mut picture);
        match detail {
            PictureDetail::Recovery => grouped::fill(&frame, &mut picture),
            PictureDetail::All => single::fill(&frame, &mut picture),
        }
        picture
    }

    /// Position of a box; makes it where it is new.
    fn group(&mut self, group: CellGroup) -> usize {
        self.groups.iter().position(|known| *known == group).unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        })
    }

    /// Adds a link, or its members and label to the link that has the same ends and meaning.
    fn link(&mut self, kind: LinkKind, from: End, to: End, member: Option<&Address>) -> &mut Link {
        let known = self.links.iter().position(|link| (link.kind, link.from, link.to) == (kind, from, to));
        let at = known.unwrap_or_else(|| {
            self.links.push(Link { from, to, kind, label: Vec::new(), members: Vec::new() });
            self.links.len() - 1
        });
        let link = &mut self.links[at];
        link.members.extend(member.cloned());
        link
    }

    /// Writes the labels of links that stand for resources.
    fn label_links(&mut self, stack: &Stack) {
        let rpo = match stack.objectives.rpo {
            Some(rpo) => format!("RPO {}", spoken(rpo)),
            None => "no RPO set".to_owned(),
        };
        for link in &mut self.links {
            let names = match link.members.as_slice() {
                [one] => one.name().to_owned(),
                [one, other] if one.name().len() + other.name().len() < 16 => {
                    format!("{}, {}", one.name(), other.name())
                }
                many => format!("{} replicas", many.len()),
            };
            let number = link.members.len();
            link.label = match link.kind {
                LinkKind::Replication => vec![names, rpo.clone()],
                LinkKind::ImageCopy => vec![super::count(number, "image copy", "image copies")],
                LinkKind::Backup => vec![super::count(number, "backup", "backups")],
                LinkKind::Peering => vec![super::count(number, "peering", "peerings")],
                LinkKind::Serves | LinkKind::ServesAfterUp | LinkKind::Needs => continue,
            };
        }
    }

    /// Position of the site that an end belongs to; `None` for an entrance.
    fn site_of(&self, end: End) -> Option<usize> {
        match end {
            End::Site(site) => Some(site),
            End::Cell(cell) => Some(self.groups[self.cells[cell].group].site),
            End::Entrance(_) => None,
        }
    }

    /// Boxes of a site, with their positions.
    fn groups_of(&self, site: usize) -> impl Iterator<Item = (usize, &CellGroup)> {
        self.groups.iter().enumerate().filter(move |(_, group)| group.site == site)
    }

    /// Cells of a box, with their positions, in the order of their rows.
    fn cells_of(&self, group: usize) -> impl Iterator<Item = (usize, &Cell)> {
        let mut cells: Vec<(usize, &Cell)> =
            self.cells.iter().enumerate().filter(|(_, cell)| cell.group == group).collect();
        cells.sort_by_key(|(at, cell)| (cell.row, *at));
        cells.into_iter()
    }

    /// Name of an end, for text.
    fn name_of(&self, end: End) -> String {
        let at = |site: usize| self.sites[site].name.as_str();
        match end {
            End::Site(site) => format!("site {}", at(site)),
            End::Cell(cell) => {
                let site = self.groups[self.cells[cell].group].site;
                format!("{} at {}", self.cells[cell].title, at(site))
            }
            End::Entrance(entrance) => self.entrances[entrance].title.clone(),
        }
    }

    /// A link as a sentence without its full stop.
    fn sentence(&self, link: &Link) -> String {
        let (from, to) = (self.name_of(link.from), self.name_of(link.to));
        let label = link.label.join(", ");
        match link.kind {
            LinkKind::Replication => format!("{from} replicates to {to}: {label}"),
            LinkKind::ImageCopy => format!("{from} is copied to {to}: {label}"),
            LinkKind::Backup => format!("{from} is backed up to {to}: {label}"),
            LinkKind::Peering => format!("{from} is peered with {to}: {label}"),
            LinkKind::Serves => format!("{from}: {to} serves users in normal operation"),
            LinkKind::ServesAfterUp => format!("{from}: {to} serves users after failover-group up"),
            LinkKind::Needs => format!("{from} depends on {to}"),
        }
    }
}

impl Cell {
    /// Changes made by `failover-group up`, as `up: stopped`.
    fn tag(&self) -> Option<String> {
        (!self.changes.is_empty()).then(|| format!("up: {}", self.changes.join(", ")))
    }
}

impl<'a> Frame<'a> {
    fn of(stack: &'a Stack) -> Self {
        let mut sites: Vec<&str> = stack.sites.keys().map(AsRef::as_ref).collect();
        let is_home = |site: &str| stack.failover_groups.values().any(|group| &*group.from == site);
        let is_standby = |site: &str| stack.failover_groups.values().any(|group| group.is_standby(site));
        let source = |site: &str| replicas(stack).any(|replica| replica.from.is_some_and(|from| &*from.site == site));
        sites.sort_by_key(|site| match () {
            () if is_home(site) => 0,
            () if is_standby(site) => 2,
            () if source(site) => 1,
            () => 3,
        });
        Self { stack, sites, changes: moves::changes(stack) }
    }

    /// Position of a site.
    fn site(&self, name: &str) -> usize {
        self.sites.iter().position(|site| *site == name).unwrap_or_default()
    }

    fn columns(&self) -> Vec<SiteColumn> {
        let column = |name: &&str| {
            let site = &self.stack.sites[*name];
            SiteColumn { name: site.name.to_string(), location: site.location.clone(), part: self.part(name) }
        };
        self.sites.iter().map(column).collect()
    }

    /// Part of a site in recovery.
    fn part(&self, site: &str) -> String {
        let groups = || self.stack.failover_groups.values();
        let names = |has_role: fn(&crate::stack::FailoverGroup, &str) -> bool| {
            let names: Vec<&str> = groups().filter(|group| has_role(group, site)).map(|group| &*group.name).collect();
            names.join(", ")
        };
        let (home, standby) = (names(|group, site| *group.from == *site), names(|group, site| group.is_standby(site)));
        let cold = self.stack.sites[site].is_cold();
        let parts = [
            (!home.is_empty()).then(|| format!("home of {home}")),
            (!standby.is_empty()).then(|| format!("standby for {standby}")),
            cold.then(|| "cold site".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "no failover group".to_owned() } else { parts.join(" · ") }
    }
}

/// A resource that copies data or an image from one place to another, with both ends.
struct Replica<'a> {
    resource: &'a Resource,
    /// The source; `None` where the stack does not have it.
    from: Option<&'a Resource>,
    /// The target: another resource, or the replica itself.
    to: &'a Resource,
    /// Name of the site that the target is at.
    to_site: &'a str,
    image: bool,
}

/// Replicas and image copies of a stack.
fn replicas(stack: &Stack) -> impl Iterator<Item = Replica<'_>> {
    stack.resources.values().filter_map(move |resource| {
        let replicates = resource.kind.recovery.replicates?;
        let referred = |argument: &str| {
            let text = resource.args.get(argument)?.as_str()?;
            stack.by_id(&ObjectId::new(text))
        };
        let other = referred(replicates.to);
        // The argument may hold a region instead.
        let region = resource.args.get(replicates.to).and_then(|value| value.as_str());
        let there = stack.sites.values().find(|site| Some(site.location.as_str()) == region);
        let to_site = match (other, there) {
            (Some(other), _) => &*other.site,
            (None, Some(site)) => &*site.name,
            (None, None) => &*resource.site,
        };
        let is_object = |other: &&Resource| !replicates.image && !is_box(other);
        let to = other.filter(is_object).unwrap_or(resource);
        Some(Replica { resource, from: referred(replicates.from), to, to_site, image: replicates.image })
    })
}

/// Backups with both ends: the resource, and what keeps its copies. Snapshots stay with the provider.
fn backups(stack: &Stack) -> impl Iterator<Item = (Address, &Address, &Address)> {
    stack.backups.values().filter_map(|backup| match &backup.repository {
        Repository::Resource(repository) => Some((backup.address.clone(), &backup.of, repository)),
        Repository::Site(_) => None,
    })
}

/// Resources that join networks, with the first resource that each joins at each end; only those whose ends are at
/// different sites.
fn peerings(stack: &Stack) -> impl Iterator<Item = (&Resource, [&Resource; 2])> {
    stack.resources.values().filter_map(move |resource| {
        let (argument, _) = resource.kind.recovery.joins?;
        let joined: Vec<&Resource> = match resource.args.get(argument)? {
            crate::value::Value::List(items) => {
                items.iter().filter_map(|item| stack.by_id(&ObjectId::new(item.as_str()?))).collect()
            }
            _ => return None,
        };
        let [one, other] = joined.as_slice() else { return None };
        (one.site != other.site).then_some((resource, [*one, *other]))
    })
}

/// True for a root that only collects others: a box, and not a cell.
fn is_box(resource: &Resource) -> bool {
    resource.kind.place.collects()
}

fn objectives(stack: &Stack) -> String {
    let shown = |objective: Option<std::time::Duration>| objective.map_or_else(|| "not set".to_owned(), spoken);
    format!("RTO {} · RPO {}", shown(stack.objectives.rto), shown(stack.objectives.rpo))
}
