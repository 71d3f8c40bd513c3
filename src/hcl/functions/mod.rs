//! The functions of the language, one table: names, parameters, a line of documentation and the computation.
//!
//! A function is a plain computation over known values. Unknown and sensitive arguments and those of a wrong type are
//! handled here by the [`ParamType`] of each parameter, once for all functions. Names and results are Terraform's.

mod collections;
mod encoding;
mod files;
mod format;
mod network;
mod numbers;
mod patterns;
mod sets;
mod strings;
mod types;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::diagnostic::{Diagnostic, Span};
use crate::value::{Map, Node, Number, Value};

use super::ast::{Expr, Ident};
use super::eval::{
    Budget, EvalError, EvalResult, Evaluator, MAX_ELEMENTS, MAX_STRING_BYTES, Scope, Spent, Taint, UNMARK_WORK,
    mismatch, to_bool, to_number, to_text,
};

pub use patterns::{MAX_PATTERN_BYTES, Pattern};

/// The type of a parameter, and how deep the function reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamType {
    /// A string.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Int,
    /// A bool.
    Bool,
    /// A list whose elements are passed on as they are, unknown and sensitive ones too.
    List,
    /// A map whose elements are passed on as they are.
    Map,
    /// A list of strings, all of them read.
    Texts,
    /// Any value, `null` too, read to its ground: unknown as a whole where anything within is.
    Known,
    /// Any value, `null` too, not looked into.
    Any,
    /// Any value with its marks, unknown or not: the function sees to them itself.
    Raw,
}

/// A parameter of a function.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// The name, as signatures show it.
    pub name: &'static str,
    /// Its type.
    pub kind: ParamType,
    /// It may be left out.
    pub optional: bool,
}

/// A function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// The name.
    pub name: &'static str,
    /// The parameters.
    pub params: &'static [Param],
    /// The parameter that any number of further arguments are for.
    pub rest: Option<Param>,
    /// The result, in one sentence.
    pub doc: &'static str,
    run: Run,
    /// Units of work for eight bytes of its arguments.
    cost: usize,
}

/// How a function is computed.
#[derive(Debug, Clone, Copy)]
enum Run {
    /// From its arguments alone.
    Pure(fn(&[Value]) -> Result<Value, FunctionError>),
    /// From its arguments, at a cost that they alone do not tell.
    Costly(fn(&[Value], &Budget) -> Result<Value, FunctionError>),
    /// From its arguments and the files of the stack.
    Reading(fn(&[Value], &dyn Scope, &Budget) -> Result<Value, FunctionError>),
}

/// Why a function has no value: an error without a place, and the argument it is about. The error of a budget that is
/// used up is made by the evaluator.
pub(crate) struct FunctionError {
    arg: Option<usize>,
    diagnostic: Box<Diagnostic>,
}

impl From<Spent> for FunctionError {
    fn from(_: Spent) -> Self {
        Self::too_large()
    }
}

impl FunctionError {
    /// A fault of one argument.
    fn arg(arg: usize, summary: impl Into<String>) -> Self {
        Self { arg: Some(arg), diagnostic: Box::new(Diagnostic::error("bad-argument", summary)) }
    }

    /// An argument of the wrong type.
    fn mismatch(arg: usize, wanted: &str, found: &Value) -> Self {
        Self { arg: Some(arg), diagnostic: Box::new(mismatch(wanted, found)) }
    }

    /// A fault of the call as a whole.
    fn call(summary: impl Into<String>) -> Self {
        Self { arg: None, diagnostic: Box::new(Diagnostic::error("bad-argument", summary)) }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic.help = Some(help.into());
        self
    }

    /// The fault of a result that would be too large.
    fn too_large() -> Self {
        let why = format!("A string may have {MAX_STRING_BYTES} bytes and a collection {MAX_ELEMENTS} elements.");
        Self {
            arg: None,
            diagnostic: Box::new(Diagnostic::error("too-large", "the result would be too large").why(why)),
        }
    }
}

/// A required parameter.
const fn param(name: &'static str, kind: ParamType) -> Param {
    Param { name, kind, optional: false }
}

/// A parameter that may be left out.
const fn optional(name: &'static str, kind: ParamType) -> Param {
    Param { name, kind, optional: true }
}

/// A function of its arguments alone.
const fn pure(
    name: &'static str,
    params: &'static [Param],
    run: fn(&[Value]) -> Result<Value, FunctionError>,
    doc: &'static str,
) -> Function {
    Function { name, params, rest: None, doc, run: Run::Pure(run), cost: 1 }
}

