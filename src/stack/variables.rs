//! Variables: their declarations, the values they are given, and the types these are held to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::hcl::ast::{Block, Expr, ExprKind, Ident, Root};
use crate::hcl::{self, Files, Key, Scope};
use crate::stack::Variable;
use crate::stack::program::Program;
use crate::stack::read::GivenVariable;
use crate::value::{Map, Number, Value};

/// A type that a variable declares.
#[derive(Debug, Clone, PartialEq)]
enum Type {
    Any,
    String,
    Number,
    Bool,
    List(Box<Type>),
    Map(Box<Type>),
    Object(Vec<(Arc<str>, Type)>),
}

/// Gives every declared variable its value.
pub(super) fn give(program: &mut Program, given: &[GivenVariable], sources: &mut Sources, found: &mut Diagnostics) {
    let mut last: HashMap<&str, &GivenVariable> = HashMap::new();
    for one in given {
        if !program.variable_blocks.contains_key(one.name.as_str()) {
            if one.is_from_environment() {
                continue;
            }
            let known = program.variable_blocks.keys().map(|name| &**name);
            found.push(
                Diagnostic::error(
                    "unknown-variable",
                    format!("the stack has no variable `{}`, given {}", one.name, one.origin),
                )
                .suggest(&one.name, known, Some("Declare it: `variable \"…\" {}`.".to_owned())),
            );
        }
        last.insert(&one.name, one);
    }
    let blocks: Vec<(Arc<str>, Arc<Block>)> =
        program.variable_blocks.iter().map(|(name, block)| (Arc::clone(name), Arc::clone(block))).collect();
    for (name, block) in blocks {
        let variable = declare(&name, &block, last.get(&*name).copied(), sources, found);
        program.variables.insert(name, variable);
    }
}

