//! The work that the text of a stack may cause. Everything that is evaluated together shares one budget, so that no
//! number of expressions adds up to more than one could do.
//!
//! A unit is about a nanosecond of an optimised build, or a byte that is kept. Amounts are exact and depend on the text
//! alone: the same stack is accepted or refused on every machine.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::TemplatePart;
use crate::hcl::functions::Pattern;

/// Maximum work of all expressions that are evaluated together, in units.
pub const MAX_WORK: usize = 256 * 1024 * 1024;
/// Units of an expression that is evaluated.
pub const EXPRESSION_WORK: usize = 32;
/// Units of an element that is made.
pub const ELEMENT_WORK: usize = 64;
/// Units for each byte of a value that becomes part of a resource, an output or a group: plans, reviews and emitted
/// code walk it several times.
pub const KEPT_WORK: usize = 4;
/// Units of an error, beside its text.
pub const FAULT_WORK: usize = 512;
/// Units for each byte of a value that is copied without its marks of sensitivity.
pub const UNMARK_WORK: usize = 4;
/// Units of a file that is read.
pub const FILE_WORK: usize = 100_000;
/// Units for each byte of a template that is parsed.
pub const TEMPLATE_WORK: usize = 64;
/// Units of an instance of a block, beside its expressions.
pub const INSTANCE_WORK: usize = 4096;
/// Units of an error in an instance of a block.
pub const ERROR_WORK: usize = 20_000;
/// Units of a failover group, beside its expressions.
pub const GROUP_WORK: usize = 100_000;
/// Units of a member of a failover group: every forecast has a step for it.
pub const MEMBER_WORK: usize = 4096;
/// Units of a member that another member of its failover group may wait for.
pub const WAIT_WORK: usize = 16;
/// Units of a dependency of one resource on another.
pub const DEPENDENCY_WORK: usize = 128;
/// Errors whose message suggests a name: each compares the name with all that are known.
const SUGGESTIONS: usize = 100;
/// Compiled patterns that are kept for the next use.
const PATTERNS: usize = 32;

/// The budget is used up.
pub struct Spent;

/// The remaining work that a stack may cause, and results that are kept so that no work is done twice.
#[derive(Clone, Default)]
pub struct Budget(Rc<Inner>);

struct Inner {
    used: Cell<usize>,
    limit: usize,
    /// The error of the expression that used it up.
    fault: RefCell<Option<Diagnostic>>,
    /// The most work of one expression, and its place.
    costliest: Cell<(usize, Span)>,
    suggestions: Cell<usize>,
    quiet: Cell<usize>,
    patterns: RefCell<HashMap<String, Rc<Pattern>>>,
    files: RefCell<HashMap<String, FileContent>>,
    templates: RefCell<HashMap<String, Rc<Vec<TemplatePart>>>>,
}

/// The answer of [`super::Files::bytes`].
type FileContent = Result<Option<Arc<[u8]>>, String>;

impl Default for Inner {
    fn default() -> Self {
        Self {
            used: Cell::new(0),
            limit: MAX_WORK,
            fault: RefCell::default(),
            costliest: Cell::default(),
            suggestions: Cell::new(SUGGESTIONS),
            quiet: Cell::new(0),
            patterns: RefCell::default(),
            files: RefCell::default(),
            templates: RefCell::default(),
        }
    }
}

impl Budget {
    /// A budget of so many units.
    pub fn new(limit: usize) -> Self {
        Self(Rc::new(Inner { limit, ..Inner::default() }))
    }

    /// Takes units.
    ///
    /// # Errors
    /// The budget is used up, now or before.
    pub fn charge(&self, units: usize) -> Result<(), Spent> {
        self.0.used.set(self.0.used.get().saturating_add(units));
        if self.is_spent() { Err(Spent) } else { Ok(()) }
    }

    /// Everything is used up. No error of an expression can be caught from then on.
    pub fn is_spent(&self) -> bool {
        self.0.used.get() > self.0.limit
    }

