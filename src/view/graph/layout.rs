//! Places of everything in an SVG picture, in whole pixels.
//!
//! Sites are columns of equal width. In the default picture, cells of one row are side by side, so that replication
//! runs level. Links that pass a column run below all of them.

use std::collections::BTreeMap;

use super::{End, LinkKind, Picture, PictureDetail};
use crate::stack::Presence;

/// Room around everything.
pub(super) const MARGIN: i32 = 24;
/// Least width of a picture.
const LEAST_WIDTH: i32 = 640;
/// Height of the title with the objectives below it.
const TITLE: i32 = 76;
/// Height of a site's head.
pub(super) const HEAD: i32 = 52;
/// Height of the label of a box.
pub(super) const LABEL: i32 = 24;
/// Room between the border of a site, of a box and its content.
pub(super) const PADDING: i32 = 10;
/// Room between cells, and between boxes.
const GAP: i32 = 8;
/// Height of an entrance.
const ENTRANCE: i32 = 46;
/// Height of a line of text in a list of steps.
pub(super) const LINE: i32 = 18;
/// Greatest difference of height that a level line bridges.
const LEVEL: i32 = 12;

/// A rectangle by its corner and size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Rect {
    /// Right border.
    pub fn right(&self) -> i32 {
        self.x + self.width
    }

    /// Lower border.
    pub fn bottom(&self) -> i32 {
        self.y + self.height
    }

    fn middle(&self) -> i32 {
        self.y + self.height / 2
    }
}

/// A link to be drawn: right-angled, from the first point to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EdgeLine {
    /// Position of the link.
    pub link: usize,
    /// Corners.
    pub points: Vec<(i32, i32)>,
    /// Baseline of the label's first line, its middle, and the room that it has; `None` where there is no room.
    pub label: Option<Label>,
}

/// Place of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub x: i32,
    pub y: i32,
    pub room: i32,
    /// Set where the label begins at `x`; it is centred there otherwise.
    pub begins: bool,
}

/// A picture laid out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub width: i32,
    pub height: i32,
    pub entrances: Vec<Rect>,
    pub sites: Vec<Rect>,
    pub groups: Vec<Rect>,
    pub cells: Vec<Rect>,
    pub lines: Vec<EdgeLine>,
    /// Lists of steps, with their text broken into lines.
    pub moves: Vec<(Rect, Vec<String>)>,
    /// Upper border of the legend.
    pub legend: i32,
}

/// Lays a picture out.
pub(super) fn lay_out(picture: &Picture) -> Layout {
    let number = i32::try_from(picture.sites.len().max(1)).unwrap_or(1);
    let (column, gutter) = match number {
        1 => (LEAST_WIDTH - 2 * MARGIN, 0),
        2 => (336, 160),
        3 => (252, 98),
        _ => (240, 98),
    };
    let width = (2 * MARGIN + number * column + (number - 1) * gutter).max(LEAST_WIDTH);
    let mut layout = Layout {
        width,
        groups: vec![Rect::default(); picture.groups.len()],
        cells: vec![Rect::default(); picture.cells.len()],
        ..Layout::default()
    };
    let top = layout.add_entrances(picture);
    for at in 0..number {
        layout.sites.push(Rect { x: MARGIN + at * (column + gutter), y: top, width: column, height: 0 });
    }
    layout.sites.truncate(picture.sites.len());
    let bottom = match picture.detail {
        PictureDetail::Recovery => layout.add_grid(picture, top + HEAD),
        PictureDetail::All => layout.add_lists(picture, top + HEAD),
    };
    for site in &mut layout.sites {
        site.height = bottom + PADDING - site.y;
    }
    let below = layout.add_links(picture, bottom + PADDING, gutter);
    layout.add_entrance_lines(picture);
    layout.add_moves(picture, below + 16);
    layout.height = layout.legend + 2 * LINE + MARGIN;
    layout
}

impl Layout {
    /// Places the entrances; where the sites begin.
    fn add_entrances(&mut self, picture: &Picture) -> i32 {
        let number = i32::try_from(picture.entrances.len()).unwrap_or_default();
        if number == 0 {
            return TITLE;
        }
        let inner = self.width - 2 * MARGIN;
        let width = ((inner - (number - 1) * 2 * GAP) / number).min(440);
        let left = (self.width - number * width - (number - 1) * 2 * GAP) / 2;
        for at in 0..number {
            self.entrances.push(Rect { x: left + at * (width + 2 * GAP), y: TITLE, width, height: ENTRANCE });
        }
        let lines = picture.links.iter().filter(|link| is_serving(link.kind)).count();
        let room = if lines == 0 { 16 } else { 44 + 8 * i32::try_from(lines).unwrap_or_default() };
        TITLE + ENTRANCE + room
    }

