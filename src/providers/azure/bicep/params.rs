//! Parameters with their types, defaults and descriptions, and parameter files.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::code::{Code, FileInput};
use super::emitter::BicepEmitter;
use super::express::BicepScope;
use super::modules::BicepIndex;
use super::print::Printer;
use super::text::{indent, key, quoted};
use crate::address::Address;
use crate::hcl::ast::{Body, Expr, ExprKind, TraversalStep};
use crate::stack::variables::{Field, VariableType};
use crate::stack::{ENVIRONMENT, Variable};
use crate::value::{Number, Value};

/// A parameter with its description; `default`: ` = …`, if it has one.
pub(super) fn param(emitter: &BicepEmitter<'_>, given: &FileInput, default: Option<String>) -> String {
    let name = emitter.name_of(given);
    let mut out = String::new();
    if environment(emitter, given).is_some() {
        out += "@secure()\n";
    }
    let _ = writeln!(out, "@description({})", quoted(&described(emitter, given)));
    let _ = writeln!(out, "param {name} {}{}", type_of(emitter, given), default.unwrap_or_default());
    out
}

fn described(emitter: &BicepEmitter<'_>, given: &FileInput) -> String {
    match given {
        FileInput::Variable(name) => {
            let own = emitter.stack.variables.get(name.as_str()).and_then(|one| one.description.clone());
            own.unwrap_or_else(|| used(emitter, "var", name))
        }
        FileInput::Local(name) => used(emitter, "local", name),
        FileInput::Site(site) => format!("Region of site {site}."),
        FileInput::Tags => "Tags of every resource.".to_owned(),
        FileInput::Active => "True while the second region is in use: creates the failover-only resources.".to_owned(),
        FileInput::Secret(name) => {
            format!("Secret: {}.", emitter.secrets.borrow().owner(name).unwrap_or(name.as_str()))
        }
        FileInput::Operator(name) => {
            format!("Name of the administrator's account on {}.", name.trim_end_matches("-admin-username"))
        }
        FileInput::GroupName(group) => format!("Name of resource group {}.", group.name()),
    }
}

/// Description of an input of the stack: the first arguments that have its value.
fn used(emitter: &BicepEmitter<'_>, root: &str, name: &str) -> String {
    let program = &emitter.stack.program;
    let refers = |expr: &Expr| {
        let mut found = false;
        expr.visit_references(&mut |of, steps, _| {
            found |=
                *of.text == *root && matches!(steps.first(), Some(TraversalStep::Attr(label)) if *label.text == *name);
        });
        found
    };
    let mut all = Vec::new();
    for (address, definition) in &program.definitions {
        let mut found = Vec::new();
        uses(&definition.block.body, &refers, "", &mut found);
        all.extend(found.into_iter().map(|path| format!("{path} of {address}")));
    }
    let locals = program.locals.iter().filter(|(_, local)| refers(&local.attribute.expr));
    all.extend(locals.map(|(name, _)| format!("local.{name}")));
    match all.as_slice() {
        [] => format!("The {} {name}.", if root == "var" { "variable" } else { "local" }),
        [one] => format!("Sets {one}."),
        [one, other] => format!("Sets {one} and {other}."),
        [one, other, more @ ..] => format!("Sets {one}, {other} and {} more.", more.len()),
    }
}

/// Arguments of a block, by dotted path, whose expressions refer to something.
fn uses(body: &Body, refers: &dyn Fn(&Expr) -> bool, path: &str, found: &mut Vec<String>) {
    let own = body.attributes.iter().filter(|one| refers(&one.expr));
    found.extend(own.map(|one| match &*one.name.text {
        "for_each" => {
            format!("the instances of {path}").trim_end_matches([' ', '.']).trim_end_matches(" of").to_owned()
        }
        name => format!("{path}{name}"),
    }));
    for block in &body.blocks {
        uses(&block.body, refers, &format!("{path}{}.", block.ident.text), found);
    }
}