    /// The units taken so far.
    pub fn used(&self) -> usize {
        self.0.used.get()
    }

    /// The error of the expression that used it up, once it is.
    pub fn fault(&self) -> Option<Diagnostic> {
        self.0.fault.borrow().clone()
    }

    /// The error for the expression here, if it is the one that used the budget up.
    pub fn overdrawn(&self, at: Span) -> Option<Diagnostic> {
        let mut fault = self.0.fault.borrow_mut();
        if fault.is_some() {
            return None;
        }
        let (cost, place) = self.0.costliest.get();
        let share = cost.saturating_mul(100) / self.0.limit.max(1);
        let mut error = Diagnostic::error("too-large", "this stack takes too much work to evaluate")
            .at(at)
            .label("the limit is reached here")
            .why(format!(
                "All expressions of a stack together may cost {} million units. An element costs {ELEMENT_WORK}, a byte of text 1.",
                self.0.limit / 1_000_000
            ))
            .help("Create fewer or smaller values. Compute once in a local what several expressions need.");
        if share > 0 && place != at {
            error = error.and(place, format!("the most costly expression before: {share} % of the limit"));
        }
        *fault = Some(error.clone());
        Some(error)
    }

    /// The error that reports that everything is used up, if it is. `at`: the place where no expression used it up.
    pub fn refusal(&self, at: Span) -> Option<Diagnostic> {
        self.is_spent().then(|| self.overdrawn(at).or_else(|| self.fault())).flatten()
    }

    /// Notes the work of one expression, of which `before` units were used before it.
    pub(crate) fn note(&self, before: usize, at: Span) {
        let cost = self.0.used.get() - before;
        if cost > self.0.costliest.get().0 {
            self.0.costliest.set((cost, at));
        }
    }

    /// An error may suggest names. Errors that nobody sees never do.
    pub fn may_suggest(&self) -> bool {
        let left = self.0.suggestions.get();
        if self.0.quiet.get() > 0 || left == 0 {
            return false;
        }
        self.0.suggestions.set(left - 1);
        true
    }

    /// Evaluates something whose errors nobody sees.
    pub(crate) fn quietly<T>(&self, evaluate: impl FnOnce() -> T) -> T {
        self.0.quiet.set(self.0.quiet.get() + 1);
        let result = evaluate();
        self.0.quiet.set(self.0.quiet.get() - 1);
        result
    }

    /// The pattern of this text, compiled once.
    pub(crate) fn pattern<E>(
        &self,
        text: &str,
        compile: impl FnOnce() -> Result<Pattern, E>,
    ) -> Result<Rc<Pattern>, E> {
        let mut patterns = self.0.patterns.borrow_mut();
        if let Some(known) = patterns.get(text) {
            return Ok(Rc::clone(known));
        }
        let compiled = Rc::new(compile()?);
        if patterns.len() >= PATTERNS {
            patterns.clear();
        }
        patterns.insert(text.to_owned(), Rc::clone(&compiled));
        Ok(compiled)
    }

    /// The content of a file, read once.
    pub(crate) fn file(&self, path: &str, read: impl FnOnce() -> FileContent) -> Result<FileContent, Spent> {
        if let Some(known) = self.0.files.borrow().get(path) {
            return Ok(known.clone());
        }
        self.charge(FILE_WORK)?;
        let content = read();
        self.charge(content.iter().flatten().map(|bytes| bytes.len()).sum())?;
        self.0.files.borrow_mut().insert(path.to_owned(), content.clone());
        Ok(content)
    }

    /// The template in a file, parsed once.
    pub(crate) fn template<E>(
        &self,
        path: &str,
        parse: impl FnOnce() -> Result<Vec<TemplatePart>, E>,
    ) -> Result<Rc<Vec<TemplatePart>>, E> {
        if let Some(known) = self.0.templates.borrow().get(path) {
            return Ok(Rc::clone(known));
        }
        let parts = Rc::new(parse()?);
        self.0.templates.borrow_mut().insert(path.to_owned(), Rc::clone(&parts));
        Ok(parts)
    }
}
