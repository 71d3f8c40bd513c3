//! Arithmetic, comparison and logic.

use std::cmp::Ordering;

use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::{BinaryOp, Expr};
use crate::value::{Number, Value};

use super::{EvalError, EvalResult, Evaluator, Taint, UNMARK_WORK, to_bool, to_number};

impl<'a> Evaluator<'a> {
    pub(super) fn binary(&mut self, sides: &'a [Expr; 2], op: BinaryOp, op_span: Span) -> EvalResult {
        match op {
            BinaryOp::And => self.logic(sides, false),
            BinaryOp::Or => self.logic(sides, true),
            BinaryOp::Equal => self.equal(sides).map(|(equal, taint)| taint.mark(Value::Bool(equal))),
            BinaryOp::NotEqual => self.equal(sides).map(|(equal, taint)| taint.mark(Value::Bool(!equal))),
            BinaryOp::Less => self.compare(sides, Ordering::is_lt),
            BinaryOp::LessOrEqual => self.compare(sides, Ordering::is_le),
            BinaryOp::Greater => self.compare(sides, Ordering::is_gt),
            BinaryOp::GreaterOrEqual => self.compare(sides, Ordering::is_ge),
            BinaryOp::Add => self.arithmetic(sides, op_span, |a, b| decimal(i64::checked_add, |a, b| a + b, a, b)),
            BinaryOp::Subtract => self.arithmetic(sides, op_span, |a, b| decimal(i64::checked_sub, |a, b| a - b, a, b)),
            BinaryOp::Multiply => self.arithmetic(sides, op_span, |a, b| decimal(i64::checked_mul, |a, b| a * b, a, b)),
            BinaryOp::Divide => self.arithmetic(sides, op_span, divide),
            BinaryOp::Modulo => self.arithmetic(sides, op_span, modulo),
        }
    }

    fn both(&mut self, sides: &'a [Expr; 2]) -> Result<[Value; 2], EvalError> {
        let [left, right] = sides;
        let (left, right) = (self.expr(left), self.expr(right));
        Ok([left?, right?])
    }

    /// `&&` decides on `false`, `||` on `true`: the right side is evaluated only where the left one does not decide.
    fn logic(&mut self, sides: &'a [Expr; 2], decides: bool) -> EvalResult {
        let [left, right] = sides;
        let mut taint = Taint::default();
        let first = self.side(left, &mut taint)?;
        if first == Some(decides) {
            return Ok(taint.mark(Value::Bool(decides)));
        }
        let second = self.side(right, &mut taint)?;
        if second == Some(decides) {
            // Whatever the left side comes to be, this is the result.
            taint.unknown = None;
        }
        Ok(taint.mark(Value::Bool(if second == Some(decides) { decides } else { !decides })))
    }

    fn side(&mut self, side: &'a Expr, taint: &mut Taint) -> Result<Option<bool>, EvalError> {
        let value = self.expr(side)?;
        match taint.take(&value) {
            Value::Unknown(_) => Ok(None),
            plain => to_bool(plain).map(Some).or_else(|fault| self.fail(fault.at(side.span))),
        }
    }

    fn equal(&mut self, sides: &'a [Expr; 2]) -> Result<(bool, Taint), EvalError> {
        let values = self.both(sides)?;
        for (value, side) in values.iter().zip(sides) {
            if let Value::Block(address) = value.unmark().0 {
                return self.fail(
                    Diagnostic::error("wrong-type", "references cannot be compared")
                        .at(side.span)
                        .help(format!("Compare `{address}.id` or `{address}.name`.")),
                );
            }
        }
        let [left, right] = &values;
        let size = left.size().min(right.size());
        self.work(size / 8, sides[0].span)?;
        for side in [left, right] {
            let copied = if side.sensitive_within() { side.size() * UNMARK_WORK } else { 0 };
            self.work(copied, sides[0].span)?;
        }
        let mut taint = Taint::default();
        let (left, right) = (taint.take_within(left), taint.take_within(right));
        Ok((left == right, taint))
    }

