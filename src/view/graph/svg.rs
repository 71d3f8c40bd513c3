//! A picture as SVG: a file of its own for a browser, a pull request or librsvg, light or dark as the reader has it.
//!
//! Light colours are attributes, so that renderers without style sheets (librsvg knows no custom properties) show them;
//! a style sheet replaces them where the reader prefers dark.

use std::fmt::Write;

use super::layout::{EdgeLine, HEAD, LABEL, LINE, Label, Layout, MARGIN, PADDING, Rect, lay_out};
use super::text::{fitted, joined, sentences, width};
use super::{Cell, LinkKind, Picture};
use crate::stack::Presence;

/// Looks by class: attributes for light, and the style for dark.
const LOOKS: &[(&str, &str, &str)] = &[
    ("paper", r##"fill="#ffffff""##, "fill: #14181f"),
    ("site", r##"fill="#f5f6f8" stroke="#b8bfca""##, "fill: #1b212b; stroke: #465163"),
    ("box", r##"fill="#ffffff" stroke="#b8bfca""##, "fill: #14181f; stroke: #465163"),
    ("cell", r##"fill="#ffffff" stroke="#5f6b7c""##, "fill: #222a36; stroke: #9aa6b8"),
    ("data", r##"fill="#e3eefc" stroke="#5f6b7c""##, "fill: #1f3a5c; stroke: #9aa6b8"),
    ("users", r##"fill="#ffffff" stroke="#1f5fae" stroke-width="1.5""##, "fill: #14181f; stroke: #6ea8f0"),
    ("ink", r##"fill="#1d2430""##, "fill: #e8ecf2"),
    ("soft", r##"fill="#5f6b7c""##, "fill: #9aa6b8"),
    ("change", r##"fill="#8a3d10" font-weight="600""##, "fill: #f0a878"),
    ("replication", r##"stroke="#b3541e" stroke-width="2""##, "stroke: #e08a52"),
    ("replication-head", r##"fill="#b3541e""##, "fill: #e08a52"),
    ("copy", r##"stroke="#6b4fa0" stroke-width="1.6""##, "stroke: #b09ae0"),
    ("copy-head", r##"fill="#6b4fa0""##, "fill: #b09ae0"),
    ("peering", r##"stroke="#5f6b7c" stroke-width="1.6""##, "stroke: #9aa6b8"),
    ("serves", r##"stroke="#1f5fae" stroke-width="2""##, "stroke: #6ea8f0"),
    ("serves-head", r##"fill="#1f5fae""##, "fill: #6ea8f0"),
    // Labels have a border in the colour of the paper, so that lines do not run through them.
    (
        "label",
        r##"fill="#1d2430" stroke="#ffffff" stroke-width="3" stroke-linejoin="round" paint-order="stroke""##,
        "fill: #e8ecf2; stroke: #14181f",
    ),
];

/// Dashes of what exists only while failed over.
const DASHED: &str = r#" stroke-dasharray="5 4""#;

/// The picture as SVG.
pub fn svg(picture: &Picture) -> String {
    let layout = lay_out(picture);
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let (w, h) = (layout.width, layout.height);
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">"#
    );
    let _ = writeln!(out, r#"<title id="title">Recovery of stack {}</title>"#, escaped(&picture.title));
    let _ = writeln!(out, r#"<desc id="desc">{}</desc>"#, escaped(&sentences(picture)));
    let dark: Vec<String> = LOOKS.iter().map(|(class, _, dark)| format!(".{class} {{ {dark} }}")).collect();
    let _ = writeln!(out, "<style>\n@media (prefers-color-scheme: dark) {{\n{}\n}}\n</style>", dark.join("\n"));
    let _ = writeln!(out, r#"<rect {} width="{w}" height="{h}"/>"#, looks("paper"));
    text(&mut out, "ink", (MARGIN, 34), 18, true, &fitted(&picture.title, w - 2 * MARGIN, 18, true));
    text(&mut out, "soft", (MARGIN, 55), 12, false, &format!("Recovery objectives: {}", picture.objectives));
    boxes(&mut out, picture, &layout);
    layout.lines.iter().for_each(|line| draw_line(&mut out, picture, line));
    for (cell, rect) in picture.cells.iter().zip(&layout.cells) {
        draw_cell(&mut out, picture, cell, rect);
    }
    layout.lines.iter().for_each(|line| draw_label(&mut out, picture, line));
    for (entrance, rect) in picture.entrances.iter().zip(&layout.entrances) {
        rectangle(&mut out, "users", rect, 18, false);
        let room = rect.width - 4 * PADDING;
        let middle = rect.x + rect.width / 2;
        centred(&mut out, "ink", (middle, rect.y + 20), 13, true, &fitted(&entrance.title, room, 13, true));
        centred(&mut out, "soft", (middle, rect.y + 36), 11, false, &fitted(&entrance.detail, room, 11, false));
    }
    for (list, (rect, lines)) in picture.moves.iter().zip(&layout.moves) {
        rectangle(&mut out, "box", rect, 8, false);
        let x = rect.x + 2 * PADDING;
        text(&mut out, "ink", (x, rect.y + 22), 13, true, &fitted(&list.title, rect.width - 4 * PADDING, 13, true));
        for (line, y) in lines.iter().zip((rect.y + LABEL + LINE..).step_by(LINE as usize)) {
            let indent = if line.starts_with(' ') { 16 } else { 0 };
            text(&mut out, "ink", (x + indent, y), 12, false, line.trim_start());
        }
    }
    legend(&mut out, picture, &layout);
    out.push_str("</svg>\n");
    out
}

fn boxes(out: &mut String, picture: &Picture, layout: &Layout) {
    for (at, (site, rect)) in picture.sites.iter().zip(&layout.sites).enumerate() {
        rectangle(out, "site", rect, 12, false);
        let (x, room) = (rect.x + 2 * PADDING, rect.width - 4 * PADDING);
        let place = fitted(&site.location, room / 2, 12, false);
        let name = fitted(&site.name, room - width(&place, 12, false) - 8, 15, true);
        text(out, "ink", (x, rect.y + 23), 15, true, &name);
        ends(out, "soft", (rect.right() - 2 * PADDING, rect.y + 23), 12, &place);
        text(out, "soft", (x, rect.y + 41), 12, false, &fitted(&site.part, room, 12, false));
        if picture.groups_of(at).next().is_none() {
            text(out, "soft", (x, rect.y + HEAD + 16), 12, false, "no resources");
        }
    }
    for (group, rect) in picture.groups.iter().zip(&layout.groups) {
        rectangle(out, "box", rect, 8, group.presence == Presence::Failover);
        let label = fitted(&group.label, rect.width - 2 * PADDING, 11, false);
        text(out, "soft", (rect.x + PADDING, rect.y + 16), 11, false, &label);
    }
}

fn draw_cell(out: &mut String, picture: &Picture, cell: &Cell, rect: &Rect) {
    let _ = writeln!(out, "<g><title>{}</title>", escaped(&tooltip(cell)));
    let dashed = picture.groups[cell.group].presence == Presence::Failover;
    rectangle(out, if cell.data { "data" } else { "cell" }, rect, 6, dashed);
    let room = rect.width - 2 * PADDING;
    let tag = cell.tag().map(|tag| fitted(&tag, room / 2, 11, true)).unwrap_or_default();
    let beside = if tag.is_empty() { 0 } else { width(&tag, 11, true) + 8 };
    let (x, middle) = (rect.x + PADDING, rect.y + rect.height / 2);
    // The tag is beside the title where both fit, else on the second line.
    let is_first = width(&cell.title, 12, true) + beside <= room;
    let has_second = !cell.details.is_empty() || !is_first;
    let (first, second) = (if has_second { middle - 3 } else { middle + 4 }, middle + 13);
    text(out, "ink", (x, first), 12, true, &fitted(&cell.title, room, 12, true));
    ends(out, "change", (rect.right() - PADDING, if is_first { first } else { second }), 11, &tag);
    let room = if is_first { room } else { room - beside };
    text(out, "soft", (x, second), 11, false, &joined(&cell.details, room, 11));
    out.push_str("</g>\n");
}

/// Addresses of a cell's resources, shown where the pointer rests.
fn tooltip(cell: &Cell) -> String {
    let list = |addresses: &[crate::address::Address]| {
        addresses.iter().map(crate::address::Address::as_str).collect::<Vec<_>>().join(", ")
    };
    let needs = if cell.needs.is_empty() { String::new() } else { format!(" — needs {}", list(&cell.needs)) };
    format!("{}{needs}", list(&cell.members))
}

fn class_of(kind: LinkKind) -> (&'static str, Option<&'static str>, bool) {
    match kind {
        LinkKind::Replication => ("replication", Some("replication-head"), false),
        LinkKind::ImageCopy => ("copy", Some("copy-head"), false),
        LinkKind::Backup => ("replication", Some("replication-head"), true),
        LinkKind::Peering | LinkKind::Needs => ("peering", None, false),
        LinkKind::Serves => ("serves", Some("serves-head"), false),
        LinkKind::ServesAfterUp => ("serves", Some("serves-head"), true),
    }
}

fn draw_line(out: &mut String, picture: &Picture, line: &EdgeLine) {
    let link = &picture.links[line.link];
    let _ = writeln!(out, "<g><title>{}</title>", escaped(&picture.sentence(link)));
    stroke(out, link.kind, &line.points);
    out.push_str("</g>\n");
}

/// A right-angled line with round corners, and the head of its arrow.
fn stroke(out: &mut String, kind: LinkKind, points: &[(i32, i32)]) {
    let (class, head, dashed) = class_of(kind);
    let dashes = if dashed { DASHED } else { "" };
    let _ = writeln!(out, r#"<path {} fill="none"{dashes} d="{}"/>"#, looks(class), path(points));
    let (Some(head), [.., before, last]) = (head, points) else { return };
    let (x, y) = *last;
    let (dx, dy) = ((x - before.0).signum(), (y - before.1).signum());
    let (back_x, back_y) = (x - 8 * dx, y - 8 * dy);
    let (side_x, side_y) = (4 * dy.abs(), 4 * dx.abs());
    let _ = writeln!(
        out,
        r#"<path {} d="M{x} {y} L{} {} L{} {} z"/>"#,
        looks(head),
        back_x + side_x,
        back_y + side_y,
        back_x - side_x,
        back_y - side_y
    );
}

fn path(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    for (at, &(x, y)) in points.iter().enumerate() {
        let around = at.checked_sub(1).and_then(|before| Some((*points.get(before)?, *points.get(at + 1)?)));
        // Writing to a String cannot fail.
        let _ = match around {
            None if at == 0 => write!(path, "M{x} {y}"),
            None => write!(path, " L{x} {y}"),
            Some((before, after)) => {
                let (a, b) = (toward((x, y), before), toward((x, y), after));
                write!(path, " L{} {} Q{x} {y} {} {}", a.0, a.1, b.0, b.1)
            }
        };
    }
    path
}

/// The point a little way from a corner toward another point.
fn toward(corner: (i32, i32), other: (i32, i32)) -> (i32, i32) {
    let (dx, dy) = (other.0 - corner.0, other.1 - corner.1);
    (corner.0 + dx.signum() * (dx.abs() / 2).min(6), corner.1 + dy.signum() * (dy.abs() / 2).min(6))
}

fn draw_label(out: &mut String, picture: &Picture, line: &EdgeLine) {
    let Some(Label { x, y, room, begins }) = line.label else { return };
    // The second line of a label is below the line.
    for (words, y) in picture.links[line.link].label.iter().zip([y, y + 19]) {
        let words = fitted(words, room, 11, false);
        if begins {
            text(out, "label", (x, y), 11, false, &words);
        } else {
            centred(out, "label", (x, y), 11, false, &words);
        }
    }
}

fn legend(out: &mut String, picture: &Picture, layout: &Layout) {
    let (mut x, mut y) = (MARGIN, layout.legend);
    let mut next = |words: &str| {
        let room = 34 + width(words, 11, false) + 18;
        if x + room > layout.width - MARGIN {
            (x, y) = (MARGIN, y + LINE + 2);
        }
        let at = (x, y);
        x += room;
        at
    };
    let failover = |group: &super::CellGroup| group.presence == Presence::Failover;
    let swatches = [
        (picture.groups.iter().any(|group| !failover(group)), "cell", false, "permanent"),
        (picture.groups.iter().any(failover), "cell", true, "failover-only"),
        (picture.cells.iter().any(|cell| cell.data), "data", false, "holds users' data"),
    ];
    for (_, class, dashed, words) in swatches.into_iter().filter(|(is, ..)| *is) {
        let (x, y) = next(words);
        rectangle(out, class, &Rect { x, y, width: 26, height: 14 }, 4, dashed);
        text(out, "soft", (x + 34, y + 11), 11, false, words);
    }
    let lines = [
        (LinkKind::Serves, "serves users"),
        (LinkKind::ServesAfterUp, "serves users after up"),
        (LinkKind::Replication, "replicates data"),
        (LinkKind::ImageCopy, "copies images"),
        (LinkKind::Backup, "is backed up to"),
        (LinkKind::Peering, "joins networks"),
    ];
    for (kind, words) in lines.into_iter().filter(|(kind, _)| picture.links.iter().any(|link| link.kind == *kind)) {
        let (x, y) = next(words);
        stroke(out, kind, &[(x, y + 7), (x + 26, y + 7)]);
        text(out, "soft", (x + 34, y + 11), 11, false, words);
    }
}

/// Class and light colours.
fn looks(class: &str) -> String {
    let light = LOOKS.iter().find(|(name, ..)| *name == class).map_or("", |(_, light, _)| light);
    format!(r#"class="{class}" {light}"#)
}

fn rectangle(out: &mut String, class: &str, rect: &Rect, radius: i32, dashed: bool) {
    let Rect { x, y, width, height } = rect;
    let dashes = if dashed { DASHED } else { "" };
    let _ = writeln!(
        out,
        r#"<rect {}{dashes} x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>"#,
        looks(class)
    );
}

fn text(out: &mut String, class: &str, at: (i32, i32), size: i32, bold: bool, words: &str) {
    anchored(out, class, at, (size, bold), "", words);
}

fn centred(out: &mut String, class: &str, at: (i32, i32), size: i32, bold: bool, words: &str) {
    anchored(out, class, at, (size, bold), r#" text-anchor="middle""#, words);
}

fn ends(out: &mut String, class: &str, at: (i32, i32), size: i32, words: &str) {
    anchored(out, class, at, (size, false), r#" text-anchor="end""#, words);
}

fn anchored(out: &mut String, class: &str, at: (i32, i32), (size, bold): (i32, bool), anchor: &str, words: &str) {
    if words.is_empty() {
        return;
    }
    let weight = if bold { r#" font-weight="600""# } else { "" };
    let _ = writeln!(
        out,
        r#"<text {} x="{}" y="{}" font-size="{size}"{weight}{anchor}>{}</text>"#,
        looks(class),
        at.0,
        at.1,
        escaped(words)
    );
}

fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
