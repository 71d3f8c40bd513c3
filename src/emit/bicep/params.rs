//! What is given to the files: parameters with their types, defaults and descriptions, and the files that give them.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::code::{Code, Given};
use super::emitter::Emitter;
use super::express::Frame;
use super::modules::Index;
use super::print::Printer;
use super::text::{indent, key, quoted};
use crate::stack::variables::{Field, Type};
use crate::stack::{ENVIRONMENT, Variable};
use crate::value::{Number, Value};

/// A parameter with its description; `default`: ` = …`, where it has one.
pub(super) fn param(emitter: &Emitter<'_>, given: &Given, default: Option<String>) -> String {
    let name = emitter.name_of(given);
    let mut out = String::new();
    if environment(emitter, given).is_some() {
        out += "@secure()\n";
    }
    let _ = writeln!(out, "@description({})", quoted(&described(emitter, given)));
    let _ = writeln!(out, "param {name} {}{}", type_of(emitter, given), default.unwrap_or_default());
    out
}

fn described(emitter: &Emitter<'_>, given: &Given) -> String {
    match given {
        Given::Variable(name) => {
            let own = emitter.stack.variables.get(name.as_str()).and_then(|one| one.description.clone());
            own.unwrap_or_else(|| format!("The variable {name} of the stack."))
        }
        Given::Local(name) => format!("The local {name} of the stack."),
        Given::Site(site) => format!("The region of the site {site}."),
        Given::Tags => "The tags of every resource.".to_owned(),
        Given::Active => "Whether what stands only during a failover does.".to_owned(),
        Given::Secret(name) => format!("A secret that the stack writes in clear, or makes of others: {name}."),
        Given::Operator(name) => format!("The name that operators sign in with: {name}."),
        Given::GroupName(group) => format!("The name of the resource group {}.", group.name()),
    }
}

/// The type of what is given, in Bicep.
fn type_of(emitter: &Emitter<'_>, given: &Given) -> String {
    match given {
        Given::Variable(name) => emitter.stack.variables.get(name.as_str()).map_or_else(
            || "string".to_owned(),
            |variable| match &variable.ty {
                Type::Any => of_value(&variable.value).to_owned(),
                ty => typed(ty, 0),
            },
        ),
        Given::Local(name) => {
            let local = emitter.stack.program.locals.get(name.as_str());
            let value = local.and_then(|local| Frame::new(emitter, None).value(&local.attribute.expr));
            value.as_ref().map_or("string", of_value).to_owned()
        }
        Given::Site(_) | Given::Secret(_) | Given::Operator(_) | Given::GroupName(_) => "string".to_owned(),
        Given::Tags => "object".to_owned(),
        Given::Active => "bool".to_owned(),
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

/// A type of the stack's language. What is optional and has no default may be null.
fn typed(ty: &Type, depth: usize) -> String {
    match ty {
        Type::Any => "object".to_owned(),
        Type::String => "string".to_owned(),
        Type::Number => "int".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::List(item) => match &**item {
            Type::Any => "array".to_owned(),
            item => format!("{}[]", typed(item, depth)),
        },
        Type::Map(item) => match &**item {
            Type::Any => "object".to_owned(),
            item => {
                format!("{{\n{}*: {}\n{}}}", indent(depth + 1), typed(item, depth + 1), indent(depth))
            }
        },
        Type::Object(fields) if fields.is_empty() => "object".to_owned(),
        Type::Object(fields) => {
            let field = |field: &Field| {
                let or_null = if field.optional && field.default.is_none() { "?" } else { "" };
                let inner = match &field.ty {
                    Type::Any => "object".to_owned(),
                    ty => typed(ty, depth + 1),
                };
                format!("{}{}: {inner}{or_null}\n", indent(depth + 1), key(&field.name))
            };
            format!("{{\n{}{}}}", fields.iter().map(field).collect::<String>(), indent(depth))
        }
    }
}

/// ` = …`, where a parameter has a default.
pub(super) fn default(printer: &Printer<'_, '_>, given: &Given) -> Option<String> {
    let emitter = printer.emitter;
    let code = match given {
        Given::Site(site) => Code::text(&*emitter.stack.sites.get(site.as_str())?.location),
        Given::Active => Code::Bool(false),
        Given::Variable(name) => {
            let variable = emitter.stack.variables.get(name.as_str()).filter(|one| !one.sensitive)?;
            Code::json(&variable.default.as_ref()?.reveal().ok()?)
        }
        Given::Local(_) | Given::Tags | Given::Secret(_) | Given::Operator(_) | Given::GroupName(_) => return None,
    };
    Some(format!(" = {}", printer.code(&code, 0)))
}

/// A file of parameters; `active`: with the failover on.
pub(super) fn parameters(emitter: &Emitter<'_>, index: &Index, givens: &BTreeSet<Given>, active: bool) -> String {
    let printer = Printer::new(emitter, index, [], None);
    let mut out = "using './main.bicep'\n\n".to_owned();
    for given in givens {
        let value = match given {
            Given::Active => active.to_string(),
            Given::Operator(name) => {
                let known = emitter.operators.borrow();
                quoted(known.get(name).map_or("", String::as_str))
            }
            Given::Secret(_) | Given::Variable(_) => match (environment(emitter, given), variable(emitter, given)) {
                (Some(name), variable) => {
                    let read = format!("readEnvironmentVariable({})", quoted(&name));
                    match variable.map(|variable| variable.value.unmark().0) {
                        None | Some(Value::String(_) | Value::Unknown(_) | Value::Null) => read,
                        Some(Value::Number(Number::Int(_) | Number::Float(_))) => format!("int({read})"),
                        Some(_) => format!("json({read})"),
                    }
                }
                (None, Some(variable)) if variable.default.as_ref() != Some(&variable.value) => {
                    printer.code(&Code::json(&variable.value.reveal().unwrap_or_default()), 0)
                }
                (None, _) => continue,
            },
            Given::Site(_) | Given::Local(_) | Given::Tags | Given::GroupName(_) => continue,
        };
        let _ = writeln!(out, "param {} = {value}", emitter.name_of(given));
    }
    out
}

/// The variable of the stack that is given.
fn variable<'a>(emitter: &Emitter<'a>, given: &Given) -> Option<&'a Variable> {
    match given {
        Given::Variable(name) => emitter.stack.variables.get(name.as_str()),
        _ => None,
    }
}

/// The variable of the environment that holds a secret: the one that drplan takes it from, or one for a secret that no variable of the stack has.
pub(super) fn environment(emitter: &Emitter<'_>, given: &Given) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    match given {
        Given::Secret(name) => Some(name.chars().map(plain).collect()),
        Given::Variable(name) if variable(emitter, given)?.sensitive => Some(format!("{ENVIRONMENT}{name}")),
        _ => None,
    }
}
