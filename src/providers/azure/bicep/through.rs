//! The expression for a mark in a body: unchanged, or translated as the table translates values.

use serde_json::Value as Json;

use super::code::{Code, TextPiece};
use super::marks::ArgumentMark;
use crate::hcl::ast::{Expr, ExprKind};
use crate::kinds::{Lit, Ty, Wire};
use crate::value::{Number, Value};

/// Expression for a mark in a body, where the value without marks is `plain`.
pub(super) fn through(mark: &ArgumentMark, plain: &Json) -> Option<Code> {
    let code = mark.code.clone();
    if *plain == mark.value {
        return Some(code);
    }
    // Translate both branches of a condition on the failover.
    if let Code::If(parts) = &code {
        let [condition, yes, no] = &**parts;
        let of = |code: &Code| match mark.wire {
            Wire::Mapped(_, pairs) => {
                pairs.iter().find(|(from, _)| Code::json(&from.json()) == *code).map(|(_, to)| Code::json(&to.json()))
            }
            Wire::Text(_) => Some(Code::Call("string", vec![code.clone()])),
            _ => None,
        };
        if let (Some(yes), Some(no)) = (of(yes), of(no)) {
            return Some(Code::If(Box::new([condition.clone(), yes, no])));
        }
    }
    match (mark.wire, &mark.value) {
        (Wire::Mapped(_, pairs), Json::Bool(_)) => {
            let to = |bool: bool| {
                pairs.iter().find(|(from, _)| *from == Lit::Bool(bool)).map(|(_, to)| Code::json(&to.json()))
            };
            Some(Code::If(Box::new([code, to(true)?, to(false)?])))
        }
        (Wire::Scaled(_, factor), Json::Number(number)) if plain.as_i64() == number.as_i64().map(|n| n * factor) => {
            Some(Code::Binary("*", Box::new([code, Code::Int(factor)])))
        }
        (Wire::Text(_), Json::Number(number)) if plain.as_str() == Some(&number.to_string()) => {
            Some(Code::Call("string", vec![code]))
        }
        // A duration of hours, minutes or seconds has the same units in both forms.
        (_, Json::String(text)) if plain.as_str() == Some(&format!("PT{}", text.to_uppercase())) => {
            let units = Code::Call("toUpper", vec![code]);
            Some(Code::Text(vec![TextPiece::Literal("PT".to_owned()), TextPiece::Code(units)]))
        }
        (Wire::Negated(_), Json::Bool(bool)) if *plain == Json::Bool(!bool) => Some(Code::Not(Box::new(code))),
        _ => None,
    }
}

/// The expression, converted to the type of the argument; `None` if Bicep has no such conversion.
pub(super) fn fitted(code: Code, raw: Option<&Value>, value: &Value) -> Option<Code> {
    let Some(raw) = raw else { return Some(code) };
    let (raw, value) = (raw.unmark().0, value.unmark().0);
    match (raw, value) {
        (Value::Unknown(_), _) => Some(code),
        (raw, value) if raw == value => Some(code),
        (Value::Number(Number::Int(_)), Value::String(_)) => Some(Code::Call("string", vec![code])),
        (Value::String(_), Value::Number(Number::Int(_))) => Some(Code::Call("int", vec![code])),
        (Value::String(_), Value::Bool(_)) => Some(Code::Call("bool", vec![code])),
        (Value::Bool(_), Value::String(_)) => Some(Code::If(Box::new([code, Code::text("true"), Code::text("false")]))),
        _ => None,
    }
}

/// `site.west` as the expression for its region.
pub(super) fn with_location(expr: &Expr) -> Option<Expr> {
    use crate::hcl::ast::{Ident, Root, TraversalStep};
    match &expr.kind {
        ExprKind::Traversal { root: Root::Name(name), steps }
            if &*name.text == "site" && matches!(steps.as_slice(), [_] | [_, TraversalStep::Index(_)]) =>
        {
            let location = TraversalStep::Attr(Ident { text: "location".into(), span: expr.span });
            let steps = steps.iter().cloned().chain([location]).collect();
            Some(Expr { kind: ExprKind::Traversal { root: Root::Name(name.clone()), steps }, span: expr.span })
        }
        _ => None,
    }
}

/// True for a literal text, or a local or variable.
pub(super) fn is_text(expr: &Expr) -> bool {
    !matches!(expr.kind, ExprKind::Call { .. } | ExprKind::Conditional(_) | ExprKind::For(_))
}

/// True for a type that refers to resources.
pub(super) fn is_reference(ty: &Ty) -> bool {
    match ty {
        Ty::Ref(_) => true,
        Ty::List(inner) | Ty::Set(inner) | Ty::Map(inner) => is_reference(inner),
        _ => false,
    }
}

/// An expression without the parentheses around it.
pub(super) fn unwrapped(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Parens(inner) => unwrapped(inner),
        _ => expr,
    }
}
