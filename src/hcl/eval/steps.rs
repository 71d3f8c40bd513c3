//! References: names looked up in the scope, and the steps after them.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::{Ident, Root, TraversalStep};
use crate::value::{Map, Number, Value};

use super::{Budget, EvalResult, Evaluator, ReferenceKey, Taint, UNMARK_WORK, to_text};

/// Maximum number of names that an error lists.
const MAX_LISTED: usize = 12;

impl<'a> Evaluator<'a> {
    pub(super) fn traversal(&mut self, root: &'a Root, steps: &'a [TraversalStep], span: Span) -> EvalResult {
        match root {
            Root::Name(name) => self.reference(name, steps, span),
            Root::Expr(expr) => {
                let value = self.expr(expr)?;
                self.scope.join_parts();
                self.steps(value, steps)
            }
        }
    }

    /// A name with steps after it.
    pub(super) fn reference(&mut self, name: &'a Ident, steps: &'a [TraversalStep], span: Span) -> EvalResult {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| **local == *name.text) {
            let value = value.clone();
            return self.steps(value, steps);
        }
        let mut keys = Vec::with_capacity(steps.len());
        for step in steps {
            match step {
                TraversalStep::Attr(name) => keys.push((ReferenceKey::Attr(Arc::clone(&name.text)), name.span)),
                TraversalStep::Index(index) => keys.push((ReferenceKey::Index(self.expr(index)?), index.span)),
                TraversalStep::Splat(_) => break,
            }
        }
        let rest = steps.get(keys.len()..).unwrap_or_default();
        let mut marks = Taint::default();
        let sensitive = unmark_keys(&mut keys);
        let known = keys.iter().take_while(|(key, _)| is_plain(key)).count();
        let (mut value, used) = match self.scope.resolve(name, keys.get(..known).unwrap_or_default()) {
            Ok(found) => found,
            Err(mut fault) => {
                fault.span.get_or_insert(if steps.is_empty() { span } else { name.span });
                let hidden = sensitive.iter().take(known).any(|marked| *marked);
                return self.fail(if hidden { without_values(fault) } else { fault });
            }
        };
        if used < keys.len() || !rest.is_empty() {
            self.scope.join_parts();
        }
        marks.sensitive = sensitive.iter().take(used).any(|marked| *marked);
        value = marks.mark(value);
        for ((key, span), marked) in keys.iter().zip(&sensitive).skip(used) {
            value = self.step(&value, key, *marked, *span)?;
        }
        self.steps(value, rest)
    }

    fn steps(&mut self, mut value: Value, steps: &'a [TraversalStep]) -> EvalResult {
        for (at, step) in steps.iter().enumerate() {
            value = match step {
                TraversalStep::Attr(name) => {
                    self.step(&value, &ReferenceKey::Attr(Arc::clone(&name.text)), false, name.span)?
                }
                TraversalStep::Index(index) => {
                    let key = self.expr(index)?;
                    let (plain, sensitive) = key.unmark();
                    self.step(&value, &ReferenceKey::Index(plain.clone()), sensitive, index.span)?
                }
                TraversalStep::Splat(span) => {
                    return self.splat(&value, steps.get(at + 1..).unwrap_or_default(), *span);
                }
            };
        }
        Ok(value)
    }

    /// `[*]`: the rest of the steps for each element; `null` is an empty list, and what is no list stands for a list
    /// of itself.
    fn splat(&mut self, value: &Value, rest: &'a [TraversalStep], span: Span) -> EvalResult {
        let mut taint = Taint::default();
        let items = match taint.take(value) {
            Value::Unknown(_) => return Ok(taint.mark(Value::Null)),
            Value::Null => return Ok(taint.mark(Vec::new().into())),
            Value::List(items) => Arc::clone(items),
            single => Arc::new(vec![single.clone()].into()),
        };
        self.pay(items.len(), 0, span)?;
        let results: Vec<EvalResult> =
            items.iter().map(|item| self.steps(taint.clone().mark(item.clone()), rest)).collect();
        let results: Result<Vec<Value>, _> = results.into_iter().collect();
        let value: Value = results?.into();
        if taint.sensitive && value.sensitive_within() {
            self.work(value.size() * UNMARK_WORK, span)?;
        }
        Ok(taint.mark_whole(value))
    }

    /// One step on a value; the key has no mark of its own.
    fn step(&mut self, value: &Value, key: &ReferenceKey, key_sensitive: bool, span: Span) -> EvalResult {
        let mut taint = Taint { sensitive: key_sensitive, unknown: None };
        let plain = taint.take(value);
        if let ReferenceKey::Index(index) = key {
            taint.take(index);
        }
        if taint.unknown.is_some() {
            return Ok(taint.mark(Value::Null));
        }
        let found = match (plain, key) {
            (Value::Map(map), ReferenceKey::Attr(name)) => entry(map, name, &self.budget),
            (Value::Map(map), ReferenceKey::Index(index)) => {
                to_text(index).and_then(|name| entry(map, &name, &self.budget))
            }
            (Value::List(items), ReferenceKey::Index(index)) => element(items, index),
            (Value::Block(address), ReferenceKey::Attr(name)) => {
                let address = address.clone();
                self.block_attribute(&address, name, span)
            }
            (other, key) => Err(no_step(other, key)),
        };
        match found {
            Ok(value) => Ok(taint.mark(value)),
            Err(mut fault) => {
                fault.span.get_or_insert(span);
                self.fail(if taint.sensitive { without_values(fault) } else { fault })
            }
        }
    }

    /// An attribute of a block that came as a value, asked of the scope as if it were written there.
    fn block_attribute(
        &self,
        address: &crate::address::Address,
        attribute: &Arc<str>,
        span: Span,
    ) -> Result<Value, Diagnostic> {
        let root = Ident { text: address.kind().into(), span };
        let mut keys = vec![(ReferenceKey::Attr(address.name().into()), span)];
        keys.extend(address.key().map(|key| (ReferenceKey::Index(Value::from(&*key)), span)));
        keys.push((ReferenceKey::Attr(Arc::clone(attribute)), span));
        match self.scope.resolve(&root, &keys)? {
            (value, used) if used == keys.len() => Ok(value),
            _ => Err(Diagnostic::error(
                "unknown-attribute",
                format!("unsupported attribute `{attribute}` of `{address}`"),
            )),
        }
    }
}

