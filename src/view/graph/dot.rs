//! A picture in the language of Graphviz.

use std::fmt::Write;

use super::Picture;
use crate::stack::Presence;

/// The picture as DOT: a cluster for each site and resource group, an edge from what needs to what is needed.
pub fn dot(picture: &Picture) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "digraph {} {{", quoted(&picture.title));
    out.push_str("  rankdir = TB\n  node [shape = box, fontname = \"sans-serif\"]\n  edge [color = \"#666666\"]\n");
    for (at, site) in picture.sites.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_site_{at} {{");
        let _ = writeln!(out, "    label = {}", quoted(&format!("{} ({})", site.name, site.location)));
        for (group_at, group) in picture.groups_of(at) {
            let failover = group.presence == Presence::Failover;
            let style = if failover { "dashed" } else { "solid" };
            let _ = writeln!(out, "    subgraph cluster_group_{group_at} {{\n      label = {}", quoted(&group.label()));
            let _ = writeln!(out, "      style = {style}");
            for (_, node) in picture.nodes_of(group_at) {
                let label = format!("{}\n{}", node.kind, node.name);
                let dashed = if failover { ", style = dashed" } else { "" };
                let _ = writeln!(out, "      {} [label = {}{dashed}]", quoted(&node.id), quoted(&label));
            }
            out.push_str("    }\n");
        }
        out.push_str("  }\n");
    }
    for (from, to) in &picture.edges {
        let _ = writeln!(out, "  {} -> {}", quoted(&picture.nodes[*from].id), quoted(&picture.nodes[*to].id));
    }
    out.push_str("}\n");
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
