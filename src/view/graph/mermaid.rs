//! A picture in the language of Mermaid, as pull requests and wikis render it.

use std::fmt::Write;

use super::Picture;
use crate::stack::Presence;

/// The picture as a Mermaid flowchart: a subgraph for each site and resource group, an arrow from what needs to what is needed.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart TB\n");
    // Writing to a String cannot fail, here and below.
    for (at, site) in picture.sites.iter().enumerate() {
        let label = format!("{} ({})", site.name, site.location);
        let _ = writeln!(out, "  subgraph site{at} [{}]", quoted(&label));
        for (group_at, group) in picture.groups_of(at) {
            let _ = writeln!(out, "    subgraph group{group_at} [{}]", quoted(&group.label()));
            for (node_at, node) in picture.nodes_of(group_at) {
                let label = format!("{}<br/><b>{}</b>", escaped(&node.kind), escaped(&node.name));
                let _ = writeln!(out, "      n{node_at}[\"{label}\"]");
            }
            out.push_str("    end\n");
        }
        out.push_str("  end\n");
    }
    for (from, to) in &picture.edges {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    let failover = |group: usize| picture.groups[group].presence == Presence::Failover;
    out.push_str("  classDef failover stroke-dasharray: 5 4\n");
    let nodes =
        picture.nodes.iter().enumerate().filter(|(_, node)| failover(node.group)).map(|(at, _)| format!("n{at}"));
    let groups = (0..picture.groups.len()).filter(|group| failover(*group)).map(|group| format!("group{group}"));
    let dashed: Vec<String> = nodes.chain(groups).collect();
    if !dashed.is_empty() {
        let _ = writeln!(out, "  class {} failover", dashed.join(","));
    }
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    // Mermaid takes entities by their code: https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters".
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}
