//! Where everything of a picture stands, in pixels.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, Ranker, layout};

use super::{Node, Picture};

/// The height of a node.
pub const NODE_HEIGHT: f64 = 42.0;
/// The room above the content of a box, for its label.
pub const LABEL_HEIGHT: f64 = 24.0;
/// The margin around everything.
const MARGIN: f64 = 24.0;
/// More edges than this and the better ranker takes too long.
const MANY_EDGES: usize = 300;

/// A rectangle by its corner and size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A picture laid out.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    /// By site; `None` where nothing is at it.
    pub sites: Vec<Option<Rect>>,
    /// By group; `None` where no node is in it.
    pub groups: Vec<Option<Rect>>,
    /// By node.
    pub nodes: Vec<Rect>,
    /// Each edge with the points it goes through.
    pub edges: Vec<((usize, usize), Vec<(f64, f64)>)>,
}

/// The width of a node: that of its longer line.
fn node_width(node: &Node) -> f64 {
    let name = node.name.chars().count() as f64 * 7.7;
    let kind = node.kind.chars().count() as f64 * 6.1;
    (name.max(kind) + 22.0).max(84.0)
}

/// Lays the picture out: sites side by side in the order written, what is needed above what needs it.
pub fn lay_out(picture: &Picture) -> Layout {
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: false, compound: true });
    for (at, node) in picture.nodes.iter().enumerate() {
        let label = NodeLabel { width: node_width(node), height: NODE_HEIGHT, ..NodeLabel::default() };
        graph.set_node(format!("n{at}"), Some(label));
    }
    for (at, node) in picture.nodes.iter().enumerate() {
        let (group, site) = (format!("g{}", node.group), format!("s{}", picture.groups[node.group].site));
        for boxed in [&group, &site] {
            if !graph.has_node(boxed) {
                graph.set_node(boxed.clone(), Some(NodeLabel::default()));
            }
        }
        graph.set_parent(&group, Some(&site));
        graph.set_parent(&format!("n{at}"), Some(&group));
    }
    for (from, to) in &picture.edges {
        graph.set_edge(format!("n{to}"), format!("n{from}"), Some(EdgeLabel::default()), None);
    }
    let options = LayoutOptions {
        rankdir: RankDir::TB,
        nodesep: 18.0,
        edgesep: 12.0,
        ranksep: 46.0,
        ranker: if picture.edges.len() > MANY_EDGES { Ranker::LongestPath } else { Ranker::NetworkSimplex },
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    let rect = |id: String| {
        let label = graph.node(&id)?;
        let (x, y) = (label.x?, label.y?);
        Some(Rect { x: x - label.width / 2.0, y: y - label.height / 2.0, width: label.width, height: label.height })
    };
    let points = |from: usize, to: usize| {
        let edge = graph.edge(&format!("n{to}"), &format!("n{from}"), None);
        edge.map(|edge| edge.points.iter().map(|point| (point.x, point.y)).collect()).unwrap_or_default()
    };
    let nowhere = Rect { x: 0.0, y: 0.0, width: 0.0, height: 0.0 };
    let mut laid = Layout {
        width: 0.0,
        height: 0.0,
        sites: (0..picture.sites.len()).map(|at| rect(format!("s{at}"))).collect(),
        groups: (0..picture.groups.len()).map(|at| rect(format!("g{at}"))).collect(),
        nodes: (0..picture.nodes.len()).map(|at| rect(format!("n{at}")).unwrap_or(nowhere)).collect(),
        edges: picture.edges.iter().map(|(from, to)| ((*from, *to), points(*from, *to))).collect(),
    };
    laid.first_site_left();
    laid.fit();
    laid
}

impl Layout {
    /// Mirrors the picture where the first site came to stand right of the last.
    fn first_site_left(&mut self) {
        let mut sites = self.sites.iter().flatten();
        let (Some(first), Some(last)) = (sites.next(), sites.next_back()) else { return };
        if first.x + first.width / 2.0 <= last.x + last.width / 2.0 {
            return;
        }
        self.move_all(|rect| rect.x = -rect.x - rect.width, |(x, y)| (-x, y));
    }

    /// Moves everything so that it begins at the margin, and notes how large it is.
    fn fit(&mut self) {
        let all: Vec<Rect> = self.sites.iter().chain(&self.groups).flatten().chain(&self.nodes).copied().collect();
        let points: Vec<(f64, f64)> = self.edges.iter().flat_map(|(_, points)| points.iter().copied()).collect();
        let left = all.iter().map(|r| r.x).chain(points.iter().map(|p| p.0)).fold(f64::INFINITY, f64::min);
        let top = all.iter().map(|r| r.y).chain(points.iter().map(|p| p.1)).fold(f64::INFINITY, f64::min);
        let right = all.iter().map(|r| r.x + r.width).chain(points.iter().map(|p| p.0)).fold(0.0, f64::max);
        let bottom = all.iter().map(|r| r.y + r.height).chain(points.iter().map(|p| p.1)).fold(0.0, f64::max);
        if all.is_empty() {
            return;
        }
        let (dx, dy) = (MARGIN - left, MARGIN - top);
        self.move_all(
            |rect| {
                rect.x += dx;
                rect.y += dy;
            },
            |(x, y)| (x + dx, y + dy),
        );
        self.width = right + dx + MARGIN;
        self.height = bottom + dy + MARGIN;
    }

    fn move_all(&mut self, rect: impl Fn(&mut Rect), point: impl Fn((f64, f64)) -> (f64, f64)) {
        self.sites.iter_mut().chain(&mut self.groups).flatten().chain(&mut self.nodes).for_each(rect);
        for (_, points) in &mut self.edges {
            points.iter_mut().for_each(|at| *at = point(*at));
        }
    }
}
