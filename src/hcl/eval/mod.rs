//! Expressions to values: our own evaluator, so that every error has a place, and so that unknown and sensitive
//! values are carried by every operation.
//!
//! An unknown operand makes the result unknown, never guessed; a sensitive operand makes it sensitive.
//! Errors of independent parts are all collected. Names are looked up in a [`Scope`]; this module knows no block and no
//! kind. Semantics are Terraform's, with three stated differences: the branch of a conditional that is not taken is not
//! evaluated, branches and list items may be of different types, and numbers are 64-bit integers or floats.

mod budget;
mod collections;
mod convert;
mod operators;
mod steps;
mod taint;
mod template;

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::value::{Map, Value};

use super::ast::{Expr, ExprKind, Ident, TemplatePart, UnaryOp};
use super::functions;

pub use budget::{
    Budget, DEPENDENCY_WORK, ELEMENT_WORK, ERROR_WORK, EXPRESSION_WORK, FAULT_WORK, FILE_WORK, GROUP_WORK,
    INSTANCE_WORK, KEPT_WORK, MAX_WORK, MEMBER_WORK, Spent, TEMPLATE_WORK, UNMARK_WORK, WAIT_WORK,
};
pub(crate) use convert::{mismatch, to_bool, to_number, to_text};
pub(crate) use operators::{add, order};
pub(crate) use taint::Taint;

/// Maximum length of a string that an expression makes, in bytes.
pub const MAX_STRING_BYTES: usize = 4 * 1024 * 1024;
/// Maximum number of elements of a collection that an expression makes.
pub const MAX_ELEMENTS: usize = 100_000;
/// Maximum size of a value in bytes, each shared part counted wherever it appears.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;
/// Maximum levels of lists and maps within one another in a value.
pub const MAX_DEPTH: usize = 128;

/// One step of a reference, its expression evaluated.
#[derive(Debug, Clone, PartialEq)]
pub enum ReferenceKey {
    /// `.name`.
    Attr(Arc<str>),
    /// `[index]`: a known string or number, without a mark of sensitivity.
    Index(Value),
}

/// The source of the values of names.
pub trait Scope {
    /// The value of the longest prefix of a reference that the scope knows, and how many keys that took. `keys` holds
    /// where each stands.
    ///
    /// # Errors
    /// What is wrong with the name or with one of the keys; without a place it is put at the name.
    fn resolve(&self, root: &Ident, keys: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic>;

    /// The files that `file` and its like may read.
    fn files(&self) -> &dyn Files;

    /// The remaining work that the stack may cause. Without it, each evaluation has a budget of its own.
    fn budget(&self) -> Budget {
        Budget::default()
    }

    /// The evaluation of an element of a list or map begins.
    fn begin_part(&self) {}

    /// It ends, and the element has this key or position; `None` where that is unknown.
    fn end_part(&self, _key: Option<&str>) {}

    /// Ends the parts: the value is no list or map of the elements since, but was made from them.
    fn join_parts(&self) {}

    /// Turns the part that was begun into the collection of a `for`.
    fn begin_elements(&self) {}

    /// The `for` takes the element with this key or position.
    fn element(&self, _key: &str) {}

    /// The `for` ends.
    fn end_elements(&self) {}

    /// This is the inside of a template file, which cannot call another one.
    fn is_template(&self) -> bool {
        false
    }
}

/// The files inside the stack directory.
pub trait Files {
    /// The bytes of a file, by its relative path with forward slashes; the path has no `..` in it. `Ok(None)` where
    /// there is no such file.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String>;
}

/// A stack directory without other files: one in memory, one that was imported, or one made from a state.
#[derive(Debug, Clone, Copy)]
pub struct NoFiles;

impl Files for NoFiles {
    fn bytes(&self, _: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(None)
    }
}

/// The value of an expression.
///
/// # Errors
/// Everything that is wrong with it, each fault where it stands.
pub fn evaluate(expr: &Expr, scope: &dyn Scope) -> Result<Value, Diagnostics> {
    Evaluator::new(scope, expr.span).run(|evaluator| evaluator.expr(expr))
}

/// The value of an expression as far as it can be evaluated, and every error in it. Elements of lists and objects
/// that have an error are [`Value::told`], so that the others are still checked. The value becomes part of the stack,
/// which costs [`KEPT_WORK`].
pub fn evaluate_partly(expr: &Expr, scope: &dyn Scope) -> (Value, Diagnostics) {
    let mut evaluator = Evaluator::new(scope, expr.span);
    let value = evaluator.expr(expr).and_then(|value| {
        evaluator.work(value.size().saturating_mul(KEPT_WORK), expr.span)?;
        Ok(value)
    });
    evaluator.end();
    (value.unwrap_or_else(|EvalError| Value::told()), evaluator.errors)
}

/// The value of a template read by [`super::parse_template`]: a string, or any value where the template is one
/// interpolation.
///
/// # Errors
/// Everything that is wrong with it, each fault where it stands.
pub fn evaluate_template(parts: &[TemplatePart], scope: &dyn Scope) -> Result<Value, Diagnostics> {
    Evaluator::new(scope, Span::default()).run(|evaluator| match parts {
        [TemplatePart::Interpolation(expr)] => evaluator.expr(expr),
        parts => evaluator.template(parts),
    })
}

/// An error that has been reported already.
pub(crate) struct EvalError;

/// The value, or a fault that has been reported.
pub(crate) type EvalResult = Result<Value, EvalError>;

/// One evaluation.
pub(crate) struct Evaluator<'a> {
    pub(crate) scope: &'a dyn Scope,
    /// Names bound by `for`, the innermost last.
    locals: Vec<(&'a str, Value)>,
    errors: Diagnostics,
    pub(crate) budget: Budget,
    /// The place of the whole, and the work that was done before it.
    whole: (Span, usize),
}

impl<'a> Evaluator<'a> {
    fn new(scope: &'a dyn Scope, whole: Span) -> Self {
        let budget = scope.budget();
        let whole = (whole, budget.used());
        Self { scope, locals: Vec::new(), errors: Diagnostics::new(), budget, whole }
    }

