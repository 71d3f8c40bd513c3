//! Functions of the stack's language in Bicep, where Bicep has an equivalent.

use super::code::{Code, TextPiece, joined};
use super::express::BicepScope;
use crate::hcl::ast::{Expr, ExprKind, Root, TemplatePart};
use crate::value::{Number, Value};

/// Functions with the same arguments and result: ours, Bicep's.
const SAME: &[(&str, &str)] = &[
    ("upper", "toUpper"),
    ("lower", "toLower"),
    ("trimspace", "trim"),
    ("length", "length"),
    ("contains", "contains"),
    ("concat", "concat"),
    ("startswith", "startsWith"),
    ("endswith", "endsWith"),
    ("base64encode", "base64"),
    ("base64decode", "base64ToString"),
    ("min", "min"),
    ("max", "max"),
    ("substr", "substring"),
];

/// A call in Bicep; `None` if Bicep has no equivalent.
pub(super) fn call(frame: &BicepScope<'_, '_>, name: &str, args: &[Expr]) -> Option<Code> {
    let arg = |at: usize| frame.express(args.get(at)?);
    let value = |at: usize| frame.value(args.get(at)?);
    if let Some((_, bicep)) = SAME.iter().find(|(ours, _)| *ours == name) {
        return Some(Code::Call(bicep, args.iter().map(|arg| frame.express(arg)).collect::<Option<_>>()?));
    }
    match (name, args.len()) {
        ("join", 2) => Some(Code::Call("join", vec![arg(1)?, arg(0)?])),
        ("split", 2) => Some(Code::Call("split", vec![arg(1)?, arg(0)?])),
        // A pattern between slashes is a regular expression.
        ("replace", 3) if !value(1)?.as_str()?.starts_with('/') => {
            Some(Code::Call("replace", vec![arg(0)?, arg(1)?, arg(2)?]))
        }
        // Bicep's `union` merges nested objects.
        ("merge", 2..) if (0..args.len()).all(|at| value(at).is_some_and(|value| is_flat(&value))) => {
            Some(Code::Call("union", args.iter().map(|arg| frame.express(arg)).collect::<Option<_>>()?))
        }
        ("trimsuffix", 2) => {
            let (text, end) = (arg(0)?, arg(1)?);
            let length = |of: &Code| Code::Call("length", vec![of.clone()]);
            let left = Code::Binary("-", Box::new([length(&text), length(&end)]));
            let without = Code::Call("substring", vec![text.clone(), Code::Int(0), left]);
            Some(Code::If(Box::new([Code::Call("endsWith", vec![text.clone(), end]), without, text])))
        }
        ("keys", 1) => Some(of_items(arg(0)?, "key")),
        ("values", 1) => Some(of_items(arg(0)?, "value")),
        ("lookup", 3) => Some(Code::Else(Box::new(arg(0)?), arg(1)?.literal()?.to_owned(), Box::new(arg(2)?))),
        ("range", 1) => Some(Code::Call("range", vec![Code::Int(0), arg(0)?])),
        ("tostring", 1) => match value(0)?.unmark().0 {
            Value::String(_) => arg(0),
            Value::Number(Number::Int(_)) => Some(Code::Call("string", vec![arg(0)?])),
            _ => None,
        },
        ("tonumber", 1) => match value(0)?.unmark().0 {
            Value::Number(Number::Int(_)) => arg(0),
            Value::String(_) => Some(Code::Call("int", vec![arg(0)?])),
            _ => None,
        },
        ("format", 1..) => format(frame, args),
        ("file", 1) => Some(Code::Call("loadTextContent", vec![read(frame, args)?])),
        ("templatefile", 2) => template(frame, args),
        ("filebase64", 1) => Some(Code::Call("loadFileAsBase64", vec![read(frame, args)?])),
        ("cidrsubnet", 3) => {
            let range = arg(0)?;
            let bits: i64 = match value(1)? {
                Value::Number(bits) => bits.as_i64()?,
                _ => return None,
            };
            let own = match range.literal() {
                Some(text) => Code::Int(text.split_once('/')?.1.parse::<i64>().ok()? + bits),
                None => {
                    let own = Code::Call("parseCidr", vec![range.clone()]).get("cidr");
                    Code::Binary("+", Box::new([own, Code::Int(bits)]))
                }
            };
            Some(Code::Call("cidrSubnet", vec![range, own, arg(2)?]))
        }
        // Bicep counts from the first usable address.
        ("cidrhost", 2) => match value(1)? {
            Value::Number(Number::Int(at)) if at >= 1 => Some(Code::Call("cidrHost", vec![arg(0)?, Code::Int(at - 1)])),
            _ => None,
        },
        _ => None,
    }
}

fn of_items(code: Code, what: &str) -> Code {
    let each = Code::Lambda(vec!["one".to_owned()], Box::new(Code::Bound("one".to_owned()).get(what)));
    Code::Call("map", vec![Code::Call("items", vec![code]), each])
}

fn is_flat(value: &Value) -> bool {
    match value.unmark().0 {
        Value::Map(map) => map.values().all(|value| !matches!(value.unmark().0, Value::Map(_) | Value::List(_))),
        _ => false,
    }
}

