//! `depends_on` of failover groups and of their blocks.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::each::{Reference, ReferenceError, meant};
use super::{FailoverGroup, GroupReader};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph;
use crate::hcl::ast::{Expr, ExprKind, HclAttribute, Root};

impl GroupReader<'_> {
    /// The groups in `depends_on` of a group. Its resources are kept among the needs of the group.
    pub(super) fn depends_on(&mut self, attribute: &HclAttribute) -> Vec<Arc<str>> {
        let mut groups = Vec::new();
        for item in items(&attribute.expr) {
            let is_group = matches!(
                &item.kind,
                ExprKind::Traversal { root: Root::Name(name), .. } if &*name.text == "failover_group"
            );
            if !is_group {
                let needs = self.resources_in(item, &attribute.name);
                self.needs.extend(needs);
                continue;
            }
            match self.reference(item, "failover_group") {
                Ok(Reference::Block(name)) => groups.push(name),
                Ok(Reference::Word(_)) | Err(ReferenceError::Other) => self.found.push(
                    Diagnostic::error("wrong-value", "invalid value for `depends_on`: expected a failover group")
                        .at(item.span)
                        .help("Write `failover_group.name`."),
                ),
                Err(ReferenceError::Reported) => {}
            }
        }
        groups
    }

    /// The resources in `depends_on` of a block of the group, which are kept among the needs of the group, too.
    pub(super) fn block_needs(&mut self, attribute: &HclAttribute) -> Vec<Address> {
        let needs = self.resources(attribute);
        self.needs.extend(needs.iter().cloned());
        needs
    }
}

/// The elements of a list, or the single expression.
fn items(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::List(items) => items.iter().collect(),
        _ => vec![expr],
    }
}

/// Puts all instances in place of a group with `for_each` in `depends_on`, and reports groups that depend on each
/// other.
pub(super) fn check(groups: &mut IndexMap<Arc<str>, FailoverGroup>, found: &mut Diagnostics) {
    let names: Vec<Arc<str>> = groups.keys().cloned().collect();
    for group in groups.values_mut() {
        let mut after: BTreeSet<Arc<str>> = BTreeSet::new();
        for name in std::mem::take(&mut group.after) {
            let all = meant(&name, names.iter());
            // A group with an error is declared all the same; an undeclared one has been reported with its reference.
            if all.is_empty() && name.contains('[') && names.iter().any(|one| label(one) == label(&name)) {
                let key = format!("reference to undeclared instance `failover_group.{name}`");
                let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                found.push(
                    Diagnostic::error("missing-key", key)
                        .at(group.span)
                        .help(format!("Declared: {}.", known.join(", "))),
                );
            }
            after.extend(all);
        }
        group.after = after.into_iter().collect();
    }
    let position = |name: &Arc<str>| groups.get_index_of(name);
    let needs: Vec<Vec<usize>> =
        groups.values().map(|group| group.after.iter().filter_map(position).collect()).collect();
    for members in graph::order(&needs).err().into_iter().flatten() {
        let members: Vec<&FailoverGroup> =
            members.iter().filter_map(|at| groups.get_index(*at)).map(|(_, group)| group).collect();
        let Some((first, others)) = members.split_first() else { continue };
        let all: Vec<String> = members.iter().map(|group| format!("`failover_group.{}`", group.name)).collect();
        let mut problem = Diagnostic::error("cycle", format!("dependency cycle: {}", all.join(", "))).at(first.span);
        for other in others.iter().filter(|other| other.span != first.span) {
            problem = problem.and(other.span, "part of the cycle");
        }
        found.push(problem.why("None of them could move first.").help("Remove one of the `depends_on` references."));
    }
}

fn label(name: &str) -> &str {
    name.split('[').next().unwrap_or(name)
}