    fn end(&self) {
        self.budget.note(self.whole.1, self.whole.0);
    }

    fn run(mut self, evaluate: impl FnOnce(&mut Self) -> EvalResult) -> Result<Value, Diagnostics> {
        let result = evaluate(&mut self);
        self.end();
        match result {
            Ok(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }

    /// Reports a fault.
    pub(crate) fn fail<T>(&mut self, diagnostic: Diagnostic) -> Result<T, EvalError> {
        let told = diagnostic.summary.len() + diagnostic.help.as_ref().map_or(0, String::len);
        self.work(FAULT_WORK + told, diagnostic.span.unwrap_or_default())?;
        self.errors.push(diagnostic);
        Err(EvalError)
    }

    /// Takes units of the budget.
    ///
    /// # Errors
    /// The budget is used up, which is reported once.
    pub(crate) fn work(&mut self, units: usize, span: Span) -> Result<(), EvalError> {
        self.budget.charge(units).map_err(|Spent| {
            // Texts within a template have no place of their own.
            let place = if span == Span::default() { self.whole.0 } else { span };
            // Within a template file it is reported at the call, since nothing else has a place in the stack.
            if !self.scope.is_template() {
                self.errors.extend(self.budget.overdrawn(place));
            }
            EvalError
        })
    }

    /// Counts elements and bytes that are made.
    ///
    /// # Errors
    /// Too much has been made by this expression.
    pub(crate) fn pay(&mut self, elements: usize, bytes: usize, span: Span) -> Result<(), EvalError> {
        self.work(elements.saturating_mul(ELEMENT_WORK).saturating_add(bytes), span)?;
        let why = if elements > MAX_ELEMENTS {
            format!("The maximum for a collection is {MAX_ELEMENTS} elements.")
        } else if bytes > MAX_STRING_BYTES {
            format!("The maximum for a string is {MAX_STRING_BYTES} bytes.")
        } else {
            return Ok(());
        };
        self.too_large(why, span)
    }

    fn too_large<T>(&mut self, why: String, span: Span) -> Result<T, EvalError> {
        self.fail(
            Diagnostic::error("too-large", "the value of this expression is too large")
                .at(span)
                .why(why)
                .help("Create fewer elements at once, for instance with a condition or in several locals."),
        )
    }

    /// A value within the limits of all values, which bound every later walk over it.
    fn bounded(&mut self, value: Value, span: Span) -> EvalResult {
        if let Value::Unknown(unknown) = &value {
            self.work(unknown.waits_for.len() * ELEMENT_WORK, span)?;
        }
        let size = value.size();
        if size > MAX_VALUE_BYTES {
            let why = format!(
                "A value may have {MAX_VALUE_BYTES} bytes. Each element has 16, in addition to its text; a shared part counts wherever it appears."
            );
            return self.too_large(why, span);
        }
        if value.depth() > MAX_DEPTH {
            return self.too_large(format!("Lists and maps may be within one another {MAX_DEPTH} levels deep."), span);
        }
        Ok(value)
    }

    /// The value of any expression.
    pub(crate) fn expr(&mut self, expr: &'a Expr) -> EvalResult {
        self.work(EXPRESSION_WORK, expr.span)?;
        let value = self.expr_of_kind(expr)?;
        match &expr.kind {
            // Elements keep their own references, and so does what a name stands for.
            ExprKind::List(_)
            | ExprKind::Object(_)
            | ExprKind::For(_)
            | ExprKind::Conditional(_)
            | ExprKind::Traversal { .. }
            | ExprKind::Parens(_) => {}
            _ => self.scope.join_parts(),
        }
        match &expr.kind {
            // Its value was bounded where it was made.
            ExprKind::Traversal { .. } | ExprKind::Parens(_) => Ok(value),
            _ => self.bounded(value, expr.span),
        }
    }

    fn expr_of_kind(&mut self, expr: &'a Expr) -> EvalResult {
        match &expr.kind {
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Bool(bool) => Ok(Value::Bool(*bool)),
            ExprKind::Number(number) => Ok(Value::Number(*number)),
            ExprKind::String(text) => Ok(Value::String(Arc::clone(text))),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::List(items) => self.list(items, expr.span),
            ExprKind::Object(entries) => self.object(entries, expr.span),
            ExprKind::Traversal { root, steps } => self.traversal(root, steps, expr.span),
            ExprKind::Call { name, args, expand } => match &*name.text {
                "try" => self.call_try(args, expr.span),
                "can" => self.call_can(args, expr.span),
                _ => functions::call(self, name, args, *expand, expr.span),
            },
            ExprKind::Conditional(sides) => self.conditional(sides),
            ExprKind::Binary(sides, op, op_span) => self.binary(sides, *op, *op_span),
            ExprKind::Unary(op, side) => self.unary(*op, side),
            ExprKind::For(each) => self.for_expr(each, expr.span),
            ExprKind::Parens(inner) => self.expr(inner),
        }
    }

    fn list(&mut self, items: &'a [Expr], span: Span) -> EvalResult {
        self.work(items.len() * ELEMENT_WORK, span)?;
        let mut values = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            self.scope.begin_part();
            values.push(self.expr(item).unwrap_or_else(|EvalError| Value::told()));
            self.scope.end_part(Some(&at.to_string()));
        }
        Ok(values.into())
    }

    /// The values of independent expressions; all their faults are reported.
    pub(crate) fn all(&mut self, exprs: &'a [Expr]) -> Result<Vec<Value>, EvalError> {
        let values: Vec<EvalResult> = exprs.iter().map(|expr| self.expr(expr)).collect();
        values.into_iter().collect()
    }

    fn object(&mut self, entries: &'a [(Expr, Expr)], span: Span) -> EvalResult {
        let mut map = Map::new();
        let mut keys = Taint::default();
        let mut failed = false;
        for (key_expr, value_expr) in entries {
            self.scope.begin_part();
            let key = self.expr(key_expr).and_then(|key| self.key_text(&key, key_expr.span, &mut keys));
            let value = self.expr(value_expr).unwrap_or_else(|EvalError| Value::told());
            self.scope.end_part(key.as_ref().ok().and_then(Option::as_deref));
            match key {
                Ok(Some(key)) => {
                    map.insert(key, value);
                }
                // An unknown key makes the whole object unknown, until its value is known, too.
                Ok(None) => {
                    keys.note_within(&value);
                }
                Err(EvalError) => failed = true,
            }
        }
        self.pay(map.len(), 0, span)?;
        if failed { Err(EvalError) } else { Ok(keys.mark(map.into())) }
    }

    /// The text of a key; `None` where it is unknown, which `taint` then says.
    pub(crate) fn key_text(
        &mut self,
        key: &Value,
        span: Span,
        taint: &mut Taint,
    ) -> Result<Option<Arc<str>>, EvalError> {
        match taint.take(key) {
            Value::Unknown(_) => Ok(None),
            plain => to_text(plain).map(Some).or_else(|fault| self.fail(fault.at(span))),
        }
    }

    fn unary(&mut self, op: UnaryOp, side: &'a Expr) -> EvalResult {
        let value = self.expr(side)?;
        let mut taint = Taint::default();
        let plain = taint.take(&value);
        if taint.unknown.is_some() {
            return Ok(taint.mark(Value::Null));
        }
        let result = match op {
            UnaryOp::Not => to_bool(plain).map(|bool| Value::Bool(!bool)),
            UnaryOp::Negate => to_number(plain).map(|number| Value::Number(operators::negate(number))),
        };
        result.map(|value| taint.mark(value)).or_else(|fault| self.fail(fault.at(side.span)))
    }

    fn conditional(&mut self, sides: &'a [Expr; 3]) -> EvalResult {
        let [condition, yes, no] = sides;
        let value = self.expr(condition)?;
        self.scope.join_parts();
        let mut taint = Taint::default();
        let plain = taint.take(&value);
        if taint.unknown.is_some() {
            // Either branch may be the one, so what both wait for counts; a branch that fails may never be taken.
            for branch in [yes, no] {
                if let Ok(value) = self.quietly(|evaluator| evaluator.expr(branch)) {
                    taint.note_within(&value);
                }
            }
            return Ok(taint.mark(Value::Null));
        }
        match to_bool(plain) {
            Ok(taken) => self.expr(if taken { yes } else { no }).map(|value| taint.mark(value)),
            Err(fault) => self.fail(fault.at(condition.span)),
        }
    }

    /// Evaluates without reporting: `Err` holds the errors.
    fn quietly(&mut self, evaluate: impl FnOnce(&mut Self) -> EvalResult) -> Result<Value, Diagnostics> {
        let before = std::mem::take(&mut self.errors);
        let result = self.budget.clone().quietly(|| evaluate(self));
        let found = std::mem::replace(&mut self.errors, before);
        if self.budget.is_spent() {
            // Nothing catches this error.
            self.errors.extend(found);
            return Err(Diagnostics::new());
        }
        match result {
            Ok(value) if found.is_empty() => Ok(value),
            _ => Err(found),
        }
    }

    fn call_try(&mut self, args: &'a [Expr], span: Span) -> EvalResult {
        let mut sensitive = false;
        let mut faults = Diagnostics::new();
        for arg in args {
            match self.quietly(|evaluator| evaluator.expr(arg)) {
                Ok(value) => return Ok(if sensitive { value.sensitive() } else { value }),
                Err(_) if self.budget.is_spent() => return Err(EvalError),
                Err(found) => {
                    sensitive |= self.reads_sensitive(arg);
                    faults.extend(found);
                }
            }
        }
        let mut fault = Diagnostic::error("bad-argument", "no argument of `try` could be evaluated").at(span);
        for found in faults {
            if let Some(place) = found.span {
                fault = fault.and(place, found.summary);
            }
        }
        self.fail(fault.help("Write a last argument that cannot fail."))
    }

    fn call_can(&mut self, args: &'a [Expr], span: Span) -> EvalResult {
        let [arg] = args else {
            return self.fail(Diagnostic::error("bad-argument", "`can` takes one argument").at(span));
        };
        let mut taint = Taint::default();
        let able = match self.quietly(|evaluator| evaluator.expr(arg)) {
            Ok(value) => {
                taint.note_within(&value);
                true
            }
            Err(_) if self.budget.is_spent() => return Err(EvalError),
            Err(_) => {
                taint.sensitive = self.reads_sensitive(arg);
                false
            }
        };
        Ok(taint.mark(Value::Bool(able)))
    }

    /// An expression that failed reads something sensitive, so that its failure reveals something of it.
    fn reads_sensitive(&mut self, expr: &'a Expr) -> bool {
        let mut references = Vec::new();
        expr.visit_references(&mut |name, steps, span| references.push((name, steps, span)));
        if self.work(references.len() * EXPRESSION_WORK, expr.span).is_err() {
            return false;
        }
        references.into_iter().any(|(name, steps, span)| {
            let value = self.quietly(|evaluator| evaluator.reference(name, steps, span));
            // A reference that cannot be followed to its end is followed as far as its name.
            let value = value.or_else(|_| self.quietly(|evaluator| evaluator.reference(name, &[], span)));
            value.is_ok_and(|value| value.sensitive_within())
        })
    }

    /// Binds names for the time of one evaluation.
    fn with_locals<T>(
        &mut self,
        locals: impl IntoIterator<Item = (&'a str, Value)>,
        evaluate: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = self.locals.len();
        self.locals.extend(locals);
        let result = evaluate(self);
        self.locals.truncate(outer);
        result
    }
}

#[cfg(test)]
mod tests;
