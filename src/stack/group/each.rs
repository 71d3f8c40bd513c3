//! Blocks of a failover group, once or once for each key of `for_each`, and references to them.

use std::sync::Arc;

use super::GroupReader;
use crate::address::{Address, is_identifier};
use crate::diagnostic::Diagnostic;
use crate::hcl;
use crate::hcl::ast::{Expr, ExprKind, HclBlock, Root, TraversalStep};
use crate::stack::instance_errors::InstanceErrors;
use crate::stack::scope::EachInstance;
use crate::stack::written::for_each;
use crate::value::Value;

/// A name in `after`, `before` or `fallback_for`.
pub(super) enum Reference {
    /// A bare word: `route`, `"route"`.
    Word(Arc<str>),
    /// A block by its type and name: `step.scale` or `step.scale["east"]`.
    Block(Arc<str>),
}

/// The reason why an expression is no reference.
pub(super) enum ReferenceError {
    /// An error in its key has been reported.
    Reported,
    /// It is another expression.
    Other,
}

/// The name of one instance of a block: `web["east"]`.
pub(in crate::stack) fn instance_name(label: &str, key: &str) -> Arc<str> {
    Address::new("each", label).instance(key).own_name().into()
}

impl GroupReader<'_> {
    /// Reads a block once, or once for each key of its `for_each`. Inside, `each` is its own instance; a block without
    /// `for_each` sees that of the block around it. `wanted` chooses one by its name.
    pub(super) fn instances<T>(
        &mut self,
        block: &HclBlock,
        wanted: Option<&str>,
        mut read: impl FnMut(&mut Self, Arc<str>) -> Option<T>,
    ) -> Vec<T> {
        let Some(label) = self.label(block) else { return Vec::new() };
        let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted == name);
        if !block.body.is_repeated() {
            return if is_wanted(&label) { read(self, label).into_iter().collect() } else { Vec::new() };
        }
        drop(self.scope.take_touched());
        let attribute = block.body.attribute("for_each");
        let entries = attribute.and_then(|attribute| for_each(&attribute.expr, &self.scope, self.found));
        let needs = Arc::new(self.scope.take_touched());
        let outer = self.scope.each.take();
        let mut all = Vec::new();
        match entries {
            Some(entries) => {
                let mut merged = InstanceErrors::default();
                let named = entries.into_iter().map(|(key, value)| (instance_name(&label, &key), key, value));
                for (name, key, value) in named.filter(|(name, ..)| is_wanted(name)) {
                    let address = Address::new(&block.ident.text, &label).instance(&key);
                    let each = EachInstance { key: Value::String(key), value, needs: Arc::clone(&needs) };
                    self.scope.each = Some(each);
                    let before = std::mem::take(self.found);
                    all.extend(read(self, name));
                    merged.add(&address, std::mem::replace(self.found, before));
                }
                self.found.extend(merged.finish());
            }
            // One instance of unknown key and value shows the other errors of the block.
            None => {
                self.scope.each = Some(EachInstance { key: Value::told(), value: Value::told(), needs });
                read(self, Arc::clone(&label));
                self.undecided.insert(label);
            }
        }
        self.scope.each = outer;
        all
    }

    /// The one label of a block: its name.
    fn label(&mut self, block: &HclBlock) -> Option<Arc<str>> {
        let word = &block.ident.text;
        let (summary, span, help) = match block.labels.as_slice() {
            [label] if is_identifier(&label.text) => return Some(Arc::clone(&label.text)),
            [label] => (
                format!("invalid label \"{}\"", label.text),
                label.span,
                "Start with a letter, and use letters, digits, `-` and `_`.".to_owned(),
            ),
            _ => (
                format!("`{word}` takes one label, its name"),
                block.header,
                format!("Write `{word} \"name\" {{ … }}`."),
            ),
        };
        self.found.push(Diagnostic::error("wrong-labels", summary).at(span).help(help));
        None
    }

    /// Reports blocks of one type that have the same name.
    pub(super) fn repeated_names(&mut self, block: &HclBlock) {
        let inner = &block.body.blocks;
        for (at, second) in inner.iter().enumerate() {
            let [label] = second.labels.as_slice() else { continue };
            let is_same = |first: &&HclBlock| {
                first.ident.text == second.ident.text
                    && first.labels.first().is_some_and(|first| first.text == label.text)
            };
            if let Some(first) = inner.iter().take(at).find(is_same) {
                self.found.push(
                    Diagnostic::error(
                        "repeated-name",
                        format!("duplicate block `{} \"{}\"` in a failover group", second.ident.text, label.text),
                    )
                    .at(second.header)
                    .and(first.header, "the first")
                    .help("Give each its own name."),
                );
            }
        }
    }

    /// A reference to a block of the group, written as `root.name`, `root.name["key"]` or a bare word.
    pub(super) fn reference(&mut self, expr: &Expr, root: &str) -> Result<Reference, ReferenceError> {
        match &expr.kind {
            ExprKind::String(text) => Ok(Reference::Word(Arc::clone(text))),
            ExprKind::Traversal { root: Root::Name(name), steps } => match steps.as_slice() {
                [] => Ok(Reference::Word(Arc::clone(&name.text))),
                [TraversalStep::Attr(label)] if &*name.text == root => Ok(Reference::Block(Arc::clone(&label.text))),
                [TraversalStep::Attr(label), TraversalStep::Index(key)] if &*name.text == root => {
                    let (value, problems) = hcl::evaluate_partly(key, &self.scope);
                    self.found.extend(problems);
                    match hcl::eval::to_text(&value) {
                        _ if value.told_within() => Err(ReferenceError::Reported),
                        Ok(key) => Ok(Reference::Block(instance_name(&label.text, &key))),
                        Err(_) => Err(ReferenceError::Other),
                    }
                }
                _ => Err(ReferenceError::Other),
            },
            _ => Err(ReferenceError::Other),
        }
    }

    /// The names of the blocks that a name refers to: itself, or all instances of a block with `for_each`. `None` if
    /// there is none.
    pub(super) fn named<'n>(&self, name: &str, all: impl Iterator<Item = &'n Arc<str>>) -> Option<Vec<Arc<str>>> {
        let found = meant(name, all);
        let label = name.split('[').next().unwrap_or(name);
        (!found.is_empty() || self.undecided.contains(label)).then_some(found)
    }
}

/// The names that a name refers to: itself, or all instances of a block with `for_each`.
pub(super) fn meant<'n>(name: &str, all: impl Iterator<Item = &'n Arc<str>>) -> Vec<Arc<str>> {
    let is_meant = |one: &&Arc<str>| ***one == *name || one.strip_prefix(name).is_some_and(|key| key.starts_with('['));
    all.filter(is_meant).cloned().collect()
}
