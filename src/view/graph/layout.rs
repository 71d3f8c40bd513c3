//! Where everything of a picture stands, in pixels.
//!
//! Each site is laid out by itself, what is needed left of what needs it, and the sites stand side by side in the order written. Lines within
//! a site keep to lanes between the nodes; lines across sites are curves behind them.

use std::collections::BTreeMap;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, Ranker, layout};

use super::{Node, Picture};

/// The height of a node.
const NODE_HEIGHT: f64 = 42.0;
/// The margin around everything, and the room between sites.
const MARGIN: f64 = 24.0;
/// The room between the sites, for what crosses it.
const BETWEEN: f64 = 90.0;
/// Room above the content of a resource group, for its label.
const GROUP_LABEL: f64 = 18.0;
/// Room between resource groups, that for the label included.
const GROUP_GAP: f64 = GROUP_LABEL + 12.0;
/// Room above the resource groups of a site, for its label.
const SITE_LABEL: f64 = 34.0;
/// Room between the border of a site and its resource groups.
const PADDING: f64 = 14.0;
/// Room for the head of an arrow.
const HEAD: f64 = 8.0;
/// More edges than this at a site and the better ranker takes too long.
const MANY_EDGES: usize = 300;

/// A rectangle by its corner and size.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    fn right(&self) -> f64 {
        self.x + self.width
    }

    fn bottom(&self) -> f64 {
        self.y + self.height
    }

    fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }

    fn shifted(self, dx: f64, dy: f64) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..self }
    }
}

/// A line from what needs to what is needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where it turns: it runs level from the first point to the second, bends to the third, runs level to the fourth, and so on.
    pub points: Vec<(f64, f64)>,
    /// Whether it leads from one site to another.
    pub across: bool,
}

/// A picture laid out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    /// By site; `None` where nothing is at it.
    pub sites: Vec<Option<Rect>>,
    /// By group; `None` where no node is in it.
    pub groups: Vec<Option<Rect>>,
    /// By node.
    pub nodes: Vec<Rect>,
    /// The lines.
    pub lines: Vec<Line>,
}

/// Lays the picture out.
pub fn lay_out(picture: &Picture) -> Layout {
    let mut laid = Layout {
        sites: vec![None; picture.sites.len()],
        groups: vec![None; picture.groups.len()],
        nodes: vec![Rect::default(); picture.nodes.len()],
        ..Layout::default()
    };
    let mut left = MARGIN;
    for site in 0..picture.sites.len() {
        left = laid.add_site(picture, site, left);
    }
    let of_site = |node: usize| picture.groups[picture.nodes[node].group].site;
    for &(from, to) in picture.edges.iter().filter(|(from, to)| of_site(*from) != of_site(*to)) {
        let points = across(&laid.nodes[from], &laid.nodes[to]);
        laid.lines.push(Line { points, across: true });
    }
    let sites = || laid.sites.iter().flatten();
    laid.width = sites().map(Rect::right).fold(0.0, f64::max) + MARGIN;
    laid.height = sites().map(Rect::bottom).fold(0.0, f64::max) + MARGIN;
    laid
}

impl Layout {
    /// Lays one site out with its left border here, and returns where the next may begin.
    fn add_site(&mut self, picture: &Picture, site: usize, left: f64) -> f64 {
        let here = |node: usize| picture.groups[picture.nodes[node].group].site == site;
        let members: Vec<usize> = (0..picture.nodes.len()).filter(|node| here(*node)).collect();
        let edges: Vec<(usize, usize)> = picture.edges.iter().copied().filter(|(a, b)| here(*a) && here(*b)).collect();
        if members.is_empty() {
            return left;
        }
        let graph = arrange(picture, &members, &edges);
        let arranged = |id: String| {
            let label = graph.node(&id)?;
            let (x, y) = (label.x?, label.y?);
            Some(Rect { x: x - label.width / 2.0, y: y - label.height / 2.0, width: label.width, height: label.height })
        };
        let found = picture.groups_of(site).filter_map(|(at, _)| Some((at, arranged(format!("g{at}"))?)));
        let arranged_groups: Vec<(usize, Rect)> = found.collect();
        // Every resource group that begins above pushes what is below it further down, to make room for labels.
        let down = |y: f64| arranged_groups.iter().filter(|(_, group)| group.y <= y).count() as f64 * GROUP_GAP;
        let groups: Vec<(usize, Rect)> = arranged_groups
            .iter()
            .map(|(at, r)| {
                let (top, bottom) = (r.y + down(r.y) - GROUP_LABEL, r.bottom() + down(r.bottom()));
                (*at, Rect { y: top, height: bottom - top, ..*r })
            })
            .collect();
        let rect = |id: String| arranged(id).map(|r| r.shifted(0.0, down(r.y)));
        let least = |side: fn(&Rect) -> f64| groups.iter().map(|(_, r)| side(r)).fold(f64::INFINITY, f64::min);
        let most = |side: fn(&Rect) -> f64| groups.iter().map(|(_, r)| side(r)).fold(f64::NEG_INFINITY, f64::max);
        let (dx, dy) = (left + PADDING - least(|r| r.x), MARGIN + SITE_LABEL - least(|r| r.y));
        let width = most(Rect::right) - least(|r| r.x) + 2.0 * PADDING;
        let height = most(Rect::bottom) - least(|r| r.y) + SITE_LABEL + PADDING;
        self.sites[site] = Some(Rect { x: left, y: MARGIN, width, height });
        for (at, rect) in groups {
            self.groups[at] = Some(rect.shifted(dx, dy));
        }
        for at in members.iter().copied() {
            self.nodes[at] = rect(format!("n{at}")).unwrap_or_default().shifted(dx, dy);
        }
        let columns = columns(members.iter().map(|at| self.nodes[*at]));
        for (from, to) in edges {
            let edge = graph.edge(&format!("n{to}"), &format!("n{from}"), None);
            let way = edge
                .map(|edge| edge.points.iter().map(|p| (p.x + dx, p.y + down(p.y) + dy)).collect())
                .unwrap_or_default();
            let points = within(&self.nodes[from], &self.nodes[to], way, &columns);
            self.lines.push(Line { points, across: false });
        }
        left + width + BETWEEN
    }
}

