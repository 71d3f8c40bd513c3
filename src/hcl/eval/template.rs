//! Strings with interpolations and directives.

use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::{Expr, TemplatePart};
use crate::value::Value;

use super::{EvalError, EvalResult, Evaluator, Taint, to_bool, to_text};

impl<'a> Evaluator<'a> {
    pub(super) fn template(&mut self, parts: &'a [TemplatePart]) -> EvalResult {
        let mut text = String::new();
        let mut taint = Taint::default();
        self.parts(parts, &mut text, &mut taint)?;
        Ok(taint.mark(text.into()))
    }

    fn parts(&mut self, parts: &'a [TemplatePart], text: &mut String, taint: &mut Taint) -> Result<(), EvalError> {
        let mut failed = false;
        for part in parts {
            failed |= self.part(part, text, taint).is_err();
        }
        if failed { Err(EvalError) } else { Ok(()) }
    }

    fn part(&mut self, part: &'a TemplatePart, text: &mut String, taint: &mut Taint) -> Result<(), EvalError> {
        match part {
            TemplatePart::Literal(literal) => self.append(literal, Span::default(), text),
            TemplatePart::Interpolation(expr) => {
                let value = self.expr(expr)?;
                match taint.take(&value) {
                    Value::Unknown(_) => Ok(()),
                    plain => match to_text(plain) {
                        Ok(more) => self.append(&more, expr.span, text),
                        Err(fault) => self.fail(fault.at(expr.span)),
                    },
                }
            }
            TemplatePart::If(condition, yes, no) => self.if_part(condition, yes, no, text, taint),
            TemplatePart::For { key, value, collection, body } => {
                let span = collection.span;
                let Some(entries) = self.entries(collection, taint)? else { return Ok(()) };
                self.pay(entries.len(), 0, span)?;
                let mut failed = false;
                for (at, item) in entries {
                    let names = key.as_ref().map(|key| (&*key.text, at)).into_iter().chain([(&*value.text, item)]);
                    failed |= self.with_locals(names, |evaluator| evaluator.parts(body, text, taint)).is_err();
                    if failed {
                        break;
                    }
                }
                if failed { Err(EvalError) } else { Ok(()) }
            }
        }
    }

    fn if_part(
        &mut self,
        condition: &'a Expr,
        yes: &'a [TemplatePart],
        no: &'a [TemplatePart],
        text: &mut String,
        taint: &mut Taint,
    ) -> Result<(), EvalError> {
        let value = self.expr(condition)?;
        match taint.take(&value) {
            Value::Unknown(_) => {
                // Either text may be the one, so what both wait for counts; their faults may never be met.
                for branch in [yes, no] {
                    if let Ok(value) = self.quietly(|evaluator| evaluator.template(branch)) {
                        taint.take(&value);
                    }
                }
                Ok(())
            }
            plain => match to_bool(plain) {
                Ok(taken) => self.parts(if taken { yes } else { no }, text, taint),
                Err(fault) => self.fail(fault.at(condition.span)),
            },
        }
    }

    fn append(&mut self, more: &str, span: Span, text: &mut String) -> Result<(), EvalError> {
        self.pay(0, more.len(), span)?;
        text.push_str(more);
        if text.len() > super::MAX_STRING_BYTES {
            let why = format!("A string may have {} bytes.", super::MAX_STRING_BYTES);
            return self.fail(Diagnostic::error("too-large", "this text becomes too long").at(span).why(why));
        }
        Ok(())
    }
}