/// A function that pays for its work itself.
const fn costly(
    name: &'static str,
    params: &'static [Param],
    run: fn(&[Value], &Budget) -> Result<Value, FunctionError>,
    doc: &'static str,
) -> Function {
    Function { name, params, rest: None, doc, run: Run::Costly(run), cost: 1 }
}

/// A function that reads files.
const fn reading(
    name: &'static str,
    params: &'static [Param],
    run: fn(&[Value], &dyn Scope, &Budget) -> Result<Value, FunctionError>,
    doc: &'static str,
) -> Function {
    Function { name, params, rest: None, doc, run: Run::Reading(run), cost: 1 }
}

impl Function {
    /// The function with any number of further arguments.
    const fn and_more(mut self, rest: Param) -> Self {
        self.rest = Some(rest);
        self
    }

    /// The function with other units of work for eight bytes of its arguments than one.
    const fn at_cost(mut self, cost: usize) -> Self {
        self.cost = cost;
        self
    }

    /// Units of work for a call with these arguments.
    fn work(&self, values: &[Value]) -> usize {
        let read = |(at, value): (usize, &Value)| match self.param(at).map(|param| param.kind) {
            // Elements are passed on as they are.
            Some(ParamType::List | ParamType::Map | ParamType::Any | ParamType::Raw) => match value {
                Value::String(text) => text.len(),
                other => 16 * size(other),
            },
            // Characters are read one by one, elements mostly in whole words.
            Some(ParamType::Text) => 4 * value.size(),
            _ => value.size(),
        };
        values.iter().enumerate().map(read).fold(0, usize::saturating_add).div_ceil(8).saturating_mul(self.cost)
    }

    /// `name(a, [b], c...)`.
    pub fn signature(&self) -> String {
        let params = self
            .params
            .iter()
            .map(|param| if param.optional { format!("[{}]", param.name) } else { param.name.to_owned() });
        let rest = self.rest.map(|rest| format!("{}...", rest.name));
        format!("{}({})", self.name, params.chain(rest).collect::<Vec<_>>().join(", "))
    }

    fn param(&self, at: usize) -> Option<Param> {
        self.params.get(at).copied().or(self.rest)
    }

    fn takes(&self, count: usize) -> bool {
        let required = self.params.iter().filter(|param| !param.optional).count();
        count >= required && (self.rest.is_some() || count <= self.params.len())
    }
}

/// The functions that are special to the evaluator: they catch the faults of their arguments.
const CATCHING: [(&str, &str, &str); 2] = [
    ("try", "try(expression...)", "The value of the first argument that can be evaluated."),
    ("can", "can(expression)", "True if the argument can be evaluated."),
];

/// Functions of Terraform that are left out on purpose, and why.
const NOT_OFFERED: &[(&[&str], &str)] = &[
    (
        &["timestamp", "plantimestamp", "uuid", "bcrypt"],
        "The same stack must always give the same plan, so results must not depend on time or chance. Pass the value as a variable.",
    ),
    (
        &["abspath", "pathexpand", "fileset"],
        "A stack reads files inside its own directory only, so that its plan is the same on every machine.",
    ),
    (&["md5", "sha1", "filemd5", "filesha1", "rsadecrypt"], "Use `sha256` or `sha512`: this one is no longer secure."),
    (
        &["yamlencode", "yamldecode", "base64gzip", "textencodebase64", "textdecodebase64"],
        "Use `jsonencode` and `jsondecode`: JSON is YAML, too.",
    ),
    (&["timeadd", "timecmp", "formatdate"], "A plan has no points in time. Durations are strings like `\"1h30m\"`."),
];

static TABLE: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let families = [
        strings::FUNCTIONS,
        patterns::FUNCTIONS,
        format::FUNCTIONS,
        collections::FUNCTIONS,
        sets::FUNCTIONS,
        types::FUNCTIONS,
        numbers::FUNCTIONS,
        encoding::FUNCTIONS,
        network::FUNCTIONS,
        files::FUNCTIONS,
    ];
    families.into_iter().flatten().map(|function| (function.name, function)).collect()
});

/// Every function with its signature and its line of documentation, by name.
pub fn all() -> Vec<(String, &'static str)> {
    let mut all: Vec<_> = TABLE.values().map(|function| (function.signature(), function.doc)).collect();
    all.extend(CATCHING.iter().map(|(_, signature, doc)| ((*signature).to_owned(), *doc)));
    all.sort();
    all
}

