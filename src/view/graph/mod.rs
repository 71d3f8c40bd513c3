//! The graph of a stack as a picture: boxes for sites and resource groups, nodes, and what needs what; as DOT, Mermaid or SVG.

mod dot;
mod layout;
mod mermaid;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::stack::{Presence, Stack};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

/// The greatest number of nodes that a person can read and that is laid out in about a second; above it, nodes are drawn together.
const READABLE: usize = 150;

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The stack's name.
    pub title: String,
    /// The sites, in the order written.
    pub sites: Vec<SiteBox>,
    /// The resource groups of each site.
    pub groups: Vec<GroupBox>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Which node needs which, by position.
    pub edges: BTreeSet<(usize, usize)>,
}

/// A site.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteBox {
    /// Its name.
    pub name: String,
    /// Its region.
    pub location: String,
}

/// A resource group, or what of it is at one site.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupBox {
    /// Its name in the stack; empty for resources whose group the stack does not have.
    pub name: String,
    /// The position of its site.
    pub site: usize,
    /// Whether it always stands.
    pub presence: Presence,
}

/// A resource, or several of a kind drawn together.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// A text that no other node has.
    pub id: String,
    /// The kind; where several are drawn together, perhaps none.
    pub kind: String,
    /// The name, with the key of an instance.
    pub name: String,
    /// The position of its resource group.
    pub group: usize,
    /// Whether it keeps users' data.
    pub holds_data: bool,
}

impl Picture {
    /// Every resource of the stack. A resource group is a box around its members; it is a node as well only where something else needs it.
    pub fn of(stack: &Stack) -> Self {
        let sites: Vec<SiteBox> = stack
            .sites
            .values()
            .map(|site| SiteBox { name: site.name.to_string(), location: site.location.clone() })
            .collect();
        let is_group =
            |address: &Address| stack.resources.get(address).is_some_and(|r| r.group.as_ref() == Some(address));
        let needed_alone: BTreeSet<&Address> = stack
            .resources
            .values()
            .flat_map(|resource| resource.needs.iter().filter(|need| resource.group.as_ref() != Some(*need)))
            .filter(|need| is_group(need))
            .collect();
        let mut picture =
            Self { title: stack.name.clone(), sites, groups: Vec::new(), nodes: Vec::new(), edges: BTreeSet::new() };
        let mut at: BTreeMap<&Address, usize> = BTreeMap::new();
        for resource in stack.resources.values() {
            let site = stack.sites.get_index_of(&resource.site).unwrap_or_default();
            let group =
                picture.group(resource.group.as_ref().map(Address::name).unwrap_or_default(), site, resource.presence);
            if is_group(&resource.address) && !needed_alone.contains(&resource.address) {
                continue;
            }
            let key = resource.address.key().map(|key| format!("[{key}]")).unwrap_or_default();
            at.insert(&resource.address, picture.nodes.len());
            picture.nodes.push(Node {
                id: resource.address.to_string(),
                kind: resource.address.kind().to_owned(),
                name: format!("{}{key}", resource.address.name()),
                group,
                holds_data: resource.kind.recovery.holds_data,
            });
        }
        for resource in stack.resources.values() {
            let needs = resource.needs.iter().filter(|need| resource.group.as_ref() != Some(*need));
            for need in needs {
                if let (Some(&from), Some(&to)) = (at.get(&resource.address), at.get(need)) {
                    picture.edges.insert((from, to));
                }
            }
        }
        picture
    }

