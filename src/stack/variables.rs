//! Variables: their declarations, the values they are given, and the types these are held to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span, closest};
use crate::hcl::ast::{Expr, ExprKind, HclBlock, Ident, Root};
use crate::hcl::eval::{Budget, KEPT_WORK, MAX_VALUE_BYTES};
use crate::hcl::{self, Files, ReferenceKey, Scope};
use crate::stack::Variable;
use crate::stack::program::Program;
use crate::stack::read::{Secrets, VariableInput};
use crate::stack::validation::{self, CheckedVariable, VALIDATION};
use crate::value::{Map, Number, Unknown, Value};

/// A type that a variable declares.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum VariableType {
    Any,
    String,
    Number,
    Bool,
    List(Box<VariableType>),
    Map(Box<VariableType>),
    Object(Vec<Field>),
}

/// One attribute of an object type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) ty: VariableType,
    pub(crate) optional: bool,
    /// The value if it is left out or null.
    pub(crate) default: Option<Value>,
}

/// The arguments of a `variable` block.
const ARGUMENTS: [&str; 4] = ["type", "default", "sensitive", "description"];

/// The values given to variables.
pub(super) struct GivenValues<'a> {
    /// The values, of which the later of two for one variable wins.
    pub(super) values: &'a [VariableInput],
    /// The words of variable files that could not be read. Their values are unknown, and not missing.
    pub(super) unread: &'a HashSet<&'a str>,
    /// Sensitive variables without a value.
    pub(super) secrets: Secrets,
}

/// Gives every declared variable its value.
pub(super) fn give(program: &mut Program, given: &GivenValues<'_>, sources: &mut Sources, found: &mut Diagnostics) {
    let mut last: HashMap<&str, &VariableInput> = HashMap::new();
    // Variables whose name is misspelt where their value is given: that they have none is the same error.
    let mut meant: HashSet<String> = given.unread.iter().map(|word| (*word).to_owned()).collect();
    for one in given.values {
        if !program.variable_blocks.contains_key(one.name.as_str()) {
            if one.is_from_environment() || program.may_declare(&one.name) {
                continue;
            }
            if found.is_full() {
                break;
            }
            let known = program.variable_blocks.keys().map(|name| &**name);
            meant.extend(closest(&one.name, known.clone()).map(str::to_owned));
            found.push(
                Diagnostic::error(
                    "unknown-variable",
                    format!("value for undeclared variable `{}`, given {}", one.name, one.origin),
                )
                .suggest(
                    &one.name,
                    known,
                    Some(format!("Declare it: `variable \"{}\" {{}}`.", one.name)),
                ),
            );
        }
        last.insert(&one.name, one);
    }
    let literals = LiteralScope::default();
    let blocks: Vec<(Arc<str>, Arc<HclBlock>)> =
        program.variable_blocks.iter().map(|(name, block)| (Arc::clone(name), Arc::clone(block))).collect();
    for (name, block) in blocks {
        let value = last.get(&*name).copied();
        let context = (given.secrets, meant.contains(&*name), &literals);
        let variable = declare(&name, &block, value, context, sources, found);
        let checked = CheckedVariable {
            name: &name,
            value: &variable.value,
            origin: value.map(|value| value.origin.as_str()),
            secret: block.body.attribute("default").filter(|_| variable.sensitive).map(|default| default.expr.span),
            sources,
            files: &*program.reader,
            budget: literals.budget(),
        };
        validation::check(&checked, &block, found);
        program.variables.insert(name, variable);
    }
}