/// The nodes of one site in ranks from left to right, those of a resource group together.
fn arrange(picture: &Picture, members: &[usize], edges: &[(usize, usize)]) -> Graph<NodeLabel, EdgeLabel> {
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: false, compound: true });
    for at in members {
        let node = &picture.nodes[*at];
        let group = format!("g{}", node.group);
        if !graph.has_node(&group) {
            graph.set_node(group.clone(), Some(NodeLabel::default()));
        }
        let label = NodeLabel { width: node_width(node), height: NODE_HEIGHT, ..NodeLabel::default() };
        graph.set_node(format!("n{at}"), Some(label));
        graph.set_parent(&format!("n{at}"), Some(&group));
    }
    for (from, to) in edges {
        graph.set_edge(format!("n{to}"), format!("n{from}"), Some(EdgeLabel::default()), None);
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: 22.0,
        edgesep: 12.0,
        ranksep: 44.0,
        ranker: if edges.len() > MANY_EDGES { Ranker::LongestPath } else { Ranker::NetworkSimplex },
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    graph
}

/// The width of a node: that of its longer line.
fn node_width(node: &Node) -> f64 {
    let name = node.name.chars().count() as f64 * 7.9;
    let kind = node.kind.chars().count() as f64 * 6.2;
    (name.max(kind) + 22.0).max(84.0)
}

/// The columns of nodes, each from its leftmost to its rightmost border, by the rounded middle.
fn columns(nodes: impl Iterator<Item = Rect>) -> Vec<(f64, f64)> {
    let mut columns: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for rect in nodes {
        let column = columns.entry((rect.x + rect.width / 2.0).round() as i64).or_insert((rect.x, rect.right()));
        *column = (column.0.min(rect.x), column.1.max(rect.right()));
    }
    columns.into_values().collect()
}

/// A line within a site, from the left border of what needs, level through the columns between, to the right border of what is needed.
fn within(from: &Rect, to: &Rect, way: Vec<(f64, f64)>, columns: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points = vec![(from.x, from.middle())];
    let own = |rect: &Rect, column: &(f64, f64)| column.0 <= rect.x && rect.right() <= column.1;
    for (x, y) in way.into_iter().rev() {
        let passed = columns.iter().find(|c| c.0 <= x && x <= c.1 && !own(from, c) && !own(to, c));
        if let Some((left, right)) = passed {
            points.extend([(*right, y), (*left, y)]);
        }
    }
    // It leaves and arrives level, so that the first and the last stretch cross no other node of their columns.
    let edge = |rect: &Rect| columns.iter().find(|column| own(rect, column)).copied().unwrap_or((rect.x, rect.right()));
    points.insert(1, (edge(from).0, from.middle()));
    points.push((edge(to).1 + HEAD, to.middle()));
    points.push((to.right(), to.middle()));
    points
}

/// A line across sites, between the borders that face each other.
fn across(from: &Rect, to: &Rect) -> Vec<(f64, f64)> {
    let (start, end) = if from.x < to.x { (from.right(), to.x) } else { (from.x, to.right()) };
    let way = if from.x < to.x { 1.0 } else { -1.0 };
    vec![
        (start, from.middle()),
        (start + way * 14.0, from.middle()),
        (end - way * 22.0, to.middle()),
        (end, to.middle()),
    ]
}
