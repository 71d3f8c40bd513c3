//! Expressions to values: our own evaluator, so that every error has a place, and so that unknown and sensitive values are
//! carried by every operation.
//!
//! What is unknown makes unknown what hangs on it, joined and never guessed; what is sensitive makes its result sensitive.
//! Faults of independent parts are all collected. Names are looked up in a [`Scope`]; this module knows no block and no
//! kind. Semantics are Terraform's, with three stated differences: the branch of a conditional that is not taken is not
//! evaluated, branches and list items may be of different types, and numbers are 64-bit integers or floats.

mod collections;
mod convert;
mod operators;
mod steps;
mod taint;
mod template;

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::value::{Map, Value};

use super::ast::{Expr, ExprKind, Ident, Part, UnaryOp};
use super::functions;

pub(crate) use convert::{mismatch, to_bool, to_number, to_text};
pub(crate) use operators::{add, order};
pub(crate) use taint::Taint;

/// The longest string that an expression may make, in bytes.
pub const MAX_STRING_BYTES: usize = 4 * 1024 * 1024;
/// The most elements that a collection made by an expression may have.
pub const MAX_ELEMENTS: usize = 100_000;
/// The most work that one expression may cause: a byte of text made is one unit, an element sixteen.
const MAX_WORK: usize = 64 * 1024 * 1024;
/// What an element costs of [`MAX_WORK`].
const ELEMENT_WORK: usize = 16;

/// One step of a reference, its expression evaluated.
#[derive(Debug, Clone, PartialEq)]
pub enum Key {
    /// `.name`.
    Attr(Arc<str>),
    /// `[index]`: a known string or number, without a mark of sensitivity.
    Index(Value),
}

/// Where names get their values.
pub trait Scope {
    /// The value of the longest prefix of a reference that the scope knows, and how many keys that took. `keys` holds where each stands.
    ///
    /// # Errors
    /// What is wrong with the name or with one of the keys; without a place it is put at the name.
    fn resolve(&self, root: &Ident, keys: &[(Key, Span)]) -> Result<(Value, usize), Diagnostic>;

    /// The files that `file` and its like may read.
    fn files(&self) -> &dyn Files;

    /// Whether this is the inside of a template file, which cannot call for another one.
    fn is_template(&self) -> bool {
        false
    }
}

/// The files inside the stack directory.
pub trait Files {
    /// The bytes of a file, by its relative path with forward slashes; the path has no `..` in it. `Ok(None)` where there is no such file.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String>;
}

/// The value of an expression.
///
/// # Errors
/// Everything that is wrong with it, each fault where it stands.
pub fn evaluate(expr: &Expr, scope: &dyn Scope) -> Result<Value, Diagnostics> {
    Evaluator::new(scope).run(|evaluator| evaluator.expr(expr))
}

/// The value of a template read by [`super::parse_template`]: a string, or any value where the template is one interpolation.
///
/// # Errors
/// Everything that is wrong with it, each fault where it stands.
pub fn evaluate_template(parts: &[Part], scope: &dyn Scope) -> Result<Value, Diagnostics> {
    Evaluator::new(scope).run(|evaluator| match parts {
        [Part::Interpolation(expr)] => evaluator.expr(expr),
        parts => evaluator.template(parts),
    })
}

/// What went wrong has been reported already.
pub(crate) struct Failed;

/// The value, or a fault that has been reported.
pub(crate) type Evaluated = Result<Value, Failed>;

/// One evaluation.
pub(crate) struct Evaluator<'a> {
    pub(crate) scope: &'a dyn Scope,
    /// Names bound by `for`, the innermost last.
    locals: Vec<(&'a str, Value)>,
    errors: Diagnostics,
    work: usize,
}

impl<'a> Evaluator<'a> {
    fn new(scope: &'a dyn Scope) -> Self {
        Self { scope, locals: Vec::new(), errors: Diagnostics::new(), work: 0 }
    }

