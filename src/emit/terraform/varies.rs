//! Dependence on the stack's variables. Code must not follow their values: with others, the same code is right.

use std::collections::{BTreeSet, HashSet};

use super::names::TerraformEmitter;
use crate::address::Address;
use crate::hcl::ast::{Expr, ExprKind, Root, TraversalStep};
use crate::kinds::Kind;
use crate::stack::references::named_block;

/// Argument with the resource or resource group that contains a resource. A membership joins two, and lies in neither.
pub(super) fn container(kind: &Kind) -> Option<&'static str> {
    kind.place.argument().filter(|_| !kind.place.is_member())
}

/// True for a kind that joins resources, and exists while all of them do.
pub(super) fn joins(kind: &Kind) -> bool {
    kind.link || kind.recovery.joins.is_some()
}

impl TerraformEmitter<'_> {
    /// An argument of a block, or its `for_each`.
    fn written(&self, block: &Address, name: &str) -> Option<&Expr> {
        let definition = self.stack.program.definitions.get(block)?;
        definition.block.body.attribute(name).map(|attribute| &*attribute.expr)
    }

    /// True if the value of an expression in this block follows from a variable, directly or through locals.
    pub(super) fn varies(&self, block: &Address, expr: &Expr) -> bool {
        self.reaches(block, expr, |root, _| root == "var")
    }

    /// True if an expression in this block has a reference of some kind, directly or through locals and `for_each`.
    fn reaches(&self, block: &Address, expr: &Expr, is_it: impl Fn(&str, &[TraversalStep]) -> bool) -> bool {
        let (mut open, mut seen, mut found) = (vec![expr], BTreeSet::new(), false);
        while let Some(expr) = open.pop() {
            expr.visit_references(&mut |root, steps, _| match (&*root.text, steps.first()) {
                ("local", Some(TraversalStep::Attr(name))) if seen.insert(&*name.text) => {
                    open.extend(self.stack.program.locals.get(&name.text).map(|local| &*local.attribute.expr));
                }
                ("each", _) if seen.insert("each") => open.extend(self.written(block, "for_each")),
                ("local" | "each", _) => {}
                (root, _) => found |= is_it(root, steps),
            });
            if found {
                return true;
            }
        }
        false
    }

    /// The block that contains those of a block, if its expression names it.
    fn above(&self, block: &Address) -> Option<Result<Address, &Expr>> {
        let expr = self.written(block, container(self.kind(block)?)?)?;
        let is_value = |expr: &Expr| {
            let ExprKind::Traversal { root: Root::Name(root), steps } = &expr.kind else { return false };
            &*root.text == "each" && matches!(steps.as_slice(), [TraversalStep::Attr(one)] if &*one.text == "value")
        };
        let of_each = || {
            self.written(block, "for_each")
                .filter(|_| is_value(expr))
                .and_then(|expr| named_block(self.stack.catalog(), expr))
        };
        Some(named_block(self.stack.catalog(), expr).or_else(of_each).ok_or(expr))
    }

    /// True if the resource group of a block follows from a variable.
    pub(super) fn has_varying_group(&self, block: &Address) -> bool {
        match self.above(block) {
            Some(Ok(above)) => self.has_varying_group(&above),
            Some(Err(expr)) => self.varies(block, expr),
            None => false,
        }
    }

    /// The resource group of a block without instances, if the code names it.
    pub(super) fn named_group(&self, block: &Address) -> Option<Address> {
        match self.above(block) {
            Some(Ok(above)) => self.named_group(&above),
            Some(Err(_)) => None,
            None => self.kind(block).filter(|kind| kind.place.is_root()).map(|_| block.clone()),
        }
    }

    /// Blocks whose resources are failover-only for some values of variables.
    pub(super) fn sometimes_failover(&self) -> HashSet<Address> {
        let mut found: HashSet<Address> = HashSet::new();
        // A block follows those that contain it, which may be declared later.
        loop {
            let new: Vec<Address> = (self.stack.program.definitions.keys())
                .filter(|block| !found.contains(*block) && self.is_sometimes_failover(block, &found))
                .cloned()
                .collect();
            if new.is_empty() {
                return found;
            }
            found.extend(new);
        }
    }

    fn is_sometimes_failover(&self, block: &Address, found: &HashSet<Address>) -> bool {
        let Some(kind) = self.kind(block) else { return false };
        if kind.place.is_root() {
            return self.written(block, "presence").is_some_and(|presence| self.varies(block, presence));
        }
        if joins(kind) {
            // An instance is as its own members are.
            return self.written(block, "for_each").is_none()
                && self.members(block).iter().any(|one| found.contains(one));
        }
        match self.above(block) {
            Some(Ok(above)) => found.contains(&above),
            Some(Err(expr)) => self.varies(block, expr) && self.names_failover(block, expr),
            None => false,
        }
    }

    /// The blocks that the arguments of a block name.
    pub(super) fn members(&self, block: &Address) -> Vec<Address> {
        let definition = self.stack.program.definitions.get(block);
        let mut members = Vec::new();
        for argument in definition.into_iter().flat_map(|of| &of.block.body.attributes) {
            argument.expr.visit_references(&mut |root, steps, _| {
                if let (Some(_), Some(TraversalStep::Attr(label))) =
                    (self.stack.catalog().kind(&root.text), steps.first())
                {
                    members.push(Address::new(&root.text, &label.text));
                }
            });
        }
        members.sort_unstable();
        members.dedup();
        members
    }

    /// True if an expression names a failover-only block, directly or through locals.
    fn names_failover(&self, block: &Address, expr: &Expr) -> bool {
        self.reaches(block, expr, |root, steps| {
            let label = steps.first().and_then(|step| match step {
                TraversalStep::Attr(label) => Some(label),
                TraversalStep::Index(_) | TraversalStep::Splat(_) => None,
            });
            label.is_some_and(|label| self.is_failover(&Address::new(root, &label.text)))
        })
    }

    /// The kind of a block without instances, whose argument decides between several.
    pub(super) fn named_kind(&self, block: &Address) -> Option<&'static Kind> {
        let kind = self.stack.catalog().kind(block.kind())?;
        let Some(variants) = kind.variants else { return Some(kind) };
        let source = self.written(block, variants.by).and_then(|expr| named_block(self.stack.catalog(), expr));
        let writes = |argument: &str| self.written(block, argument).is_some();
        let chosen = source.and_then(|source| variants.choose(source.kind(), writes));
        Some(chosen.map_or(kind, |(_, kind)| kind))
    }
}