    /// The two numbers, or `None` where one is unknown.
    fn numbers(&mut self, sides: &'a [Expr; 2], taint: &mut Taint) -> Result<Option<(Number, Number)>, EvalError> {
        let values = self.both(sides)?;
        let mut numbers = [None, None];
        let mut failed = false;
        for ((value, side), number) in values.iter().zip(sides).zip(&mut numbers) {
            match taint.take(value) {
                Value::Unknown(_) => {}
                plain => match to_number(plain) {
                    Ok(found) => *number = Some(found),
                    Err(fault) => {
                        failed = true;
                        self.errors.push(fault.at(side.span));
                    }
                },
            }
        }
        let [left, right] = numbers;
        if failed { Err(EvalError) } else { Ok(left.zip(right)) }
    }

    fn compare(&mut self, sides: &'a [Expr; 2], holds: fn(Ordering) -> bool) -> EvalResult {
        let mut taint = Taint::default();
        let numbers = self.numbers(sides, &mut taint)?;
        Ok(taint.mark(numbers.map_or(Value::Null, |(left, right)| Value::Bool(holds(order(left, right))))))
    }

    fn arithmetic(
        &mut self,
        sides: &'a [Expr; 2],
        op_span: Span,
        operation: impl FnOnce(Number, Number) -> Result<Number, Diagnostic>,
    ) -> EvalResult {
        let mut taint = Taint::default();
        let Some((left, right)) = self.numbers(sides, &mut taint)? else {
            return Ok(taint.mark(Value::Null));
        };
        match operation(left, right) {
            Ok(number) => Ok(taint.mark(Value::Number(number))),
            Err(fault) => self.fail(fault.at(op_span)),
        }
    }
}

/// Compares two numbers.
pub(crate) fn order(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => left.cmp(&right),
        // Neither is NaN, which the type says.
        _ => left.as_f64().total_cmp(&right.as_f64()),
    }
}

/// The number with the other sign.
pub(crate) fn negate(number: Number) -> Number {
    match number {
        Number::Int(int) => int.checked_neg().map_or(Number::Float(-(int as f64)), Number::Int),
        Number::Float(float) => Number::from_f64(-float).unwrap_or(number),
    }
}

/// The sum of two numbers.
///
/// # Errors
/// It is too large for a number; the caller adds where.
pub(crate) fn add(left: Number, right: Number) -> Result<Number, Diagnostic> {
    decimal(i64::checked_add, |a, b| a + b, left, right)
}

/// An operation that is exact for integers. Terraform counts in decimals of great precision, so the last digit of a
/// float, where binary and decimal fractions part, is rounded away: `0.1 + 0.2` is `0.3`.
fn decimal(
    exact: fn(i64, i64) -> Option<i64>,
    float: fn(f64, f64) -> f64,
    left: Number,
    right: Number,
) -> Result<Number, Diagnostic> {
    if let (Number::Int(left), Number::Int(right)) = (left, right)
        && let Some(int) = exact(left, right)
    {
        return Ok(Number::Int(int));
    }
    let result = float(left.as_f64(), right.as_f64());
    finite(format!("{result:.14e}").parse().unwrap_or(result))
}

fn divide(left: Number, right: Number) -> Result<Number, Diagnostic> {
    if right == Number::Int(0) {
        return Err(division_by_zero());
    }
    match (left, right) {
        (Number::Int(left), Number::Int(right)) if left.checked_rem(right) == Some(0) => {
            Ok(Number::Int(left.wrapping_div(right)))
        }
        _ => finite(left.as_f64() / right.as_f64()),
    }
}

fn modulo(left: Number, right: Number) -> Result<Number, Diagnostic> {
    if right == Number::Int(0) {
        return Err(division_by_zero());
    }
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => Ok(Number::Int(left.wrapping_rem(right))),
        _ => decimal(|_, _| None, |a, b| a % b, left, right),
    }
}

fn division_by_zero() -> Diagnostic {
    Diagnostic::error("division-by-zero", "division by zero").help("Write a conditional: `d == 0 ? 0 : n / d`.")
}

fn finite(float: f64) -> Result<Number, Diagnostic> {
    Number::from_f64(float)
        .ok_or_else(|| Diagnostic::error("too-large", "the result of this is too large for a number"))
}