/// Calls a function by its name.
pub(crate) fn call<'a>(
    evaluator: &mut Evaluator<'a>,
    name: &Ident,
    args: &'a [Expr],
    expand: bool,
    span: Span,
) -> EvalResult {
    let Some(function) = TABLE.get(&*name.text).copied() else {
        // The arguments are evaluated all the same, so that their faults are seen at once.
        let _ = evaluator.all(args);
        let fault = unknown_function(name, evaluator.budget.may_suggest());
        return evaluator.fail(fault);
    };
    let mut values = evaluator.all(args)?;
    let mut spans: Vec<Span> = args.iter().map(|arg| arg.span).collect();
    let mut taint = Taint::default();
    if expand && !expand_last(evaluator, &mut values, &mut spans, &mut taint)? {
        return Ok(taint.mark(Value::Null));
    }
    if !function.takes(values.len()) {
        return evaluator.fail(wrong_count(function, values.len(), &spans, span));
    }
    let values = convert_all(evaluator, function, values, &spans, &mut taint)?;
    evaluator.work(function.work(&values), span)?;
    if taint.unknown.is_some() {
        return Ok(taint.mark(Value::Null));
    }
    let result = match function.run {
        Run::Pure(run) => run(&values),
        Run::Costly(run) => run(&values, &evaluator.budget),
        Run::Reading(run) => run(&values, evaluator.scope, &evaluator.budget),
    };
    evaluator.work(0, span)?;
    match result {
        Ok(Value::String(text)) => {
            evaluator.pay(0, text.len(), span)?;
            Ok(taint.mark(Value::String(text)))
        }
        Ok(value) => {
            evaluator.pay(size(&value), 0, span)?;
            Ok(taint.mark(value))
        }
        Err(fault) => {
            let place = fault.arg.and_then(|arg| spans.get(arg)).copied().unwrap_or(span);
            let mut diagnostic = fault.diagnostic.at(place);
            if taint.sensitive {
                let summary = format!("invalid argument of `{}` (not shown, because it is sensitive)", function.name);
                diagnostic = Diagnostic { span: diagnostic.span, ..Diagnostic::error(diagnostic.code, summary) };
            }
            diagnostic.help.get_or_insert_with(|| format!("`{}`: {}", function.signature(), function.doc));
            evaluator.fail(diagnostic)
        }
    }
}

/// Puts the elements of the last argument in its place. `false` where they are unknown, which `taint` then says.
fn expand_last(
    evaluator: &mut Evaluator<'_>,
    values: &mut Vec<Value>,
    spans: &mut Vec<Span>,
    taint: &mut Taint,
) -> Result<bool, EvalError> {
    let (Some(last), Some(span)) = (values.pop(), spans.pop()) else { return Ok(true) };
    match taint.take(&last) {
        Value::Unknown(_) => Ok(false),
        Value::List(items) => {
            spans.extend(items.iter().map(|_| span));
            values.extend(items.iter().cloned());
            Ok(true)
        }
        other => evaluator.fail(mismatch("a list before `...`", other).at(span)),
    }
}

fn convert_all(
    evaluator: &mut Evaluator<'_>,
    function: &Function,
    values: Vec<Value>,
    spans: &[Span],
    taint: &mut Taint,
) -> Result<Vec<Value>, EvalError> {
    let mut converted = Vec::with_capacity(values.len());
    let mut failed = false;
    for ((at, value), span) in values.into_iter().enumerate().zip(spans) {
        let Some(param) = function.param(at) else { break };
        if matches!(param.kind, ParamType::Known | ParamType::Texts) && value.sensitive_within() {
            evaluator.work(value.size() * UNMARK_WORK, *span)?;
        }
        match convert(&value, param.kind, taint) {
            Ok(value) => converted.push(value),
            Err(fault) => {
                failed = true;
                let label = format!("the argument `{}` of `{}`", param.name, function.name);
                let mut fault = fault.at(*span).label(label);
                fault.help.get_or_insert_with(|| format!("`{}`: {}", function.signature(), function.doc));
                let _ = evaluator.fail::<()>(fault);
            }
        }
    }
    if failed { Err(EvalError) } else { Ok(converted) }
}

