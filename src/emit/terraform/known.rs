//! Values of expressions as the stack has them. What an expression refers to decides how Terraform has to write it:
//! a resource at the place of an id becomes its id, by whatever function or loop it got there.

use std::sync::Arc;

use super::names::TerraformScope;
use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::{Expr, Ident, TraversalStep};
use crate::hcl::eval::Budget;
use crate::hcl::text::ExprWriter;
use crate::hcl::{self, Files, ReferenceKey, Scope};
use crate::stack::scope::{BlockScope, EachInstance};
use crate::value::Value;

/// Instances of a block that are evaluated until one of them has a value.
const INSTANCES: usize = 16;

/// Values of names, with those that a `for` binds.
struct KnownScope<'a> {
    of_block: BlockScope<'a>,
    bound: Vec<(&'a str, Value)>,
}

impl Scope for KnownScope<'_> {
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        match self.bound.iter().rev().find(|(name, _)| *name == &*root.text) {
            Some((_, value)) => Ok((value.clone(), 0)),
            None => self.of_block.resolve(root, keys),
        }
    }

    fn files(&self) -> &dyn Files {
        self.of_block.files()
    }

    fn budget(&self) -> Budget {
        self.of_block.budget()
    }
}

impl TerraformScope<'_, '_> {
    /// Value of an expression, in the first instance in which it has one; `None` if it cannot be evaluated. A name that
    /// a `for` binds has the value of the first element.
    pub(super) fn value(&self, writer: &ExprWriter<'_>, expr: &Expr) -> Option<Value> {
        let of_block = self.instance.and_then(|one| self.emitter.instances.get(&one.address.block()));
        let all = of_block.into_iter().flatten().filter_map(|one| one.each.as_ref());
        let turns: Vec<Option<&EachInstance>> = match self.turn {
            Some(turn) => vec![Some(turn)],
            None => all.map(Some).take(INSTANCES).collect(),
        };
        let turns = if turns.is_empty() { vec![None] } else { turns };
        turns.into_iter().find_map(|turn| self.evaluated(writer, expr, turn.cloned()).filter(|value| !value.is_null()))
    }

    fn evaluated(&self, writer: &ExprWriter<'_>, expr: &Expr, each: Option<EachInstance>) -> Option<Value> {
        let facts = self.emitter.stack.facts(&self.emitter.knowledge, &self.emitter.locals);
        let mut scope = KnownScope { of_block: BlockScope::new(&facts, each), bound: Vec::new() };
        for one in writer.bound() {
            let (key, value) = first(&hcl::evaluate(one.collection, &scope).ok()?)?;
            scope.bound.push((one.name, if one.is_key { key } else { value }));
        }
        hcl::evaluate(expr, &scope).ok()
    }

    /// Key and value of the first turn of a nested block that repeats.
    pub(super) fn first_turn(&self, collection: &Expr) -> Option<EachInstance> {
        let (key, value) = first(&self.value(&ExprWriter::new(self), collection)?)?;
        Some(EachInstance { key, value, needs: Arc::default() })
    }

    /// Value of a part of a value: of the first one where the step is not known.
    pub(super) fn part(&self, writer: &ExprWriter<'_>, value: &Value, step: &TraversalStep) -> Option<Value> {
        let key = match step {
            TraversalStep::Attr(name) => Some(Value::from(&*name.text)),
            TraversalStep::Index(index) => self.value(writer, index),
            TraversalStep::Splat(_) => None,
        };
        let own = match (value.unmark().0, key.as_ref().map(|key| key.unmark().0)) {
            (Value::Map(map), Some(Value::String(key))) => map.get(key).cloned(),
            (Value::List(items), Some(Value::Number(at))) => {
                at.as_i64().and_then(|at| usize::try_from(at).ok()).and_then(|at| items.get(at).cloned())
            }
            _ => None,
        };
        own.or_else(|| first(value).map(|(_, value)| value))
    }
}

/// Key and value of the first element that is not null.
fn first(value: &Value) -> Option<(Value, Value)> {
    match value.unmark().0 {
        Value::Map(map) => {
            let entry = map.iter().find(|(_, value)| !value.is_null())?;
            Some((Value::String(Arc::clone(entry.0)), entry.1.clone()))
        }
        Value::List(items) => {
            let (at, value) = items.iter().enumerate().find(|(_, value)| !value.is_null())?;
            Some((Value::from(i64::try_from(at).ok()?), value.clone()))
        }
        _ => None,
    }
}
