//! A picture in the language of Mermaid, as pull requests and wikis render it.

use std::fmt::Write;

use super::{Cell, End, LinkKind, Picture};
use crate::stack::Presence;

/// The picture as a Mermaid flowchart: subgraphs for sites and their boxes, sites side by side.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    // Writing to a String cannot fail, here and below.
    for (at, entrance) in picture.entrances.iter().enumerate() {
        let label = format!("<b>{}</b><br/>{}", escaped(&entrance.title), escaped(&entrance.detail));
        let _ = writeln!(out, "  entrance{at}([\"{label}\"])");
    }
    for (at, site) in picture.sites.iter().enumerate() {
        let label = format!("{} · {} · {}", site.name, site.location, site.part);
        let _ = writeln!(out, "  subgraph site{at} [\"{}\"]", escaped(&label));
        for (group_at, group) in picture.groups_of(at) {
            let _ = writeln!(out, "    subgraph group{group_at} [\"{}\"]", escaped(&group.label));
            for (cell_at, cell) in picture.cells_of(group_at) {
                let _ = writeln!(out, "      cell{cell_at}[\"{}\"]", label_of(cell));
            }
            out.push_str("    end\n");
        }
        out.push_str("  end\n");
    }
    for link in &picture.links {
        let arrow = match link.kind {
            LinkKind::Replication => "==>",
            LinkKind::ImageCopy | LinkKind::Serves | LinkKind::Needs => "-->",
            LinkKind::Peering => "---",
            LinkKind::ServesAfterUp | LinkKind::Backup => "-.->",
        };
        let label: Vec<String> = link.label.iter().map(|line| escaped(line)).collect();
        let label = if label.is_empty() { String::new() } else { format!("|\"{}\"|", label.join("<br/>")) };
        let _ = writeln!(out, "  {} {arrow}{label} {}", id(link.from), id(link.to));
    }
    for (at, list) in picture.moves.iter().enumerate() {
        let steps: Vec<String> = numbered(&list.steps, " · ").iter().map(|step| escaped(step)).collect();
        let _ = writeln!(out, "  up{at}[\"<b>{}</b><br/>{}\"]", escaped(&list.title), steps.join("<br/>"));
    }
    classes(&mut out, picture);
    out
}

/// Dashes for failover-only resources, a tint for users' data, text flush left for steps.
fn classes(out: &mut String, picture: &Picture) {
    let failover = |group: usize| picture.groups[group].presence == Presence::Failover;
    let cells = |is: &dyn Fn(&Cell) -> bool| -> Vec<String> {
        let cells = picture.cells.iter().enumerate().filter(|(_, cell)| is(cell));
        cells.map(|(at, _)| format!("cell{at}")).collect()
    };
    let groups = (0..picture.groups.len()).filter(|group| failover(*group)).map(|group| format!("group{group}"));
    let dashed: Vec<String> = cells(&|cell| failover(cell.group)).into_iter().chain(groups).collect();
    let data = cells(&|cell| cell.data);
    let steps: Vec<String> = (0..picture.moves.len()).map(|at| format!("up{at}")).collect();
    let each = [
        ("failover", "stroke-dasharray: 5 4", dashed),
        ("data", "stroke: #b3541e", data),
        ("steps", "text-align: left", steps),
    ];
    for (name, looks, ids) in each.into_iter().filter(|(.., ids)| !ids.is_empty()) {
        let _ = writeln!(out, "  classDef {name} {looks}\n  class {} {name}", ids.join(","));
    }
}

fn label_of(cell: &Cell) -> String {
    let shown = cell.details.iter().take(3).map(|one| escaped(one)).collect::<Vec<_>>().join(", ");
    let more = cell.details.len().saturating_sub(3);
    let more = if more > 0 { format!(", +{more} more") } else { String::new() };
    let details = if shown.is_empty() { String::new() } else { format!("<br/>{shown}{more}") };
    let tag = cell.tag().map(|tag| format!("<br/><i>{}</i>", escaped(&tag))).unwrap_or_default();
    format!("<b>{}</b>{details}{tag}", escaped(&cell.title))
}

/// Steps with their numbers; a single one has none. Mermaid refuses labels whose lines begin like those of a Markdown
/// list (`1. `).
pub(super) fn numbered(steps: &[String], mark: &str) -> Vec<String> {
    match steps {
        [one] => vec![one.clone()],
        _ => steps.iter().enumerate().map(|(at, step)| format!("{}{mark}{step}", at + 1)).collect(),
    }
}

fn id(end: End) -> String {
    match end {
        End::Site(at) => format!("site{at}"),
        End::Cell(at) => format!("cell{at}"),
        End::Entrance(at) => format!("entrance{at}"),
    }
}

fn escaped(text: &str) -> String {
    // Mermaid takes entities by their code: https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape
    // characters".
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;").replace('`', "#96;")
}