    /// Places cells of equal rows side by side, permanent ones above failover-only ones; the lower border of all.
    fn add_grid(&mut self, picture: &Picture, top: i32) -> i32 {
        let mut bottom = top;
        for presence in [Presence::Permanent, Presence::Failover] {
            let begin = if bottom > top { bottom + GAP } else { top };
            let mut heights: BTreeMap<usize, Vec<i32>> = BTreeMap::new();
            for cell in picture.cells.iter().filter(|cell| picture.groups[cell.group].presence == presence) {
                let counts = heights.entry(cell.row).or_insert_with(|| vec![0; picture.sites.len()]);
                counts[picture.groups[cell.group].site] += 1;
            }
            let mut y = begin + LABEL;
            let mut rows: BTreeMap<usize, i32> = BTreeMap::new();
            for (row, counts) in heights {
                rows.insert(row, y);
                y += counts.into_iter().max().unwrap_or_default() * (cell_height(picture) + GAP);
            }
            for group in (0..picture.groups.len()).filter(|group| picture.groups[*group].presence == presence) {
                let mut stacked: BTreeMap<usize, i32> = BTreeMap::new();
                let mut last = begin + LABEL;
                for (at, cell) in picture.cells_of(group) {
                    let before = stacked.entry(cell.row).or_default();
                    let y = rows[&cell.row] + *before * (cell_height(picture) + GAP);
                    *before += 1;
                    self.place(picture, at, y);
                    last = last.max(y + cell_height(picture));
                }
                self.box_around(picture, group, begin, last);
                bottom = bottom.max(last + PADDING);
            }
        }
        bottom.max(top + LABEL)
    }

    /// Places the boxes of each site below each other; the lower border of all.
    fn add_lists(&mut self, picture: &Picture, top: i32) -> i32 {
        let mut bottom = top + LABEL;
        for site in 0..picture.sites.len() {
            let mut y = top;
            for (group, _) in picture.groups_of(site) {
                let begin = y;
                y += LABEL;
                for (at, _) in picture.cells_of(group) {
                    self.place(picture, at, y);
                    y += cell_height(picture) + GAP;
                }
                self.box_around(picture, group, begin, y - GAP);
                y += PADDING;
                bottom = bottom.max(y);
            }
        }
        bottom
    }

    fn place(&mut self, picture: &Picture, cell: usize, y: i32) {
        let site = &self.sites[picture.groups[picture.cells[cell].group].site];
        let (x, width) = (site.x + 2 * PADDING, site.width - 4 * PADDING);
        self.cells[cell] = Rect { x, y, width, height: cell_height(picture) };
    }

    fn box_around(&mut self, picture: &Picture, group: usize, top: i32, last: i32) {
        let site = &self.sites[picture.groups[group].site];
        let (x, width) = (site.x + PADDING, site.width - 2 * PADDING);
        self.groups[group] = Rect { x, y: top, width, height: last + PADDING - top };
    }

    /// Draws replication, image copies and peerings; the lower border of all.
    fn add_links(&mut self, picture: &Picture, bottom: i32, gutter: i32) -> i32 {
        let mut channel = bottom;
        let drawn: Vec<usize> = (0..picture.links.len()).filter(|at| is_drawn(picture.links[*at].kind)).collect();
        let mut lanes = vec![0; picture.sites.len()];
        let mut taken: BTreeMap<(End, bool), i32> = BTreeMap::new();
        for at in drawn {
            let link = &picture.links[at];
            let (Some(one), Some(other)) = (picture.site_of(link.from), picture.site_of(link.to)) else { continue };
            let rightward = one < other;
            let (from, to) = (self.rect(link.from), self.rect(link.to));
            let mut level = |end: End, rect: &Rect, right: bool| {
                let used = taken.entry((end, right)).or_default();
                *used += 1;
                // Further links of a cell begin below and above the first in turn.
                let shift = (*used / 2) * 11 * if *used % 2 == 0 { 1 } else { -1 };
                (rect.middle() + shift).clamp(rect.y + 4, rect.bottom() - 4)
            };
            if one == other {
                let (y1, y2) = (from.middle(), to.middle());
                let x = from.x - PADDING - 4;
                let points = vec![(from.x, y1), (x, y1), (x, y2), (to.x, y2)];
                self.lines.push(EdgeLine { link: at, points, label: None });
                continue;
            }
            let y1 = level(link.from, &from, rightward);
            let mut y2 = level(link.to, &to, !rightward);
            if (y1 - y2).abs() <= LEVEL {
                y2 = y1;
            }
            let (x1, x2) = if rightward { (from.right(), to.x) } else { (from.x, to.right()) };
            // The lane in the gutter to the right of a site.
            let lane = |site: usize, lanes: &mut Vec<i32>| {
                lanes[site] += 1;
                self.sites[site].right() + (8 + 8 * lanes[site]).min(gutter - 8)
            };
            let (left, right) = (one.min(other), one.max(other));
            if right - left == 1 {
                let middle = self.sites[left].right() + gutter / 2;
                let label = Some(Label { x: middle, y: y2 - 6, room: gutter - 8, begins: false });
                let points = if y1 == y2 {
                    vec![(x1, y1), (x2, y2)]
                } else {
                    let x = lane(left, &mut lanes);
                    vec![(x1, y1), (x, y1), (x, y2), (x2, y2)]
                };
                self.lines.push(EdgeLine { link: at, points, label });
            } else {
                channel += 2 * LINE;
                let (leaves, enters) = if rightward { (left, right - 1) } else { (right - 1, left) };
                let (a, b) = (lane(leaves, &mut lanes), lane(enters, &mut lanes));
                let points = vec![(x1, y1), (a, y1), (a, channel), (b, channel), (b, y2), (x2, y2)];
                let label = Some(Label { x: (a + b) / 2, y: channel - 6, room: (a - b).abs() - 8, begins: false });
                self.lines.push(EdgeLine { link: at, points, label });
            }
        }
        if channel > bottom { channel + LINE } else { channel }
    }

