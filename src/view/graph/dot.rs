//! A picture in the language of Graphviz.

use std::fmt::Write;

use super::{Cell, End, LinkKind, Picture};
use crate::stack::Presence;

/// The picture as DOT: clusters for sites and their boxes, sites side by side.
pub fn dot(picture: &Picture) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "digraph {} {{", quoted(&picture.title));
    let title = quoted(&format!("{}: recovery ({})", picture.title, picture.objectives));
    let _ = writeln!(out, "  rankdir = LR\n  compound = true\n  label = {title}\n  labelloc = t");
    out.push_str("  fontname = \"sans-serif\"\n  node [shape = box, fontname = \"sans-serif\", fontsize = 11]\n");
    out.push_str("  edge [fontname = \"sans-serif\", fontsize = 9, color = \"#57606f\"]\n");
    for (at, entrance) in picture.entrances.iter().enumerate() {
        let label = quoted(&format!("{}\n{}", entrance.title, entrance.detail));
        let _ = writeln!(out, "  entrance{at} [label = {label}, shape = ellipse]");
    }
    for (at, site) in picture.sites.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_site{at} {{");
        let label = quoted(&format!("{} ({})", site.name, site.location));
        let _ = writeln!(out, "    label = {label}\n    bgcolor = \"#f5f6f8\"");
        let _ = writeln!(out, "    site{at} [label = {}, shape = plaintext]", quoted(&site.part));
        for (group_at, group) in picture.groups_of(at) {
            let failover = group.presence == Presence::Failover;
            let style = if failover { "dashed" } else { "solid" };
            let _ = writeln!(out, "    subgraph cluster_group{group_at} {{");
            let _ = writeln!(out, "      label = {}\n      style = {style}", quoted(&group.label));
            for (cell_at, cell) in picture.cells_of(group_at) {
                let dashed = if failover { ", style = dashed" } else { "" };
                let _ = writeln!(out, "      cell{cell_at} [label = {}{dashed}]", quoted(&label_of(cell)));
            }
            out.push_str("    }\n");
        }
        out.push_str("  }\n");
    }
    for link in &picture.links {
        let mut looks: Vec<String> = Vec::new();
        if !link.label.is_empty() {
            looks.push(format!("label = {}", quoted(&link.label.join("\n"))));
        }
        let look = match link.kind {
            LinkKind::Replication => "color = \"#b3541e\", penwidth = 2",
            LinkKind::ImageCopy => "color = \"#6b4fa0\"",
            LinkKind::Backup => "color = \"#b3541e\", style = dashed",
            LinkKind::Peering => "dir = none, constraint = false",
            LinkKind::Serves => "color = \"#1f5fae\", penwidth = 2",
            LinkKind::ServesAfterUp => "color = \"#1f5fae\", style = dashed",
            LinkKind::Needs => "color = \"#b8bfca\"",
        };
        looks.push(look.to_owned());
        if let End::Site(site) = link.to {
            looks.push(format!("lhead = cluster_site{site}"));
        }
        let _ = writeln!(out, "  {} -> {} [{}]", id(link.from), id(link.to), looks.join(", "));
    }
    for (at, list) in picture.moves.iter().enumerate() {
        // A line that ends in \l is set flush left.
        let lines = std::iter::once(list.title.clone()).chain(super::mermaid::numbered(&list.steps, ". "));
        let label: String = lines.map(|line| format!("{}\\l", escaped(&line))).collect();
        let _ = writeln!(out, "  up{at} [label = \"{label}\", shape = note]");
    }
    out.push_str("}\n");
    out
}

fn label_of(cell: &Cell) -> String {
    let shown: Vec<&str> = cell.details.iter().take(3).map(String::as_str).collect();
    let mut details = shown.join("\n");
    if cell.details.len() > shown.len() {
        let _ = write!(details, "\n+{} more kinds", cell.details.len() - shown.len());
    }
    let lines = [Some(cell.title.clone()), Some(details).filter(|text| !text.is_empty()), cell.tag()];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn id(end: End) -> String {
    match end {
        End::Site(at) => format!("site{at}"),
        End::Cell(at) => format!("cell{at}"),
        End::Entrance(at) => format!("entrance{at}"),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
