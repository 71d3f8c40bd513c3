//! The order of evaluation: locals and resources, each after those it refers to.
//!
//! The order follows from the text alone. Cycles are reported and cut, so that everything is evaluated all the same.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::graph;
use crate::stack::program::Program;
use crate::stack::references::ReferenceName;

/// Puts locals and resources into the order of their evaluation.
pub(super) fn put_in_order(program: &mut Program, found: &mut Diagnostics) {
    let locals = program.locals.len();
    let position = |(root, name): &ReferenceName| {
        if &**root == "local" {
            program.locals.get_index_of(name)
        } else {
            program.definitions.get_index_of(&Address::new(root, name)).map(|at| locals + at)
        }
    };
    let references = program.locals.values().map(|local| &local.references);
    let references = references.chain(program.definitions.values().map(|definition| &definition.references));
    let mut needs: Vec<Vec<usize>> = references
        .map(|names| names.iter().filter_map(position).collect::<BTreeSet<_>>().into_iter().collect())
        .collect();
    let order = graph::order(&needs).or_else(|circles| {
        for circle in circles {
            let members: Vec<Member> = circle.iter().filter_map(|at| member(program, *at)).collect();
            found.push(circle_message(&members));
            program.broken.extend(members.into_iter().map(|member| member.name));
            circle.into_iter().for_each(|at| needs[at].clear());
        }
        graph::order(&needs)
    });
    // Without the needs of the members of a cycle there is no cycle.
    let order = order.unwrap_or_default();
    let mut rank = vec![0; needs.len()];
    order.into_iter().enumerate().for_each(|(at, node)| rank[node] = at);
    let (of_locals, of_definitions) = rank.split_at(locals);
    sort_by_rank(&mut program.locals, of_locals);
    sort_by_rank(&mut program.definitions, of_definitions);
    // A resource that another needs before it was made counts as unknown there; of a local there is nothing else to
    // check.
    let broken = &program.broken;
    program.locals.retain(|name, _| !broken.contains(&("local".into(), Arc::clone(name))));
}

fn sort_by_rank<K: Hash + Eq, V>(map: &mut IndexMap<K, V>, rank: &[usize]) {
    let mut ranked: Vec<_> = std::mem::take(map).into_iter().zip(rank).collect();
    ranked.sort_by_key(|(_, rank)| **rank);
    map.extend(ranked.into_iter().map(|(entry, _)| entry));
}

/// A member of a cycle.
struct Member {
    name: ReferenceName,
    span: Span,
}

fn member(program: &Program, at: usize) -> Option<Member> {
    if let Some((name, local)) = program.locals.get_index(at) {
        return Some(Member { name: ("local".into(), Arc::clone(name)), span: local.attribute.name.span });
    }
    let (address, definition) = program.definitions.get_index(at - program.locals.len())?;
    Some(Member { name: (address.kind().into(), address.name().into()), span: definition.block.header })
}

fn circle_message(members: &[Member]) -> Diagnostic {
    let shown = |member: &Member| format!("`{}.{}`", member.name.0, member.name.1);
    let all: Vec<String> = members.iter().map(shown).collect();
    let (summary, help) = match all.as_slice() {
        [one] => (
            format!("self-reference: {one} refers to itself"),
            "Write the value itself. If several resources use the same name, define it as a local.",
        ),
        all => (
            format!("dependency cycle: {}", all.join(", ")),
            "Remove one of the references. If a reference reads only a name, define the name as a local that both use.",
        ),
    };
    let mut message = Diagnostic::error("cycle", summary).why("None of them can be created first.").help(help);
    if let [_] = all.as_slice() {
        message = message.why("It would have to exist before it is created.");
    }
    message.span = members.first().map(|member| member.span);
    message.related = members.iter().skip(1).map(|member| (member.span, "part of the cycle".to_owned())).collect();
    message
}