fn declare(
    name: &Arc<str>,
    block: &HclBlock,
    given: Option<&VariableInput>,
    (secrets, is_meant, literals): (Secrets, bool, &LiteralScope),
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Variable {
    let mut ty = VariableType::Any;
    let (mut sensitive, mut description, mut default) = (false, None, None);
    for attribute in &block.body.attributes {
        match &*attribute.name.text {
            "type" => match parse_type(&attribute.expr, literals, found) {
                Some(parsed) => ty = parsed,
                None => found.push(
                    Diagnostic::error("wrong-type", "invalid type")
                        .at(attribute.expr.span)
                        .help("Write string, number, bool, any, list(…), set(…), map(…) or object({ … })."),
                ),
            },
            "default" => {
                let value = constant(&attribute.expr, literals, found).unwrap_or_else(Value::told);
                default = Some((value, attribute.expr.span));
            }
            "sensitive" => {
                sensitive = constant(&attribute.expr, literals, found).is_some_and(|value| value == Value::Bool(true));
            }
            "description" => {
                description =
                    constant(&attribute.expr, literals, found).and_then(|value| value.as_str().map(str::to_owned));
            }
            other => found.push(
                Diagnostic::error("unknown-argument", format!("unsupported argument `{other}` in a variable"))
                    .at(attribute.name.span)
                    .suggest(other, ARGUMENTS, Some(format!("Supported: {}.", ARGUMENTS.join(", ")))),
            ),
        }
    }
    for inner in block.body.blocks.iter().filter(|inner| &*inner.ident.text != VALIDATION) {
        let help = format!("Supported: the arguments {}, and the block {VALIDATION}.", ARGUMENTS.join(", "));
        found.push(
            Diagnostic::error("unknown-argument", format!("unsupported block `{}` in a variable", inner.ident.text))
                .at(inner.ident.span)
                .suggest(&inner.ident.text, [VALIDATION], Some(help)),
        );
    }
    let default = default.map(|(value, span)| {
        convert(&ty, &value).unwrap_or_else(|wanted| {
            found.push(
                Diagnostic::error("wrong-value", format!("invalid default for variable `{name}`: expected {wanted}"))
                    .at(span)
                    .help("Write a default of the declared type."),
            );
            Value::told()
        })
    });
    let is_meant = is_meant || block.body.means("default", &ARGUMENTS);
    let value = match (given, &default) {
        (Some(given), _) => given_value((name, given), &ty, (sensitive, literals), block.header, sources, found),
        (None, Some(default)) => default.clone(),
        (None, None) if is_meant => Value::told(),
        (None, None) if sensitive && secrets == Secrets::Optional => Value::Unknown(Unknown::variable(name)),
        (None, None) => {
            found.push(
                Diagnostic::error("missing-variable", format!("no value for required variable `{name}`"))
                    .at(block.header)
                    .why("It has no default.")
                    .help(format!(
                        "Set it in one of three ways:\n--var {name}=VALUE\n--vars FILE, where FILE contains `{name} = VALUE`\nthe environment variable DRPLAN_VAR_{name}"
                    )),
            );
            Value::told()
        }
    };
    let value = literals.kept(value, block.header, found);
    let value = if sensitive { value.sensitive() } else { value };
    Variable { value, default, ty, sensitive, description, span: block.header }
}

fn given_value(
    (name, given): (&str, &VariableInput),
    ty: &VariableType,
    (sensitive, literals): (bool, &LiteralScope),
    header: Span,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Value {
    // A bare text is a string; anything else is an expression, as in Terraform.
    let parsed = if *ty == VariableType::String || (*ty == VariableType::Any && !looks_like_expression(&given.text)) {
        Ok(Value::from(given.text.as_str()))
    } else {
        let file = sources.add(format!("<{name}, given {}>", given.origin), given.text.as_str());
        hcl::parse_expression(&given.text, file).and_then(|expr| hcl::evaluate(&expr, literals))
    };
    let wrong = |wanted: &str| {
        let shown = if sensitive { String::new() } else { format!(", found `{}`", given.text) };
        Diagnostic::error(
            "wrong-value",
            format!("invalid value for variable `{name}`, given {}: expected {wanted}{shown}", given.origin),
        )
        .at(header)
        .label("declared here")
    };
    match parsed.map(|value| convert(ty, &value)) {
        Ok(Ok(value)) => value,
        Ok(Err(wanted)) => {
            found.push(wrong(&wanted));
            Value::told()
        }
        Err(_) => {
            found.push(wrong(&spell(ty)).help("Write it as in the stack: strings in quotes, lists in brackets."));
            Value::told()
        }
    }
}

fn looks_like_expression(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(['[', '{', '"']) || matches!(text, "true" | "false" | "null") || text.parse::<f64>().is_ok()
}

fn parse_type(expr: &Expr, literals: &LiteralScope, found: &mut Diagnostics) -> Option<VariableType> {
    match &expr.kind {
        ExprKind::Traversal { root: Root::Name(name), steps } if steps.is_empty() => match &*name.text {
            "string" => Some(VariableType::String),
            "number" => Some(VariableType::Number),
            "bool" => Some(VariableType::Bool),
            "any" => Some(VariableType::Any),
            "list" | "set" => Some(VariableType::List(Box::new(VariableType::Any))),
            "map" => Some(VariableType::Map(Box::new(VariableType::Any))),
            _ => None,
        },
        ExprKind::Call { name, args, expand: false } => match (&*name.text, args.as_slice()) {
            ("list" | "set", [item]) => Some(VariableType::List(Box::new(parse_type(item, literals, found)?))),
            ("map", [item]) => Some(VariableType::Map(Box::new(parse_type(item, literals, found)?))),
            ("object", [Expr { kind: ExprKind::Object(entries), .. }]) => entries
                .iter()
                .map(|(key, value)| match &key.kind {
                    ExprKind::String(name) => parse_field(name, value, literals, found),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>()
                .map(VariableType::Object),
            _ => None,
        },
        _ => None,
    }
}

/// `type`, `optional(type)` or `optional(type, default)`; the default is held to the type, and filled up with those
/// within it.
fn parse_field(name: &Arc<str>, expr: &Expr, literals: &LiteralScope, found: &mut Diagnostics) -> Option<Field> {
    let ExprKind::Call { name: function, args, expand: false } = &expr.kind else {
        return Some(Field {
            name: Arc::clone(name),
            ty: parse_type(expr, literals, found)?,
            optional: false,
            default: None,
        });
    };
    let (ty, default) = match (&*function.text, args.as_slice()) {
        ("optional", [ty]) => (parse_type(ty, literals, found)?, None),
        ("optional", [ty, default]) => (parse_type(ty, literals, found)?, Some(default)),
        _ => {
            return Some(Field {
                name: Arc::clone(name),
                ty: parse_type(expr, literals, found)?,
                optional: false,
                default: None,
            });
        }
    };
    let default = default.and_then(|expr| Some((constant(expr, literals, found)?, expr.span)));
    let default = default.map(|(value, span)| match convert(&ty, &value) {
        Ok(value) => value,
        Err(wanted) => {
            let summary = format!("invalid default for `{name}`: expected {wanted}");
            found
                .push(Diagnostic::error("wrong-value", summary).at(span).help("Write a default of the declared type."));
            Value::told()
        }
    });
    Some(Field { name: Arc::clone(name), ty, optional: true, default })
}

fn spell(ty: &VariableType) -> String {
    match ty {
        VariableType::Any => "a value".to_owned(),
        VariableType::String => "a string".to_owned(),
        VariableType::Number => "a number".to_owned(),
        VariableType::Bool => "true or false".to_owned(),
        VariableType::List(_) => "a list".to_owned(),
        VariableType::Map(_) => "a map".to_owned(),
        VariableType::Object(fields) => {
            let names: Vec<&str> = fields.iter().filter(|field| !field.optional).map(|field| &*field.name).collect();
            if names.is_empty() { "an object".to_owned() } else { format!("an object with {}", names.join(", ")) }
        }
    }
}

fn convert(ty: &VariableType, value: &Value) -> Result<Value, String> {
    let wrong = || spell(ty);
    match (ty, value) {
        (_, Value::Null | Value::Unknown(_)) | (VariableType::Any, _) => Ok(value.clone()),
        (VariableType::String, Value::String(_))
        | (VariableType::Number, Value::Number(_))
        | (VariableType::Bool, Value::Bool(_)) => Ok(value.clone()),
        (VariableType::String, Value::Number(number)) => Ok(number.to_string().into()),
        (VariableType::String, Value::Bool(bool)) => Ok(bool.to_string().into()),
        (VariableType::Number, Value::String(text)) => match text.parse::<i64>() {
            Ok(int) => Ok(int.into()),
            Err(_) => text.parse().ok().and_then(Number::from_f64).map(Value::Number).ok_or_else(wrong),
        },
        (VariableType::Bool, Value::String(text)) => match &**text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(wrong()),
        },
        (VariableType::List(item), Value::List(items)) => {
            items.iter().map(|value| convert(item, value)).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        (VariableType::Map(item), Value::Map(map)) => map
            .iter()
            .map(|(key, value)| Ok((Arc::clone(key), convert(item, value)?)))
            .collect::<Result<Map, _>>()
            .map(Value::from),
        (VariableType::Object(fields), Value::Map(map)) => fields
            .iter()
            .map(|field| {
                let written = map.get(&field.name);
                let value = match (written.filter(|value| !value.is_null()), &field.default) {
                    (Some(value), _) => convert(&field.ty, value)?,
                    (None, Some(default)) => default.clone(),
                    (None, None) if field.optional || written.is_some() => Value::Null,
                    (None, None) => return Err(wrong()),
                };
                Ok((Arc::clone(&field.name), value))
            })
            .collect::<Result<Map, _>>()
            .map(Value::from),
        _ => Err(wrong()),
    }
}

/// The value of an expression that names nothing.
fn constant(expr: &Expr, literals: &LiteralScope, found: &mut Diagnostics) -> Option<Value> {
    match hcl::evaluate(expr, literals) {
        Ok(value) => Some(value),
        Err(problems) => {
            found.extend(problems);
            None
        }
    }
}

/// A scope without names and files. All variables share one budget.
#[derive(Default)]
struct LiteralScope {
    budget: Budget,
}

impl LiteralScope {
    /// The value of a variable, which everything that reads the stack may walk.
    fn kept(&self, value: Value, at: Span, found: &mut Diagnostics) -> Value {
        let size = value.size();
        if self.budget.charge(size.saturating_mul(KEPT_WORK)).is_err() {
            found.extend(self.budget.overdrawn(at));
            return Value::told();
        }
        if size > MAX_VALUE_BYTES {
            found.push(
                Diagnostic::error("too-large", "the value of this variable is too large")
                    .at(at)
                    .why(format!("A value may have {MAX_VALUE_BYTES} bytes.")),
            );
            return Value::told();
        }
        value
    }
}

impl Scope for LiteralScope {
    fn resolve(&self, root: &Ident, _: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        Err(Diagnostic::error("constant-expected", format!("`{}` cannot be referenced here", root.text))
            .at(root.span)
            .why("Variables are evaluated before anything else.")
            .help("Write a plain value."))
    }

    fn files(&self) -> &dyn Files {
        self
    }

    fn budget(&self) -> Budget {
        self.budget.clone()
    }
}

impl Files for LiteralScope {
    fn bytes(&self, _: &str) -> Result<Option<Arc<[u8]>>, String> {
        Err("files cannot be read here".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Expr {
        let file = Sources::default().add("t".to_owned(), text);
        hcl::parse_expression(text, file).unwrap()
    }

    /// The value of a variable of this type for this text, or the error.
    fn given(ty: &str, value: &str) -> Result<serde_json::Value, String> {
        let mut found = Diagnostics::new();
        let ty = parse_type(&parsed(ty), &LiteralScope::default(), &mut found).ok_or("no type")?;
        if let Some(problem) = found.iter().next() {
            return Err(problem.summary.clone());
        }
        let value = constant(&parsed(value), &LiteralScope::default(), &mut found).ok_or("no value")?;
        convert(&ty, &value).map(|value| value.reveal().unwrap())
    }

    #[test]
    fn omitted_object_attribute_has_its_default() {
        let ty = "object({ name = string, size = optional(number, \"2\"), tags = optional(map(string), { a = 1 }), note = optional(string) })";
        let full = serde_json::json!({ "name": "n", "size": 2, "tags": { "a": "1" }, "note": null });
        assert_eq!(given(ty, "{ name = \"n\" }"), Ok(full.clone()));
        // What is null is left out.
        assert_eq!(given(ty, "{ name = \"n\", size = null, tags = null }"), Ok(full));
        let own = serde_json::json!({ "name": "n", "size": 5, "tags": {}, "note": "x" });
        assert_eq!(given(ty, "{ name = \"n\", size = 5, tags = {}, note = \"x\" }"), Ok(own));
        // What is not optional must be there.
        assert_eq!(given(ty, "{ size = 5 }"), Err("an object with name".to_owned()));
        assert_eq!(
            given(&format!("list({ty})"), "[{ name = \"n\" }, null]").map(|value| value[0]["size"].clone()),
            Ok(2.into())
        );
    }

    #[test]
    fn defaults_stand_within_defaults() {
        let ty =
            "object({ disk = optional(object({ size = optional(number, 8), kind = optional(string, \"ssd\") }), {}) })";
        let whole = serde_json::json!({ "disk": { "size": 8, "kind": "ssd" } });
        assert_eq!(given(ty, "{}"), Ok(whole));
        let part = serde_json::json!({ "disk": { "size": 9, "kind": "ssd" } });
        assert_eq!(given(ty, "{ disk = { size = 9 } }"), Ok(part));
        assert_eq!(
            given(&format!("map({ty})"), "{ a = {} }").map(|value| value["a"]["disk"]["size"].clone()),
            Ok(8.into())
        );
    }

    #[test]
    fn a_default_is_held_to_its_type() {
        let wrong = Err("invalid default for `size`: expected a number".to_owned());
        assert_eq!(given("object({ size = optional(number, \"big\") })", "{}"), wrong);
        assert_eq!(given("object({ size = optional(number, 1, 2) })", "{}"), Err("no type".to_owned()));
        assert_eq!(given("optional(number)", "1"), Err("no type".to_owned()));
    }
}