    /// Draws lines from the entrances to the sites.
    fn add_entrance_lines(&mut self, picture: &Picture) {
        let serving: Vec<usize> = (0..picture.links.len()).filter(|at| is_serving(picture.links[*at].kind)).collect();
        let arriving = |site: usize| {
            serving.iter().copied().filter(move |at| picture.site_of(picture.links[*at].to) == Some(site))
        };
        let leaving = |entrance: End| {
            let mut links: Vec<usize> =
                serving.iter().copied().filter(|at| picture.links[*at].from == entrance).collect();
            links.sort_by_key(|at| (picture.site_of(picture.links[*at].to), *at));
            links
        };
        for (order, at) in serving.iter().copied().enumerate() {
            let link = &picture.links[at];
            let Some(site) = picture.site_of(link.to) else { continue };
            let from = self.rect(link.from);
            let to = self.sites[site];
            let number = |count: usize| i32::try_from(count).unwrap_or_default();
            let (all, own) = (arriving(site).count(), arriving(site).take_while(|other| *other != at).count());
            let step = ((to.width - 60) / number(all).max(1)).min(150);
            let x2 = to.x + 36 + number(own) * step;
            let links = leaving(link.from);
            let place = links.iter().position(|other| *other == at).unwrap_or_default();
            let x1 = from.x + from.width * (number(place) + 1) / (number(links.len()) + 1);
            let lane = from.bottom() + 14 + 8 * number(order);
            let has_room = step >= 110 || own == 0;
            let label = has_room.then_some(Label { x: x2 + 8, y: to.y - 10, room: step.max(110) - 12, begins: true });
            let points = vec![(x1, from.bottom()), (x1, lane), (x2, lane), (x2, to.y)];
            self.lines.push(EdgeLine { link: at, points, label });
        }
    }

    /// Places the lists of steps.
    fn add_moves(&mut self, picture: &Picture, top: i32) {
        let width = self.width - 2 * MARGIN;
        let room = usize::try_from((width - 4 * PADDING) * 100 / (12 * 57)).unwrap_or(60);
        let mut y = top;
        for list in &picture.moves {
            let steps = super::mermaid::numbered(&list.steps, ". ");
            let broken = steps.iter().map(|step| super::super::wrap(step, room).replace('\n', "\n    "));
            let lines: Vec<String> =
                broken.flat_map(|step| step.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
            let height = LABEL + LINE * i32::try_from(lines.len()).unwrap_or_default() + 2 * PADDING;
            self.moves.push((Rect { x: MARGIN, y, width, height }, lines));
            y += height + GAP;
        }
        self.legend = y + GAP;
    }

    fn rect(&self, end: End) -> Rect {
        match end {
            End::Site(at) => Rect { height: HEAD, ..self.sites[at] },
            End::Cell(at) => self.cells[at],
            End::Entrance(at) => self.entrances[at],
        }
    }
}

fn cell_height(picture: &Picture) -> i32 {
    match picture.detail {
        PictureDetail::Recovery => 44,
        PictureDetail::All => 38,
    }
}

const fn is_serving(kind: LinkKind) -> bool {
    matches!(kind, LinkKind::Serves | LinkKind::ServesAfterUp)
}

const fn is_drawn(kind: LinkKind) -> bool {
    matches!(kind, LinkKind::Replication | LinkKind::ImageCopy | LinkKind::Backup | LinkKind::Peering)
}