    fn run(mut self, evaluate: impl FnOnce(&mut Self) -> Evaluated) -> Result<Value, Diagnostics> {
        match evaluate(&mut self) {
            Ok(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }

    /// Reports a fault.
    pub(crate) fn fail<T>(&mut self, diagnostic: Diagnostic) -> Result<T, Failed> {
        self.errors.push(diagnostic);
        Err(Failed)
    }

    /// Pays for elements and bytes that are made.
    ///
    /// # Errors
    /// Too much has been made by this expression.
    pub(crate) fn pay(&mut self, elements: usize, bytes: usize, span: Span) -> Result<(), Failed> {
        self.work = self.work.saturating_add(elements.saturating_mul(ELEMENT_WORK)).saturating_add(bytes);
        let why = if elements > MAX_ELEMENTS {
            format!("A collection may have {MAX_ELEMENTS} elements.")
        } else if bytes > MAX_STRING_BYTES {
            format!("A string may have {MAX_STRING_BYTES} bytes.")
        } else if self.work > MAX_WORK {
            "One expression may make some four million elements or 64 MiB of text on its way.".to_owned()
        } else {
            return Ok(());
        };
        self.fail(
            Diagnostic::error("too-large", "the value of this expression is too large")
                .at(span)
                .why(why)
                .help("Make less at once, for instance with a condition or in several locals."),
        )
    }

    /// The value of any expression.
    pub(crate) fn expr(&mut self, expr: &'a Expr) -> Evaluated {
        match &expr.kind {
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Bool(bool) => Ok(Value::Bool(*bool)),
            ExprKind::Number(number) => Ok(Value::Number(*number)),
            ExprKind::String(text) => Ok(Value::String(Arc::clone(text))),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::List(items) => self.list(items),
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

    fn list(&mut self, items: &'a [Expr]) -> Evaluated {
        self.all(items).map(Value::from)
    }

    /// The values of independent expressions; all their faults are reported.
    pub(crate) fn all(&mut self, exprs: &'a [Expr]) -> Result<Vec<Value>, Failed> {
        let values: Vec<Evaluated> = exprs.iter().map(|expr| self.expr(expr)).collect();
        values.into_iter().collect()
    }

    fn object(&mut self, entries: &'a [(Expr, Expr)], span: Span) -> Evaluated {
        let mut map = Map::new();
        let mut keys = Taint::default();
        let mut failed = false;
        for (key_expr, value_expr) in entries {
            let key = self.expr(key_expr).and_then(|key| self.key_text(&key, key_expr.span, &mut keys));
            let value = self.expr(value_expr);
            match (key, value) {
                (Ok(Some(key)), Ok(value)) => {
                    map.insert(key, value);
                }
                // An unknown key makes the whole object unknown; what its value waits for goes with it.
                (Ok(None), Ok(value)) => {
                    keys.take_within(&value);
                }
                _ => failed = true,
            }
        }
        self.pay(map.len(), 0, span)?;
        if failed { Err(Failed) } else { Ok(keys.mark(map.into())) }
    }

    /// The text of a key; `None` where it is unknown, which `taint` then says.
    pub(crate) fn key_text(&mut self, key: &Value, span: Span, taint: &mut Taint) -> Result<Option<Arc<str>>, Failed> {
        match taint.take(key) {
            Value::Unknown(_) => Ok(None),
            plain => to_text(plain).map(Some).or_else(|fault| self.fail(fault.at(span))),
        }
    }

    fn unary(&mut self, op: UnaryOp, side: &'a Expr) -> Evaluated {
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

    fn conditional(&mut self, sides: &'a [Expr; 3]) -> Evaluated {
        let [condition, yes, no] = sides;
        let value = self.expr(condition)?;
        let mut taint = Taint::default();
        let plain = taint.take(&value);
        if taint.unknown.is_some() {
            // Either branch may be the one, so what both wait for counts; a branch that fails may never be taken.
            for branch in [yes, no] {
                if let Ok(value) = self.quietly(|evaluator| evaluator.expr(branch)) {
                    taint.take_within(&value);
                }
            }
            return Ok(taint.mark(Value::Null));
        }
        match to_bool(plain) {
            Ok(taken) => self.expr(if taken { yes } else { no }).map(|value| taint.mark(value)),
            Err(fault) => self.fail(fault.at(condition.span)),
        }
    }

    /// Evaluates and takes back what was reported. `Err` holds that.
    fn quietly(&mut self, evaluate: impl FnOnce(&mut Self) -> Evaluated) -> Result<Value, Diagnostics> {
        let before = std::mem::take(&mut self.errors);
        let result = evaluate(self);
        let found = std::mem::replace(&mut self.errors, before);
        result.map_err(|Failed| found)
    }

    fn call_try(&mut self, args: &'a [Expr], span: Span) -> Evaluated {
        let mut sensitive = false;
        let mut faults = Diagnostics::new();
        for arg in args {
            match self.quietly(|evaluator| evaluator.expr(arg)) {
                Ok(value) => return Ok(if sensitive { value.sensitive() } else { value }),
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
        self.fail(fault.help("Let the last argument be a value that cannot fail."))
    }

    fn call_can(&mut self, args: &'a [Expr], span: Span) -> Evaluated {
        let [arg] = args else {
            return self.fail(Diagnostic::error("bad-argument", "`can` takes one argument").at(span));
        };
        let mut taint = Taint::default();
        let able = match self.quietly(|evaluator| evaluator.expr(arg)) {
            Ok(value) => {
                taint.take_within(&value);
                true
            }
            Err(_) => {
                taint.sensitive = self.reads_sensitive(arg);
                false
            }
        };
        Ok(taint.mark(Value::Bool(able)))
    }

    /// Whether an expression that failed reads something sensitive: then its failing says something of that.
    fn reads_sensitive(&mut self, expr: &'a Expr) -> bool {
        let mut references = Vec::new();
        expr.visit_references(&mut |name, steps, span| references.push((name, steps, span)));
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