/// `format` with nothing but `%s`, `%d` and `%%` in it.
fn format(frame: &BicepScope<'_, '_>, args: &[Expr]) -> Option<Code> {
    let [pattern, rest @ ..] = args else { return None };
    let ExprKind::String(pattern) = &pattern.kind else { return None };
    let mut rest = rest.iter();
    let mut pieces = Vec::new();
    let mut left = &**pattern;
    while let Some((before, after)) = left.split_once('%') {
        pieces.push(TextPiece::Literal(before.to_owned()));
        let verb = after.chars().next()?;
        left = &after[verb.len_utf8()..];
        if verb == '%' {
            pieces.push(TextPiece::Literal("%".to_owned()));
            continue;
        }
        let arg = rest.next()?;
        let known = frame.value(arg)?;
        let fits = matches!(
            (verb, known.unmark().0),
            ('s', Value::String(_) | Value::Unknown(_)) | ('s' | 'd', Value::Number(Number::Int(_)))
        );
        pieces.push(TextPiece::Code(fits.then(|| frame.express(arg)).flatten()?));
    }
    pieces.push(TextPiece::Literal(left.to_owned()));
    Some(Code::Text(joined(pieces)))
}

/// A filled template: read from its file with names replaced, or written out if it contains more than names.
fn template(frame: &BicepScope<'_, '_>, args: &[Expr]) -> Option<Code> {
    let [path, Expr { kind: ExprKind::Object(entries), .. }] = args else { return None };
    let ExprKind::String(name) = &path.kind else { return None };
    let bytes = frame.emitter.stack.program.reader.bytes(name.trim_start_matches("./")).ok().flatten()?;
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    let mut given = Vec::new();
    for (key, value) in entries {
        let ExprKind::String(key) = &key.kind else { return None };
        given.push((key.to_string(), value));
    }
    if text.contains("%{") || text.contains("$${") {
        let parts = crate::hcl::parse_template(&text, 0).ok()?;
        return Some(Code::Text(joined(filled(frame, &parts, &given)?)));
    }
    let mut code = Code::Call("loadTextContent", vec![read(frame, std::slice::from_ref(path))?]);
    let names: Vec<&str> = text.split("${").skip(1).map(|rest| rest.split('}').next().unwrap_or_default()).collect();
    for name in names.iter().enumerate().filter(|(at, name)| !names[..*at].contains(name)).map(|(_, name)| *name) {
        let (_, value) = given.iter().find(|(key, _)| key == name)?;
        code = Code::Call("replace", vec![code, Code::text(format!("${{{name}}}")), as_text(frame, value)?]);
    }
    Some(code)
}

/// A value as text in a template; `None` if Bicep formats it differently.
fn as_text(frame: &BicepScope<'_, '_>, value: &Expr) -> Option<Code> {
    let code = frame.express(value)?;
    match frame.value(value)?.unmark().0 {
        Value::String(_) | Value::Unknown(_) => Some(code),
        Value::Number(Number::Int(_)) => Some(Code::Call("string", vec![code])),
        _ => None,
    }
}

/// The parts of a template with values inserted. Loops over list literals are unrolled.
fn filled(frame: &BicepScope<'_, '_>, parts: &[TemplatePart], given: &[(String, &Expr)]) -> Option<Vec<TextPiece>> {
    let bound = |expr: &Expr| -> Option<Code> {
        let mut inner = frame.clone();
        for (name, value) in given {
            let mut is_named = false;
            expr.visit_references(&mut |other, _, _| is_named |= *other.text == **name);
            if is_named {
                let before = frame.emitter.budget().used();
                let code = as_text(frame, value)?;
                inner = inner.with(name, code, frame.emitter.budget().used() - before);
            }
        }
        inner.express(expr)
    };
    let mut pieces = Vec::new();
    for part in parts {
        match part {
            TemplatePart::Literal(text) => pieces.push(TextPiece::Literal(text.to_string())),
            TemplatePart::Interpolation(expr) => pieces.push(TextPiece::Code(bound(expr)?)),
            TemplatePart::For { key: None, value, collection, body } => {
                let ExprKind::Traversal { root: Root::Name(name), steps } = &collection.kind else { return None };
                let (_, list) = given.iter().find(|(other, _)| *other == *name.text).filter(|_| steps.is_empty())?;
                let ExprKind::List(items) = &list.kind else { return None };
                for item in items {
                    let mut inner = given.to_vec();
                    inner.retain(|(other, _)| *other != *value.text);
                    inner.push((value.text.to_string(), item));
                    pieces.extend(filled(frame, body, &inner)?);
                }
            }
            TemplatePart::If(..) | TemplatePart::For { .. } => return None,
        }
    }
    Some(pieces)
}

/// Path of a file to read, which is copied beside the code.
fn read(frame: &BicepScope<'_, '_>, args: &[Expr]) -> Option<Code> {
    let [Expr { kind: ExprKind::String(path), .. }] = args else { return None };
    let path = path.trim_start_matches("./");
    let bytes = frame.emitter.stack.program.reader.bytes(path).ok().flatten()?;
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    frame.emitter.read.borrow_mut().insert(path.to_owned(), text);
    Some(Code::text(path))
}
