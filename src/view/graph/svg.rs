//! A picture as SVG: a file of its own that a browser shows, light or dark as the reader has it.

use std::fmt::Write;

use super::layout::{Layout, Rect, lay_out};
use super::{Node, Picture};
use crate::stack::Presence;

const STYLE: &str = "\
svg { --paper: #ffffff; --site: #f5f6f8; --group: #ffffff; --line: #b8bfca; --node: #ffffff; --data: #e3eefc; --edge: #8d97a6; \
--across: #b3541e; --ink: #1d2430; --soft: #5f6b7c; background: var(--paper); font-family: system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }
@media (prefers-color-scheme: dark) { svg { --paper: #14181f; --site: #1b212b; --group: #14181f; --line: #465163; --node: #222a36; \
--data: #1f3a5c; --edge: #7d8899; --across: #e08a52; --ink: #e8ecf2; --soft: #9aa6b8 } }
.paper { fill: var(--paper) } .site { fill: var(--site); stroke: var(--line) } .group { fill: var(--group); stroke: var(--line) }
.node { fill: var(--node); stroke: var(--soft) } .data { fill: var(--data) } .failover { stroke-dasharray: 5 4 }
.edge { fill: none; stroke: var(--edge); stroke-width: 1.3 } .head { fill: var(--edge) }
.across { stroke: var(--across); stroke-width: 1.6; opacity: 0.85 } .head-across { fill: var(--across) }
text { fill: var(--ink) } .name { font-size: 13px; font-weight: 600 } .kind { font-size: 10.5px; fill: var(--soft) }
.title { font-size: 18px; font-weight: 700 } .place { font-size: 14px; font-weight: 700 } .box { font-size: 11.5px; fill: var(--soft) }
";
/// The height of the title and of the legend.
const TITLE: f64 = 44.0;
/// Room that a legend needs.
const LEAST_WIDTH: f64 = 780.0;

/// The picture as SVG. Above 150 nodes, resources of a kind or of a resource group are drawn together.
pub fn svg(picture: &Picture) -> String {
    let picture = picture.readable().without_implied();
    let layout = lay_out(&picture);
    let (width, height) = (layout.width.max(LEAST_WIDTH), layout.height + 2.0 * TITLE);
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}">"#
    );
    let _ = writeln!(out, "<title>{}</title>\n<style>\n{STYLE}</style>", escaped(&picture.title));
    for (id, class) in [("head", "head"), ("head-across", "head head-across")] {
        let _ = writeln!(
            out,
            r#"<marker id="{id}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="{class}" d="M0 0.5 L8 4 L0 7.5 z"/></marker>"#
        );
    }
    let _ = writeln!(out, r#"<rect class="paper" width="{width:.0}" height="{height:.0}"/>"#);
    let _ = writeln!(out, r#"<text class="title" x="24" y="34">{}</text>"#, escaped(&picture.title));
    let _ = writeln!(out, r#"<g transform="translate({:.1} {TITLE})">"#, (width - layout.width) / 2.0);
    boxes(&mut out, &picture, &layout);
    for line in &layout.lines {
        let (class, head) = if line.across { ("edge across", "head-across") } else { ("edge", "head") };
        let _ = writeln!(out, r#"<path class="{class}" marker-end="url(#{head})" d="{}"/>"#, path(&line.points));
    }
    for (node, rect) in picture.nodes.iter().zip(&layout.nodes) {
        draw(&mut out, node, rect, picture.groups[node.group].presence);
    }
    out.push_str("</g>\n");
    legend(&mut out, height - TITLE + 6.0);
    out.push_str("</svg>\n");
    out
}

fn boxes(out: &mut String, picture: &Picture, layout: &Layout) {
    for (site, rect) in picture.sites.iter().zip(&layout.sites) {
        let Some(rect) = rect else { continue };
        rectangle(out, "site", rect, 12.0);
        let label = format!("{} · {}", site.name, site.location);
        let _ = writeln!(
            out,
            r#"<text class="place" x="{:.1}" y="{:.1}">{}</text>"#,
            rect.x + 14.0,
            rect.y + 22.0,
            escaped(&label)
        );
    }
    for (group, rect) in picture.groups.iter().zip(&layout.groups) {
        let Some(rect) = rect else { continue };
        rectangle(out, if group.presence == Presence::Failover { "group failover" } else { "group" }, rect, 8.0);
        let _ = writeln!(
            out,
            r#"<text class="box" x="{:.1}" y="{:.1}">{}</text>"#,
            rect.x + 10.0,
            rect.y + 17.0,
            escaped(&group.label())
        );
    }
}

fn draw(out: &mut String, node: &Node, rect: &Rect, presence: Presence) {
    let data = if node.holds_data { " data" } else { "" };
    let dashed = if presence == Presence::Failover { " failover" } else { "" };
    let _ = writeln!(out, "<g><title>{}</title>", escaped(&node.id));
    rectangle(out, &format!("node{data}{dashed}"), rect, 6.0);
    let x = rect.x + rect.width / 2.0;
    for (class, y, text) in [("kind", 16.0, &node.kind), ("name", 32.0, &node.name)] {
        let text = escaped(text);
        let _ = writeln!(
            out,
            r#"<text class="{class}" x="{x:.1}" y="{:.1}" text-anchor="middle">{text}</text>"#,
            rect.y + y
        );
    }
    out.push_str("</g>\n");
}

fn rectangle(out: &mut String, class: &str, rect: &Rect, radius: f64) {
    let Rect { x, y, width, height } = rect;
    let _ = writeln!(
        out,
        r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="{radius}"/>"#
    );
}

/// A line through these points: level from the first to the second, a bend to the third, level to the fourth, and so on.
fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| points.get(before));
        // Writing to a String cannot fail.
        let _ = match before {
            None => write!(path, "M{x:.1} {y:.1}"),
            Some(_) if at % 2 == 1 => write!(path, " L{x:.1} {y:.1}"),
            Some((from_x, from_y)) => {
                let middle = (from_x + x) / 2.0;
                write!(path, " C{middle:.1} {from_y:.1} {middle:.1} {y:.1} {x:.1} {y:.1}")
            }
        };
    }
    path
}

fn legend(out: &mut String, y: f64) {
    let swatch = |out: &mut String, x: f64, class: &str, words: &str| {
        rectangle(out, class, &Rect { x, y, width: 26.0, height: 16.0 }, 4.0);
        let _ = writeln!(out, r#"<text class="box" x="{:.1}" y="{:.1}">{words}</text>"#, x + 34.0, y + 12.5);
    };
    swatch(out, 24.0, "node", "always stands");
    swatch(out, 154.0, "node failover", "stands while failed over");
    swatch(out, 346.0, "node data", "keeps users' data");
    for (from, class, head, words) in
        [(500.0, "edge", "head", "needs"), (590.0, "edge across", "head-across", "needs, across sites")]
    {
        let (middle, to) = (y + 8.0, from + 30.0);
        let _ =
            writeln!(out, r#"<path class="{class}" marker-end="url(#{head})" d="M{from} {middle} L{to} {middle}"/>"#);
        let _ = writeln!(out, r#"<text class="box" x="{:.1}" y="{:.1}">{words}</text>"#, to + 8.0, y + 12.5);
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