/// An argument as its parameter takes it. Where it is unknown, `taint` says so and what is returned means nothing.
fn convert(value: &Value, kind: ParamType, taint: &mut Taint) -> Result<Value, Diagnostic> {
    if kind == ParamType::Raw {
        return Ok(value.clone());
    }
    if matches!(kind, ParamType::Known | ParamType::Texts) {
        let plain = taint.take_within(value);
        return match (kind, &*plain) {
            (_, Value::Unknown(_)) | (ParamType::Known, _) => Ok(plain.into_owned()),
            (_, Value::List(items)) => texts(items),
            (_, other) => Err(mismatch("a list of strings", other)),
        };
    }
    let plain = taint.take(value);
    match (kind, plain) {
        (_, Value::Unknown(_)) => Ok(Value::Null),
        (ParamType::Text, plain) => to_text(plain).map(Value::String),
        (ParamType::Bool, plain) => to_bool(plain).map(Value::Bool),
        (ParamType::Number, plain) => to_number(plain).map(Value::Number),
        (ParamType::Int, plain) => match to_number(plain)? {
            Number::Float(_) => Err(Diagnostic::error("wrong-type", "expected a whole number")),
            int => Ok(Value::Number(int)),
        },
        (ParamType::List, Value::List(_)) | (ParamType::Map, Value::Map(_)) | (ParamType::Any, _) => Ok(plain.clone()),
        (ParamType::List, other) => Err(mismatch("a list", other)),
        (_, other) => Err(mismatch("a map", other)),
    }
}

fn texts(items: &[Value]) -> Result<Value, Diagnostic> {
    items
        .iter()
        .enumerate()
        .map(|(at, item)| match item {
            // What is unknown makes the whole result unknown, so its place may hold anything.
            Value::Unknown(_) => Ok(Value::Null),
            item => to_text(item).map(Value::String).map_err(|mut fault| {
                fault.summary = format!("{} (element {at})", fault.summary);
                fault
            }),
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Value::from)
}

fn unknown_function(name: &Ident, may_suggest: bool) -> Diagnostic {
    let written = &*name.text;
    let fault = Diagnostic::error("unknown-function", format!("call to unknown function `{written}`")).at(name.span);
    if let Some((_, why)) = NOT_OFFERED.iter().find(|(names, _)| names.contains(&written)) {
        return Diagnostic { summary: format!("unsupported function `{written}`"), ..fault }.help(*why);
    }
    if !may_suggest {
        return fault;
    }
    let mut known: Vec<&str> = TABLE.keys().copied().chain(CATCHING.iter().map(|(name, ..)| *name)).collect();
    known.sort_unstable();
    fault.suggest(
        written,
        known,
        Some("drplan has Terraform's functions, except those that read a clock or the machine.".into()),
    )
}

fn wrong_count(function: &Function, count: usize, spans: &[Span], span: Span) -> Diagnostic {
    let place = if count > function.params.len() { spans.get(function.params.len()) } else { None };
    let given = match count {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        more => format!("{more} arguments"),
    };
    Diagnostic::error("bad-argument", format!("wrong number of arguments: `{}` is called with {given}", function.name))
        .at(place.copied().unwrap_or(span))
        .help(format!("`{}`: {}", function.signature(), function.doc))
}

/// How many elements a value has at its top.
fn size(value: &Value) -> usize {
    match value {
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    }
}

// Arguments have been converted to the kinds of their parameters; the fallbacks below are never met.

fn text(args: &[Value], at: usize) -> &str {
    args.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn int(args: &[Value], at: usize) -> Option<i64> {
    match args.get(at) {
        Some(Value::Number(number)) => number.as_i64(),
        _ => None,
    }
}

fn number(args: &[Value], at: usize) -> Number {
    match args.get(at) {
        Some(Value::Number(number)) => *number,
        _ => Number::Int(0),
    }
}

fn list(args: &[Value], at: usize) -> &[Value] {
    match args.get(at) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn map(args: &[Value], at: usize) -> Arc<Node<Map>> {
    match args.get(at) {
        Some(Value::Map(map)) => Arc::clone(map),
        _ => Arc::default(),
    }
}

fn any(args: &[Value], at: usize) -> Value {
    args.get(at).cloned().unwrap_or(Value::Null)
}

/// Adds to a text that a function makes.
fn grow(text: &mut String, more: &str) -> Result<(), FunctionError> {
    if text.len() + more.len() > MAX_STRING_BYTES {
        return Err(FunctionError::too_large());
    }
    text.push_str(more);
    Ok(())
}

#[cfg(test)]
mod tests;