/// Takes the marks off indexes and says which had one.
fn unmark_keys(keys: &mut [(ReferenceKey, Span)]) -> Vec<bool> {
    keys.iter_mut()
        .map(|(key, _)| match key {
            ReferenceKey::Index(Value::Sensitive(inner)) => {
                let plain = Value::clone(inner);
                *key = ReferenceKey::Index(plain);
                true
            }
            ReferenceKey::Attr(_) | ReferenceKey::Index(_) => false,
        })
        .collect()
}

fn is_plain(key: &ReferenceKey) -> bool {
    matches!(key, ReferenceKey::Attr(_) | ReferenceKey::Index(Value::String(_) | Value::Number(_)))
}

/// The error of a step from or with something sensitive, without the value and the key.
fn without_values(fault: Diagnostic) -> Diagnostic {
    let Diagnostic { code, severity, summary: _, span, label: _, related: _, why: _, help: _ } = fault;
    let summary = "invalid index or attribute (details are hidden: the value is sensitive)";
    Diagnostic { severity, span, ..Diagnostic::error(code, summary) }
}

fn entry(map: &Map, name: &str, budget: &Budget) -> Result<Value, Diagnostic> {
    map.get(name).cloned().ok_or_else(|| {
        let all = match map.len() {
            0 => "It is empty.".to_owned(),
            more if more > MAX_LISTED => {
                let first: Vec<_> = map.keys().take(MAX_LISTED).map(|key| format!("`{key}`")).collect();
                format!("It has {}, and {} more.", first.join(", "), more - MAX_LISTED)
            }
            _ => format!("It has {}.", map.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
        };
        let fault = Diagnostic::error("unknown-attribute", format!("unsupported attribute `{name}` of this value"));
        match budget.may_suggest() {
            true => fault.suggest(name, map.keys().map(|key| &**key), Some(all)),
            false => fault.help(all),
        }
    })
}

fn element(items: &[Value], index: &Value) -> Result<Value, Diagnostic> {
    let number =
        super::to_number(index).map_err(|fault| fault.why("An element of a list is selected by its number."))?;
    let found = number.as_i64().and_then(|at| usize::try_from(at).ok()).and_then(|at| items.get(at));
    found.cloned().ok_or_else(|| out_of_range(items.len(), number))
}

fn out_of_range(length: usize, number: Number) -> Diagnostic {
    let has = match length {
        0 => "the list is empty".to_owned(),
        1 => "the list has one element, `[0]`".to_owned(),
        more => format!("the list has {more} elements, `[0]` to `[{}]`", more - 1),
    };
    Diagnostic::error("index-out-of-range", format!("index out of range: no element {number}: {has}"))
}

fn no_step(value: &Value, key: &ReferenceKey) -> Diagnostic {
    let found = value.type_name();
    let fault = match key {
        ReferenceKey::Attr(name) => {
            Diagnostic::error("unknown-attribute", format!("unsupported attribute `{name}` of {found}"))
        }
        ReferenceKey::Index(_) => Diagnostic::error("wrong-type", format!("invalid index: {found} has no elements")),
    };
    match (value, key) {
        (Value::List(_), ReferenceKey::Attr(name)) => {
            fault.help(format!("Write `[*].{name}` for all elements, or `[0].{name}` for the first."))
        }
        (Value::Block(address), ReferenceKey::Index(_)) => {
            fault.help(format!("Write `{address}.id` or `{address}.name`; only a block with `for_each` has instances."))
        }
        _ => fault,
    }
}
