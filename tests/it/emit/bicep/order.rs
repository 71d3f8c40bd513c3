//! Order of emitted Bicep: each resource is created after the resources that it needs, through references, `dependsOn`
//! and the order of modules.

use std::collections::{BTreeMap, BTreeSet};

use drplan::kinds::Place;
use drplan::object::ObjectId;
use drplan::stack::{Resource, Stack};
use tree_sitter::Node;

use super::eval::{BicepFiles, WrittenResource};

/// Declarations of one file, each with the names that it refers to.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Resources that could be written before, or concurrently with, a resource that they need.
pub fn faults(stack: &Stack, files: &BicepFiles, written: &[WrittenResource]) -> Vec<String> {
    let graphs: BTreeMap<&str, Graph> = files.trees().map(|(name, text, root)| (name, graph(text, root))).collect();
    let main = files.trees().find(|(name, ..)| *name == "main.bicep").expect("a main file");
    let modules = modules(main.1, main.2);
    let by: BTreeMap<&ObjectId, &(String, String)> = written.iter().map(|one| (&one.id, &one.by)).collect();
    // Symbolic name in the main file: that of the module, or that of a resource in the main file itself.
    let in_main = |(file, symbol): &(String, String)| modules.get(file).cloned().unwrap_or_else(|| symbol.clone());
    let places = |resource: &Resource| -> Vec<(String, String)> {
        resource.objects.iter().filter_map(|object| by.get(&object.id).map(|by| (*by).clone())).collect()
    };
    let mut found = Vec::new();
    for resource in stack.resources.values().filter(|one| one.kind.place != Place::Subscription) {
        let needs = resource.needs.iter().filter_map(|need| stack.resources.get(need));
        for need in needs.filter(|one| one.kind.place != Place::Subscription) {
            for (one, other) in
                places(resource).iter().flat_map(|one| places(need).into_iter().map(move |other| (one, other)))
            {
                let waits = match one.0 == other.0 {
                    true => one.1 == other.1 || reaches(&graphs[one.0.as_str()], &one.1, &other.1),
                    false => reaches(&graphs["main.bicep"], &in_main(one), &in_main(&other)),
                };
                if !waits {
                    found.push(format!("{} does not wait for {}", resource.address, need.address));
                }
            }
        }
    }
    found
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

fn is_declaration(node: &Node<'_>) -> bool {
    matches!(node.kind(), "resource_declaration" | "module_declaration")
}

fn name<'t>(text: &'t str, node: Node<'_>) -> &'t str {
    children(node).into_iter().find(|child| child.kind() == "identifier").map_or("", |child| &text[child.byte_range()])
}

/// Each declaration with the other declarations that it refers to.
fn graph(text: &str, root: Node<'_>) -> Graph {
    let all: Vec<Node<'_>> = children(root).into_iter().filter(is_declaration).collect();
    let names: BTreeSet<&str> = all.iter().map(|node| name(text, *node)).collect();
    let named = |node: Node<'_>| {
        let mut out = BTreeSet::new();
        let mut open = vec![node];
        while let Some(one) = open.pop() {
            let word = &text[one.byte_range()];
            if one.kind() == "identifier" && names.contains(word) && word != name(text, node) {
                out.insert(word.to_owned());
            }
            open.extend(children(one));
        }
        out
    };
    all.iter().map(|node| (name(text, *node).to_owned(), named(*node))).collect()
}

/// Module files that the main file uses, and their symbolic names.
fn modules(text: &str, root: Node<'_>) -> BTreeMap<String, String> {
    let all = children(root).into_iter().filter(|node| node.kind() == "module_declaration");
    let path = |node: Node<'_>| text[children(node)[1].byte_range()].trim_matches('\'').to_owned();
    all.map(|node| (path(node), name(text, node).to_owned())).collect()
}

fn reaches(graph: &Graph, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(graph.get(at).into_iter().flatten().map(String::as_str));
        }
    }
    false
}
