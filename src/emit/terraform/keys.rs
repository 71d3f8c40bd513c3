//! Keys of `for_each`: Terraform needs them before any resource exists, so that ids and other texts that drplan knows
//! beforehand are written as what they are made of.

use std::collections::BTreeSet;

use super::names::TerraformEmitter;
use crate::hcl::ast::{Expr, ExprKind, Root, TraversalStep};
use crate::kinds::{AttributeSource, Catalog, Kind};

impl TerraformEmitter<'_> {
    /// True if an expression makes keys of texts that the Terraform provider knows only after apply.
    pub(super) fn makes_keys(&self, expr: &Expr) -> bool {
        self.has_keys(expr, false, &mut BTreeSet::new())
    }

    /// True for a local whose value is the `for_each` of a block.
    pub(super) fn is_repeated_over(&self, local: &str) -> bool {
        let names = |expr: &Expr| {
            let mut found = false;
            expr.visit_references(&mut |root, steps, _| {
                let is_it = matches!(steps.first(), Some(TraversalStep::Attr(name)) if &*name.text == local);
                found |= &*root.text == "local" && is_it;
            });
            found
        };
        let blocks = self.stack.program.definitions.values();
        let mut all = blocks.filter_map(|definition| definition.block.body.attribute("for_each"));
        all.any(|each| names(&each.expr))
    }

    /// `is_key`: the elements themselves become keys, as those of a set do.
    fn has_keys<'x>(&'x self, expr: &'x Expr, is_key: bool, seen: &mut BTreeSet<&'x str>) -> bool {
        match &expr.kind {
            ExprKind::Parens(inner) => self.has_keys(inner, is_key, seen),
            ExprKind::Conditional(parts) => parts[1..].iter().any(|part| self.has_keys(part, is_key, seen)),
            ExprKind::Object(entries) => entries.iter().any(|(key, _)| has_late_text(self.stack.catalog(), key)),
            ExprKind::For(of) => match &of.key {
                Some(key) => has_late_text(self.stack.catalog(), key),
                None => {
                    is_key
                        && (has_late_text(self.stack.catalog(), &of.value) || self.has_keys(&of.collection, true, seen))
                }
            },
            ExprKind::Call { name, args, .. } => {
                let is_key = is_key || matches!(&*name.text, "toset" | "setunion" | "setproduct" | "zipmap");
                args.iter().any(|arg| self.has_keys(arg, is_key, seen))
            }
            ExprKind::Traversal { root: Root::Name(root), steps } if &*root.text == "local" => match steps.as_slice() {
                [TraversalStep::Attr(name)] if seen.insert(&name.text) => {
                    let local = self.stack.program.locals.get(&name.text);
                    local.is_some_and(|local| self.has_keys(&local.attribute.expr, is_key, seen))
                }
                _ => false,
            },
            _ => is_key && has_late_text(self.stack.catalog(), expr),
        }
    }
}

/// True if an expression reads an attribute that the Terraform provider knows only after apply, although drplan knows
/// it beforehand.
fn has_late_text(catalog: &Catalog, expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Traversal { steps, .. } => steps.iter().any(|step| match step {
            TraversalStep::Attr(name) => is_late(catalog, &name.text),
            TraversalStep::Index(index) => has_late_text(catalog, index),
            TraversalStep::Splat(_) => false,
        }),
        ExprKind::Template(parts) => parts.iter().any(|part| match part {
            crate::hcl::ast::TemplatePart::Interpolation(inner) => has_late_text(catalog, inner),
            _ => false,
        }),
        ExprKind::Call { args, .. } | ExprKind::List(args) => args.iter().any(|expr| has_late_text(catalog, expr)),
        ExprKind::Conditional(parts) => parts.iter().any(|expr| has_late_text(catalog, expr)),
        ExprKind::Parens(inner) => has_late_text(catalog, inner),
        ExprKind::For(of) => {
            has_late_text(catalog, &of.value) || of.key.as_ref().is_some_and(|expr| has_late_text(catalog, expr))
        }
        _ => false,
    }
}

fn is_late(catalog: &Catalog, attribute: &str) -> bool {
    let follows =
        |kind: &Kind| kind.attribute(attribute).is_some_and(|of| matches!(of.from, AttributeSource::Names(_)));
    attribute == "id" || catalog.kinds().any(follows)
}
