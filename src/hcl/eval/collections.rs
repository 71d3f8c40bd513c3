//! `for` expressions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::{Expr, ForLoop};
use crate::value::{Map, Value};

use super::{EvalError, EvalResult, Evaluator, Taint, UNMARK_WORK, mismatch, to_bool, to_text};

/// Each element with its key or position.
type CollectionEntries = Vec<(Value, Value)>;

impl<'a> Evaluator<'a> {
    pub(super) fn for_expr(&mut self, each: &'a ForLoop, span: Span) -> EvalResult {
        let collection = &each.collection;
        self.scope.begin_part();
        let mut taint = Taint::default();
        let entries = self.entries(collection, &mut taint);
        self.scope.begin_elements();
        let value = self.each_entry(each, entries, taint, span);
        self.scope.end_elements();
        value
    }

    fn each_entry(
        &mut self,
        each: &'a ForLoop,
        entries: Result<Option<CollectionEntries>, EvalError>,
        mut taint: Taint,
        span: Span,
    ) -> EvalResult {
        let ForLoop { key_name, value_name, collection, key, value, grouped, condition } = each;
        let Some(entries) = entries? else {
            return Ok(taint.mark(Value::Null));
        };
        self.pay(entries.len(), 0, collection.span)?;
        let mut made = Collected::new(key.is_some(), *grouped);
        for (at, item) in entries {
            self.scope.begin_part();
            if let Ok(key) = to_text(at.unmark().0) {
                self.scope.element(&key);
            }
            let names = key_name.as_ref().map(|name| (&*name.text, at)).into_iter().chain([(&*value_name.text, item)]);
            let entry = self.with_locals(names, |evaluator| {
                if !evaluator.kept(condition.as_ref(), &mut taint)? {
                    return Ok(None);
                }
                let key = match key {
                    Some(key) => {
                        let found = evaluator.expr(key)?;
                        evaluator.key_text(&found, key.span, &mut taint)?
                    }
                    None => None,
                };
                evaluator.expr(value).map(|value| Some((key, value)))
            });
            // The same fault would mostly be met again with the next element, so the first ends it.
            let is_keyed = key.is_some();
            let place = match &entry {
                Ok(Some((Some(key), _))) if is_keyed => Some(key.to_string()),
                Ok(Some(_)) if !is_keyed => Some(made.len().to_string()),
                _ => None,
            };
            self.scope.end_part(place.as_deref());
            let Some((at, value)) = entry? else { continue };
            let Err(repeated) = made.add(at, value) else { continue };
            let key_span = key.as_ref().map_or(span, |key| key.span);
            let shown = if taint.sensitive { "a sensitive key".to_owned() } else { format!("the key `{repeated}`") };
            return self.fail(
                Diagnostic::error("duplicate-key", format!("two elements have {shown}"))
                    .at(key_span)
                    .help("Make the keys differ, or write `...` after the value to group values into lists."),
            );
        }
        let value = made.finish();
        if taint.sensitive && value.sensitive_within() {
            self.work(value.size() * UNMARK_WORK, span)?;
        }
        // Elements that were not put in because their key or condition is unknown may wait for more than those say.
        if taint.unknown.is_some() {
            taint.note_within(&value);
        }
        Ok(taint.mark_whole(value))
    }

    fn kept(&mut self, condition: Option<&'a Expr>, taint: &mut Taint) -> Result<bool, EvalError> {
        let Some(condition) = condition else { return Ok(true) };
        let value = self.expr(condition)?;
        match taint.take(&value) {
            Value::Unknown(_) => Ok(true),
            plain => to_bool(plain).or_else(|fault| self.fail(fault.at(condition.span))),
        }
    }

    /// The entries of a `for`; `None` if they are unknown, which `taint` then holds.
    pub(super) fn entries(
        &mut self,
        collection: &'a Expr,
        taint: &mut Taint,
    ) -> Result<Option<CollectionEntries>, EvalError> {
        let value = self.expr(collection)?;
        // Elements of a sensitive collection are bound with its mark, so that no fault within shows them.
        let marked = |item: Value| if matches!(value, Value::Sensitive(_)) { item.sensitive() } else { item };
        match taint.take(&value) {
            Value::Unknown(_) => Ok(None),
            Value::List(items) => {
                let items = items.iter().map(|item| marked(item.clone()));
                Ok(Some((0_i64..).map(Value::from).zip(items).collect()))
            }
            Value::Map(map) => {
                let entries =
                    map.iter().map(|(key, item)| (marked(Value::String(Arc::clone(key))), marked(item.clone())));
                Ok(Some(entries.collect()))
            }
            other => self.fail(mismatch("a list, set or map", other).at(collection.span)),
        }
    }
}

/// The result of a `for`.
enum Collected {
    List(Vec<Value>),
    Map(Map),
    Groups(BTreeMap<Arc<str>, Vec<Value>>),
}

impl Collected {
    fn new(keyed: bool, grouped: bool) -> Self {
        match (keyed, grouped) {
            (false, _) => Self::List(Vec::new()),
            (true, false) => Self::Map(Map::new()),
            (true, true) => Self::Groups(BTreeMap::new()),
        }
    }

    /// The number of elements.
    fn len(&self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Map(map) => map.len(),
            Self::Groups(groups) => groups.len(),
        }
    }

    /// Adds an element; one without a key, where keys are needed, has an unknown one and is left out. `Err` is a key
    /// met before.
    fn add(&mut self, key: Option<Arc<str>>, value: Value) -> Result<(), Arc<str>> {
        match (self, key) {
            (Self::List(items), _) => items.push(value),
            (Self::Map(map), Some(key)) => {
                if map.insert(Arc::clone(&key), value).is_some() {
                    return Err(key);
                }
            }
            (Self::Groups(groups), Some(key)) => groups.entry(key).or_default().push(value),
            (Self::Map(_) | Self::Groups(_), None) => {}
        }
        Ok(())
    }

    fn finish(self) -> Value {
        match self {
            Self::List(items) => items.into(),
            Self::Map(map) => map.into(),
            Self::Groups(groups) => groups.into_iter().map(|(key, items)| (key, items.into())).collect::<Map>().into(),
        }
    }
}
