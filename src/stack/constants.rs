//! The reader of blocks that are evaluated before any resource: `stack`, `provider` and `site`.

use std::time::Duration;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::duration;
use crate::hcl::ast::{HclAttribute, Ident};
use crate::hcl::eval::Budget;
use crate::hcl::{self, Files, ReferenceKey, Scope};
use crate::kinds::Catalog;
use crate::stack::faults::{duration_error, unsupported};
use crate::stack::program::Program;
use crate::stack::scope::{BlockScope, Facts};
use crate::value::Value;

/// Variables, and locals that depend on nothing else: the only references in the `stack` block and in sites.
pub(super) struct ConstantScope<'a>(pub(super) BlockScope<'a>);

impl Scope for ConstantScope<'_> {
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        match (&*root.text, keys.first()) {
            ("local", Some((ReferenceKey::Attr(name), span))) if !self.0.facts.program.is_constant(name) => {
                Err(Diagnostic::error("constant-expected", format!("`local.{name}` must depend on variables only"))
                    .at(*span)
                    .why("The `stack` block and sites are evaluated before any resource.")
                    .help("Write a plain value, a variable, or a local that depends on variables only."))
            }
            ("var" | "local" | "each", _) => self.0.resolve(root, keys),
            // Reported when references were checked.
            _ => Ok((Value::told(), keys.len())),
        }
    }

    fn files(&self) -> &dyn Files {
        self.0.files()
    }

    fn budget(&self) -> Budget {
        self.0.budget()
    }
}

/// Reads blocks that are evaluated before any resource.
pub(super) struct ConstantReader<'a> {
    pub(super) scope: ConstantScope<'a>,
    pub(super) found: &'a mut Diagnostics,
}

impl<'a> ConstantReader<'a> {
    pub(super) fn new(facts: &'a Facts<'a>, found: &'a mut Diagnostics) -> Self {
        Self { scope: ConstantScope(BlockScope::new(facts, None)), found }
    }

    pub(super) fn program(&self) -> &'a Program {
        self.scope.0.facts.program
    }

    pub(super) fn catalog(&self) -> &'static Catalog {
        self.program().catalog
    }

    pub(super) fn report(&mut self, problem: Diagnostic) {
        self.found.push(problem);
    }

    pub(super) fn value(&mut self, attribute: &HclAttribute) -> Option<Value> {
        match hcl::evaluate(&attribute.expr, &self.scope) {
            Ok(Value::Null) => None,
            Ok(value) if value.told_within() => None,
            Ok(value) => Some(value),
            Err(problems) => {
                self.found.extend(problems);
                None
            }
        }
    }

    pub(super) fn text(&mut self, attribute: &HclAttribute) -> Option<String> {
        let value = self.value(attribute)?;
        if let Value::String(text) = &value {
            return Some(text.to_string());
        }
        self.wrong(attribute, if value.sensitive_within() { "a string that may be shown" } else { "a string" });
        None
    }

    pub(super) fn texts(&mut self, attribute: &HclAttribute) -> Vec<String> {
        match self.value(attribute) {
            Some(Value::List(items)) if items.iter().all(|item| matches!(item, Value::String(_))) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(_) => {
                self.wrong(attribute, "a list of strings");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    pub(super) fn duration(&mut self, attribute: &HclAttribute) -> Option<Duration> {
        let text = self.text(attribute)?;
        match duration::parse(&text) {
            Ok(duration) => Some(duration),
            Err(why) => {
                self.found.push(duration_error(&attribute.name, &why).at(attribute.expr.span));
                None
            }
        }
    }

    pub(super) fn wrong(&mut self, attribute: &HclAttribute, wanted: &str) {
        self.found.push(
            Diagnostic::error("wrong-value", format!("invalid value for `{}`: expected {wanted}", attribute.name.text))
                .at(attribute.expr.span),
        );
    }

    pub(super) fn unknown(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(unsupported("argument", of, name, known));
    }

    pub(super) fn unknown_block(&mut self, of: &str, name: &Ident, known: &[&str]) {
        self.found.push(unsupported("block", of, name, known));
    }
}
