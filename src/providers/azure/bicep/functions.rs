//! Functions of the stack's language in Bicep, where Bicep has an equivalent.

use super::code::{Code, ListItem, TextPiece, joined};
use super::express::BicepScope;
use crate::hcl::ast::{Expr, ExprKind, Root, TemplatePart, TraversalStep};
use crate::ranges::Cidr;
use crate::value::{Number, Value};

/// Functions with the same arguments and result: ours, Bicep's.
const SAME: &[(&str, &str)] = &[
    ("coalescelist", "coalesce"),
    ("flatten", "flatten"),
    ("index", "indexOf"),
    ("setintersection", "intersection"),
    ("setunion", "union"),
    ("strcontains", "contains"),
    ("urlencode", "uriComponent"),
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
        // Bicep's `union` merges nested objects, which `shallowMerge` replaces.
        ("merge", 2..) => {
            let all = args.iter().map(|arg| frame.express(arg)).collect::<Option<Vec<_>>>()?;
            match (0..args.len()).all(|at| value(at).is_some_and(|value| is_flat(&value))) {
                true => Some(Code::Call("union", all)),
                false => Some(Code::Call("shallowMerge", vec![list(all)])),
            }
        }
        // The compiler warns of a length that might be negative, except that of `take`.
        ("trimsuffix", 2) => {
            let (text, end) = (arg(0)?, arg(1)?);
            let left = Code::Binary("-", Box::new([length(text.clone()), length(end.clone())]));
            let without = Code::Call("take", vec![text.clone(), left]);
            Some(Code::If(Box::new([Code::Call("endsWith", vec![text.clone(), end]), without, text])))
        }
        ("trimprefix", 2) => {
            let (text, start) = (arg(0)?, arg(1)?);
            let without = Code::Call("skip", vec![text.clone(), length(start.clone())]);
            Some(Code::If(Box::new([Code::Call("startsWith", vec![text.clone(), start]), without, text])))
        }
        ("substr", 3) => {
            let rest = match arg(1)? {
                Code::Int(0) => arg(0)?,
                Code::Int(..0) => return None,
                start => Code::Call("skip", vec![arg(0)?, start]),
            };
            match arg(2)? {
                Code::Int(..0) => Some(rest),
                count => Some(Code::Call("take", vec![rest, count])),
            }
        }
        ("slice", 3) => {
            let count = less(arg(2)?, arg(1)?);
            Some(Code::Call("take", vec![Code::Call("skip", vec![arg(0)?, arg(1)?]), count]))
        }
        ("element", 2) => {
            let at = Code::Binary("%", Box::new([arg(1)?, length(arg(0)?)]));
            Some(arg(0)?.index(at))
        }
        ("distinct", 1) => Some(Code::Call("union", vec![arg(0)?, list(Vec::new())])),
        // A set has no order, so that only repeats matter.
        ("toset", 1) => match (&args[0].kind, arg(0)?) {
            (_, code @ Code::List(_)) => Some(code),
            (ExprKind::For(_), code) => Some(code),
            (_, code) => Some(Code::Call("union", vec![code, list(Vec::new())])),
        },
        ("tolist" | "tomap" | "nonsensitive", 1) => arg(0),
        ("sort", 1) => {
            let (left, right) = (frame.emitter.bound("left"), frame.emitter.bound("right"));
            let sides = [Code::Bound(left.clone()), Code::Bound(right.clone())];
            let order = Code::Lambda(vec![left, right], Box::new(Code::Binary("<", Box::new(sides))));
            Some(Code::Call("sort", vec![arg(0)?, order]))
        }
        ("compact", 1) => {
            let is_there = Code::Not(Box::new(Code::Call("empty", vec![Code::Bound("one".to_owned())])));
            Some(Code::Call("filter", vec![arg(0)?, Code::Lambda(vec!["one".to_owned()], Box::new(is_there))]))
        }
        ("setsubtract", 2) => {
            let is_in = Code::Call("contains", vec![arg(1)?, Code::Bound("one".to_owned())]);
            let keeps = Code::Lambda(vec!["one".to_owned()], Box::new(Code::Not(Box::new(is_in))));
            Some(Code::Call("filter", vec![arg(0)?, keeps]))
        }
        // The first that is neither null nor empty.
        ("coalesce", 1..) => {
            let mut all = args.iter().map(|arg| frame.express(arg)).collect::<Option<Vec<_>>>()?;
            let last = all.pop()?;
            let choose = |other: Code, one: Code| {
                let is_empty = Code::Call("empty", vec![one.clone()]);
                Code::If(Box::new([is_empty, other, one]))
            };
            let is_text =
                |at| matches!(value(at), Some(value) if matches!(value.unmark().0, Value::String(_) | Value::Null));
            (0..args.len()).all(is_text).then(|| all.into_iter().rev().fold(last, choose))
        }
        ("alltrue", 1) => Some(Code::Not(Box::new(Code::Call("contains", vec![arg(0)?, Code::Bool(false)])))),
        ("anytrue", 1) => Some(Code::Call("contains", vec![arg(0)?, Code::Bool(true)])),
        ("basename", 1) => Some(Code::Call("last", vec![Code::Call("split", vec![arg(0)?, Code::text("/")])])),
        ("cidrnetmask", 1) => Some(Code::Call("parseCidr", vec![arg(0)?]).get("netmask")),
        ("tobool", 1) => match value(0)?.unmark().0 {
            Value::Bool(_) => arg(0),
            Value::String(_) => Some(Code::Call("bool", vec![arg(0)?])),
            _ => None,
        },
        // An attribute that some entries lack.
        ("try", 2) => {
            let ExprKind::Traversal { root, steps } = &args[0].kind else { return None };
            let (TraversalStep::Attr(name), before) = steps.split_last()? else { return None };
            let whole =
                Expr { kind: ExprKind::Traversal { root: root.clone(), steps: before.to_vec() }, span: args[0].span };
            matches!(frame.value(&whole)?.unmark().0, Value::Map(_)).then_some(())?;
            Some(Code::Else(Box::new(frame.express(&whole)?), name.text.to_string(), Box::new(arg(1)?)))
        }
        ("keys", 1) => Some(of_items(arg(0)?, "key")),
        ("values", 1) => Some(of_items(arg(0)?, "value")),
        ("lookup", 3) => Some(Code::Else(Box::new(arg(0)?), arg(1)?.literal()?.to_owned(), Box::new(arg(2)?))),
        ("jsonencode", 1) if value(0).is_some_and(|value| !value.sensitive_within()) => match arg(0)? {
            code @ (Code::Object(_) | Code::List(_) | Code::Call(..)) => {
                Some(Code::Call("string", vec![in_order(code)]))
            }
            _ => None,
        },
        ("range", 1) => Some(Code::Call("range", vec![Code::Int(0), arg(0)?])),
        // Bicep takes a count in place of the end.
        ("range", 2) => Some(Code::Call("range", vec![arg(0)?, less(arg(1)?, arg(0)?)])),
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
                Some(text) => Code::Int(i64::from(Cidr::parse(text).ok()?.length()) + bits),
                None => {
                    let own = Code::Call("parseCidr", vec![range.clone()]).get("cidr");
                    Code::Binary("+", Box::new([own, Code::Int(bits)]))
                }
            };
            Some(Code::Call("cidrSubnet", vec![range, own, arg(2)?]))
        }
        // Bicep counts from the first usable address.
        ("cidrhost", 2) => match value(1)? {
            Value::Number(Number::Int(at)) if at >= 1 => {
                Some(Code::Call("cidrHost", vec![arg(0)?, less(arg(1)?, Code::Int(1))]))
            }
            _ => None,
        },
        _ => None,
    }
}