/// Type of an input in Bicep.
fn type_of(emitter: &BicepEmitter<'_>, given: &FileInput) -> String {
    match given {
        FileInput::Variable(name) => emitter.stack.variables.get(name.as_str()).map_or_else(
            || "string".to_owned(),
            |variable| match &variable.ty {
                VariableType::Any => shaped(&variable.value, None, 0),
                ty => typed(ty, 0),
            },
        ),
        FileInput::Local(name) => {
            let local = emitter.stack.program.locals.get(name.as_str());
            let value = local.and_then(|local| BicepScope::new(emitter, None).value(&local.attribute.expr));
            let expr = local.map(|local| &*local.attribute.expr);
            value.as_ref().map_or_else(|| "string".to_owned(), |value| shaped(value, expr, 0))
        }
        FileInput::Site(_) | FileInput::Secret(_) | FileInput::Operator(_) | FileInput::GroupName(_) => {
            "string".to_owned()
        }
        FileInput::Tags => "{ *: string }".to_owned(),
        FileInput::Active => "bool".to_owned(),
    }
}

/// The type of a value with its shape, as far as other values have it as well: the names of a literal, and what all
/// elements have in common.
pub(super) fn shaped(value: &Value, expr: Option<&Expr>, depth: usize) -> String {
    match (value.unmark().0, expr.map(|expr| &expr.kind)) {
        (Value::List(items), expr) => {
            let of = |at: usize| match expr {
                Some(ExprKind::List(all)) => all.get(at),
                _ => None,
            };
            let shapes: Vec<String> = items.iter().enumerate().map(|(at, item)| shaped(item, of(at), depth)).collect();
            match shapes.split_first() {
                Some((first, rest)) if rest.iter().all(|one| one == first) => format!("{first}[]"),
                _ => "array".to_owned(),
            }
        }
        (Value::Map(map), Some(ExprKind::Object(entries))) if !map.is_empty() => {
            let written = |name: &str| {
                entries.iter().find(|(key, _)| matches!(&key.kind, ExprKind::String(text) if **text == *name))
            };
            let field = |(name, value): (&std::sync::Arc<str>, &Value)| {
                let (_, expr) = written(name)?;
                Some(format!("{}{}: {}\n", indent(depth + 1), key(name), shaped(value, Some(expr), depth + 1)))
            };
            let fields: Option<String> = map.iter().map(field).collect();
            fields.map_or_else(|| shaped(value, None, depth), |fields| format!("{{\n{fields}{}}}", indent(depth)))
        }
        (Value::Map(map), _) => {
            let shapes: Vec<String> = map.values().map(|item| shaped(item, None, depth)).collect();
            match shapes.split_first() {
                Some((first, rest)) if rest.iter().all(|one| one == first) => format!("{{ *: {first} }}"),
                _ => "object".to_owned(),
            }
        }
        (value, _) => of_value(value).to_owned(),
    }
}

/// The type of a value.
pub(super) fn of_value(value: &Value) -> &'static str {
    match value.unmark().0 {
        Value::Bool(_) => "bool",
        Value::Number(_) => "int",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        Value::Null | Value::String(_) | Value::Block(_) | Value::Unknown(_) | Value::Sensitive(_) => "string",
    }
}

/// A type of the stack's language. An optional field without a default may be null.
fn typed(ty: &VariableType, depth: usize) -> String {
    match ty {
        VariableType::Any => "object".to_owned(),
        VariableType::String => "string".to_owned(),
        VariableType::Number => "int".to_owned(),
        VariableType::Bool => "bool".to_owned(),
        VariableType::List(item) => match &**item {
            VariableType::Any => "array".to_owned(),
            item => format!("{}[]", typed(item, depth)),
        },
        VariableType::Map(item) => match &**item {
            VariableType::Any => "object".to_owned(),
            item => {
                let item = typed(item, depth + 1);
                match item.contains('\n') {
                    true => format!("{{\n{}*: {item}\n{}}}", indent(depth + 1), indent(depth)),
                    false => format!("{{ *: {item} }}"),
                }
            }
        },
        VariableType::Object(fields) if fields.is_empty() => "object".to_owned(),
        VariableType::Object(fields) => {
            let field = |field: &Field| {
                let or_null = if field.optional && field.default.is_none() { "?" } else { "" };
                let inner = match &field.ty {
                    VariableType::Any => "object".to_owned(),
                    ty => typed(ty, depth + 1),
                };
                format!("{}{}: {inner}{or_null}\n", indent(depth + 1), key(&field.name))
            };
            format!("{{\n{}{}}}", fields.iter().map(field).collect::<String>(), indent(depth))
        }
    }
}