fn declare(
    name: &Arc<str>,
    block: &Block,
    given: Option<&GivenVariable>,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Variable {
    let mut ty = Type::Any;
    let (mut sensitive, mut description, mut default) = (false, None, None);
    for attribute in &block.body.attributes {
        match &*attribute.name.text {
            "type" => match parse_type(&attribute.expr) {
                Some(parsed) => ty = parsed,
                None => found.push(
                    Diagnostic::error("wrong-type", "this is no type")
                        .at(attribute.expr.span)
                        .help("Write string, number, bool, any, list(…), set(…), map(…) or object({ … })."),
                ),
            },
            "default" => default = constant(&attribute.expr, found).map(|value| (value, attribute.expr.span)),
            "sensitive" => {
                sensitive = constant(&attribute.expr, found).is_some_and(|value| value == Value::Bool(true));
            }
            "description" => {
                description = constant(&attribute.expr, found).and_then(|value| value.as_str().map(str::to_owned));
            }
            other => found.push(
                Diagnostic::error("unknown-argument", format!("a variable has no argument `{other}`"))
                    .at(attribute.name.span)
                    .suggest(other, ["type", "default", "sensitive", "description"], None),
            ),
        }
    }
    for inner in &block.body.blocks {
        found.push(
            Diagnostic::error("unknown-argument", format!("a variable has no block `{}`", inner.ident.text))
                .at(inner.ident.span),
        );
    }
    let value = match (given, default) {
        (Some(given), _) => given_value(name, given, &ty, sensitive, block.header, sources, found),
        (None, Some((value, span))) => convert(&ty, &value).unwrap_or_else(|wanted| {
            found.push(Diagnostic::error("wrong-value", format!("the default of `{name}` is not {wanted}")).at(span));
            Value::Null
        }),
        (None, None) => {
            found.push(
                Diagnostic::error("missing-variable", format!("the variable `{name}` has no value"))
                    .at(block.header)
                    .why("It has no default, so a value has to be given.")
                    .help(format!(
                        "Give it in one of three ways:\n--var {name}=VALUE\n--vars FILE, where FILE holds `{name} = VALUE`\nthe environment variable DRPLAN_VAR_{name}"
                    )),
            );
            Value::Null
        }
    };
    let value = if sensitive { value.sensitive() } else { value };
    Variable { value, sensitive, description, span: block.header }
}

fn given_value(
    name: &str,
    given: &GivenVariable,
    ty: &Type,
    sensitive: bool,
    header: Span,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Value {
    // A bare text is a string; anything else is an expression, as in Terraform.
    let parsed = if *ty == Type::String || (*ty == Type::Any && !looks_like_expression(&given.text)) {
        Ok(Value::from(given.text.as_str()))
    } else {
        let file = sources.add(format!("<{name}, given {}>", given.origin), given.text.as_str());
        hcl::parse_expression(&given.text, file).and_then(|expr| hcl::evaluate(&expr, &Constants))
    };
    let wrong = |wanted: &str| {
        let shown = if sensitive { String::new() } else { format!(": `{}`", given.text) };
        Diagnostic::error("wrong-value", format!("`{name}`, given {}, is not {wanted}{shown}", given.origin))
            .at(header)
            .label("declared here")
    };
    match parsed.map(|value| convert(ty, &value)) {
        Ok(Ok(value)) => value,
        Ok(Err(wanted)) => {
            found.push(wrong(&wanted));
            Value::Null
        }
        Err(_) => {
            found.push(wrong(&spell(ty)).help("Write it as in the stack: strings in quotes, lists in brackets."));
            Value::Null
        }
    }
}

fn looks_like_expression(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(['[', '{', '"']) || matches!(text, "true" | "false" | "null") || text.parse::<f64>().is_ok()
}

fn parse_type(expr: &Expr) -> Option<Type> {
    match &expr.kind {
        ExprKind::Traversal { root: Root::Name(name), steps } if steps.is_empty() => match &*name.text {
            "string" => Some(Type::String),
            "number" => Some(Type::Number),
            "bool" => Some(Type::Bool),
            "any" => Some(Type::Any),
            "list" | "set" => Some(Type::List(Box::new(Type::Any))),
            "map" => Some(Type::Map(Box::new(Type::Any))),
            _ => None,
        },
        ExprKind::Call { name, args, expand: false } => match (&*name.text, args.as_slice()) {
            ("list" | "set", [item]) => Some(Type::List(Box::new(parse_type(item)?))),
            ("map", [item]) => Some(Type::Map(Box::new(parse_type(item)?))),
            ("optional", [item, ..]) => parse_type(item),
            ("object", [Expr { kind: ExprKind::Object(entries), .. }]) => entries
                .iter()
                .map(|(key, value)| match &key.kind {
                    ExprKind::String(name) => Some((Arc::clone(name), parse_type(value)?)),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()
                .map(Type::Object),
            _ => None,
        },
        _ => None,
    }
}

fn spell(ty: &Type) -> String {
    match ty {
        Type::Any => "a value".to_owned(),
        Type::String => "a string".to_owned(),
        Type::Number => "a number".to_owned(),
        Type::Bool => "true or false".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::Map(_) => "a map".to_owned(),
        Type::Object(fields) => {
            let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
            format!("an object with {}", names.join(", "))
        }
    }
}

fn convert(ty: &Type, value: &Value) -> Result<Value, String> {
    let wrong = || spell(ty);
    match (ty, value) {
        (_, Value::Null) | (Type::Any, _) => Ok(value.clone()),
        (Type::String, Value::String(_)) | (Type::Number, Value::Number(_)) | (Type::Bool, Value::Bool(_)) => {
            Ok(value.clone())
        }
        (Type::String, Value::Number(number)) => Ok(number.to_string().into()),
        (Type::String, Value::Bool(bool)) => Ok(bool.to_string().into()),
        (Type::Number, Value::String(text)) => match text.parse::<i64>() {
            Ok(int) => Ok(int.into()),
            Err(_) => text.parse().ok().and_then(Number::from_f64).map(Value::Number).ok_or_else(wrong),
        },
        (Type::Bool, Value::String(text)) => match &**text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(wrong()),
        },
        (Type::List(item), Value::List(items)) => {
            items.iter().map(|value| convert(item, value)).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        (Type::Map(item), Value::Map(map)) => map
            .iter()
            .map(|(key, value)| Ok((Arc::clone(key), convert(item, value)?)))
            .collect::<Result<Map, _>>()
            .map(Value::from),
        (Type::Object(fields), Value::Map(map)) => fields
            .iter()
            .map(|(name, ty)| {
                let value = map.get(name).cloned().unwrap_or(Value::Null);
                Ok((Arc::clone(name), convert(ty, &value)?))
            })
            .collect::<Result<Map, _>>()
            .map(Value::from),
        _ => Err(wrong()),
    }
}

/// The value of an expression that names nothing.
pub(super) fn constant(expr: &Expr, found: &mut Diagnostics) -> Option<Value> {
    match hcl::evaluate(expr, &Constants) {
        Ok(value) => Some(value),
        Err(problems) => {
            found.extend(problems);
            None
        }
    }
}

/// A scope without names and files.
struct Constants;

impl Scope for Constants {
    fn resolve(&self, root: &Ident, _: &[(Key, Span)]) -> Result<(Value, usize), Diagnostic> {
        Err(Diagnostic::error("constant-expected", format!("`{}` cannot be named here", root.text))
            .at(root.span)
            .why("This is needed before anything else is evaluated.")
            .help("Write a plain value."))
    }

    fn files(&self) -> &dyn Files {
        self
    }
}

impl Files for Constants {
    fn bytes(&self, _: &str) -> Result<Option<Arc<[u8]>>, String> {
        Err("files cannot be read here".to_owned())
    }
}