fn list(items: Vec<Code>) -> Code {
    Code::List(items.into_iter().map(ListItem::One).collect())
}

fn length(of: Code) -> Code {
    Code::Call("length", vec![of])
}

/// A difference, without what both sides have.
fn less(of: Code, by: Code) -> Code {
    match (of, by) {
        (Code::Int(of), Code::Int(by)) => Code::Int(of - by),
        (of, Code::Int(0)) => of,
        (Code::Binary("+", sides), Code::Int(by)) if matches!(sides[1], Code::Int(_)) => {
            let [one, more] = *sides;
            match more {
                Code::Int(more) if more == by => one,
                Code::Int(more) => Code::Binary("+", Box::new([one, Code::Int(more - by)])),
                _ => one,
            }
        }
        (Code::Binary("+", sides), Code::Int(by)) if matches!(sides[0], Code::Int(_)) => {
            let [first, other] = *sides;
            let first = match first {
                Code::Int(first) => Code::Int(first - by),
                first => first,
            };
            Code::Binary("+", Box::new([first, other]))
        }
        (of, by) => Code::Binary("-", Box::new([of, by])),
    }
}

/// An object as JSON has its names in order.
fn in_order(code: Code) -> Code {
    code.map(&|code| match code {
        Code::Object(mut entries) => {
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            Code::Object(entries)
        }
        other => other,
    })
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

/// `format` with nothing but `%s`, `%d` and `%%` in it, and widths as in `%02d`.
fn format(frame: &BicepScope<'_, '_>, args: &[Expr]) -> Option<Code> {
    let [pattern, rest @ ..] = args else { return None };
    let ExprKind::String(pattern) = &pattern.kind else { return None };
    let mut rest = rest.iter();
    let mut pieces = Vec::new();
    let mut left = &**pattern;
    while let Some((before, after)) = left.split_once('%') {
        pieces.push(TextPiece::Literal(before.to_owned()));
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (width, after) = after.split_at(digits);
        let verb = after.chars().next()?;
        left = &after[verb.len_utf8()..];
        if verb == '%' && width.is_empty() {
            pieces.push(TextPiece::Literal("%".to_owned()));
            continue;
        }
        let arg = rest.next()?;
        // The value of a name that a `for` binds is not known here; `%d` takes nothing but numbers.
        let fits = match frame.value(arg) {
            None => verb == 'd',
            Some(known) => matches!(
                (verb, known.unmark().0),
                ('s', Value::String(_) | Value::Unknown(_)) | ('s' | 'd', Value::Number(Number::Int(_)))
            ),
        };
        let code = fits.then(|| frame.express(arg)).flatten()?;
        pieces.push(TextPiece::Code(match (width, verb) {
            ("", _) => code,
            (width, 'd') if width.starts_with('0') => {
                Code::Call("padLeft", vec![code, Code::Int(width.parse().ok()?), Code::text("0")])
            }
            (width, _) => Code::Call("padLeft", vec![code, Code::Int(width.parse().ok()?)]),
        }));
    }
    pieces.push(TextPiece::Literal(left.to_owned()));
    let mut pieces = joined(pieces);
    // A lone number that is filled up is a text already.
    if let [TextPiece::Code(Code::Call("padLeft", _))] = pieces.as_slice()
        && let Some(TextPiece::Code(code)) = pieces.pop()
    {
        return Some(code);
    }
    Some(Code::Text(pieces))
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