/// ` = …`, if a parameter has a default.
pub(super) fn default(printer: &Printer<'_, '_>, given: &FileInput) -> Option<String> {
    let emitter = printer.emitter;
    let code = match given {
        FileInput::Site(site) => Code::text(&*emitter.stack.sites.get(site.as_str())?.location),
        FileInput::Active => Code::Bool(false),
        FileInput::Variable(name) => {
            let variable = emitter.stack.variables.get(name.as_str()).filter(|one| !one.sensitive)?;
            Code::json(variable.default.as_ref()?.clear()?.json())
        }
        FileInput::Local(_)
        | FileInput::Tags
        | FileInput::Secret(_)
        | FileInput::Operator(_)
        | FileInput::GroupName(_) => return None,
    };
    Some(format!(" = {}", printer.code(&code, 0)))
}

/// A parameter file; `active`: with failover-only resources.
pub(super) fn parameters(
    emitter: &BicepEmitter<'_>,
    index: &BicepIndex,
    inputs: &BTreeSet<FileInput>,
    active: bool,
) -> String {
    let printer = Printer::new(emitter, index, [], None);
    let mut out = "using './main.bicep'\n".to_owned();
    for given in inputs {
        let value = match given {
            FileInput::Active => active.to_string(),
            FileInput::Operator(name) => {
                let known = emitter.operators.borrow();
                quoted(known.get(name).map_or("", String::as_str))
            }
            FileInput::Secret(_) | FileInput::Variable(_) => {
                match (environment(emitter, given), variable(emitter, given)) {
                    (Some(name), variable) => {
                        let read = format!("readEnvironmentVariable({})", quoted(&name));
                        match variable.map(|variable| variable.value.unmark().0) {
                            None | Some(Value::String(_) | Value::Unknown(_) | Value::Null) => read,
                            Some(Value::Number(Number::Int(_) | Number::Float(_))) => format!("int({read})"),
                            Some(_) => format!("json({read})"),
                        }
                    }
                    (None, Some(variable)) => printer.code(
                        &emitter.evaluated(&variable.value, &Address::new("var", &given_name(given)), "value"),
                        0,
                    ),
                    (None, None) => continue,
                }
            }
            FileInput::Site(site) => quoted(emitter.stack.sites.get(site.as_str()).map_or("", |site| &*site.location)),
            FileInput::Local(_) | FileInput::Tags | FileInput::GroupName(_) => continue,
        };
        let said = described(emitter, given).split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "\n// {said}\nparam {} = {value}", emitter.name_of(given));
    }
    out
}

/// Name of the variable of the stack behind an input.
fn given_name(given: &FileInput) -> String {
    match given {
        FileInput::Variable(name) => name.clone(),
        _ => String::new(),
    }
}

/// Variable of the stack behind an input.
fn variable<'a>(emitter: &BicepEmitter<'a>, given: &FileInput) -> Option<&'a Variable> {
    match given {
        FileInput::Variable(name) => emitter.stack.variables.get(name.as_str()),
        _ => None,
    }
}

/// Environment variable for a secret: the one that drplan reads, or a new one if no variable of the stack holds it.
pub(super) fn environment(emitter: &BicepEmitter<'_>, given: &FileInput) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    match given {
        FileInput::Secret(name) => Some(name.chars().map(plain).collect()),
        FileInput::Variable(name) if variable(emitter, given)?.sensitive => Some(format!("{ENVIRONMENT}{name}")),
        _ => None,
    }
}