    fn group(&mut self, name: &str, site: usize, presence: Presence) -> usize {
        let group = GroupBox { name: name.to_owned(), site, presence };
        self.groups.iter().position(|known| *known == group).unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        })
    }

    /// The picture with few enough nodes to be read: all of them, else one for each kind of a resource group, else one for each resource group.
    fn readable(&self) -> Self {
        if self.nodes.len() <= READABLE {
            return self.clone();
        }
        let by_kind = self.together(|node| format!("{}/{}", node.group, node.kind));
        if by_kind.nodes.len() <= READABLE { by_kind } else { self.together(|node| node.group.to_string()) }
    }

    /// Nodes with the same key drawn as one.
    fn together(&self, key: impl Fn(&Node) -> String) -> Self {
        let mut members: Vec<(String, Vec<usize>)> = Vec::new();
        let mut place: BTreeMap<String, usize> = BTreeMap::new();
        let mut of = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let key = key(node);
            let position = *place.entry(key.clone()).or_insert_with(|| {
                members.push((key, Vec::new()));
                members.len() - 1
            });
            members[position].1.push(at);
            of.push(position);
        }
        let node = |(key, members): &(String, Vec<usize>)| {
            let all: Vec<&Node> = members.iter().map(|at| &self.nodes[*at]).collect();
            let kinds: BTreeSet<&str> = all.iter().map(|node| node.kind.as_str()).collect();
            let (kind, name) = match (all.as_slice(), kinds.len()) {
                ([one], _) => (one.kind.clone(), one.name.clone()),
                (many, 1) => (many[0].kind.clone(), format!("× {}", many.len())),
                (many, number) => (format!("{number} kinds"), format!("{} resources", many.len())),
            };
            Node {
                id: key.clone(),
                kind,
                name,
                group: all[0].group,
                holds_data: all.iter().any(|node| node.holds_data),
            }
        };
        Self {
            nodes: members.iter().map(node).collect(),
            edges: self.edges.iter().map(|(a, b)| (of[*a], of[*b])).filter(|(a, b)| a != b).collect(),
            ..self.clone()
        }
    }

    /// Without the edges that follow from others: where a needs b and b needs c, that a needs c is not drawn.
    fn without_implied(&self) -> Self {
        let mut needs = vec![Vec::new(); self.nodes.len()];
        for (from, to) in &self.edges {
            needs[*from].push(*to);
        }
        let implied = |from: usize, to: usize| {
            let mut seen = vec![false; needs.len()];
            let mut open: Vec<usize> = needs[from].iter().copied().filter(|next| *next != to).collect();
            while let Some(at) = open.pop() {
                if at == to {
                    return true;
                }
                if !std::mem::replace(&mut seen[at], true) {
                    open.extend(&needs[at]);
                }
            }
            false
        };
        let edges = self.edges.iter().copied().filter(|(from, to)| !implied(*from, *to)).collect();
        Self { edges, ..self.clone() }
    }

    /// The positions of the groups of a site.
    fn groups_of(&self, site: usize) -> impl Iterator<Item = (usize, &GroupBox)> {
        self.groups.iter().enumerate().filter(move |(_, group)| group.site == site)
    }

    /// The positions of the nodes of a group.
    fn nodes_of(&self, group: usize) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.group == group)
    }
}

impl GroupBox {
    /// What stands on the box: the name, and the presence where it is not the ordinary one.
    fn label(&self) -> String {
        match self.presence {
            Presence::Permanent => self.name.clone(),
            Presence::Failover => format!("{} (failover)", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(nodes: usize, edges: &[(usize, usize)]) -> Picture {
        let sites = ["east", "west"].map(|name| SiteBox { name: name.to_owned(), location: name.to_owned() });
        let group = |site| GroupBox { name: "app".to_owned(), site, presence: Presence::Permanent };
        let node = |at: usize| Node {
            id: format!("subnet.n{at}"),
            kind: "subnet".to_owned(),
            name: format!("n{at}"),
            group: at % 2,
            holds_data: false,
        };
        Picture {
            title: "test".to_owned(),
            sites: sites.to_vec(),
            groups: vec![group(0), group(1)],
            nodes: (0..nodes).map(node).collect(),
            edges: edges.iter().copied().collect(),
        }
    }

    #[test]
    fn an_edge_that_follows_from_others_is_not_drawn() {
        let drawn = picture(3, &[(2, 1), (1, 0), (2, 0)]).without_implied();
        assert_eq!(drawn.edges, BTreeSet::from([(1, 0), (2, 1)]));
    }

    #[test]
    fn too_many_nodes_are_drawn_together() {
        let edges: Vec<(usize, usize)> = (1..400).map(|at| (at, at - 1)).collect();
        let drawn = picture(400, &edges).readable();
        let names: Vec<&str> = drawn.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["× 200", "× 200"]);
        assert_eq!(drawn.edges, BTreeSet::from([(0, 1), (1, 0)]));
    }

    #[test]
    fn sites_stand_side_by_side_and_hold_their_nodes() {
        let laid = layout::lay_out(&picture(6, &[(2, 0), (4, 2), (3, 1), (1, 0)]));
        let [Some(east), Some(west)] = laid.sites.as_slice() else { panic!("both sites have nodes") };
        assert!(east.x + east.width < west.x);
        for (at, node) in laid.nodes.iter().enumerate() {
            let site = if at % 2 == 0 { east } else { west };
            assert!(site.x < node.x && node.x + node.width < site.x + site.width, "node {at}");
            assert!(site.y < node.y && node.y + node.height < site.y + site.height, "node {at}");
        }
        assert_eq!(laid.lines.iter().filter(|line| line.across).count(), 1);
    }
}
