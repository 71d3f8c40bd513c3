//! Functions that read files inside the stack directory, and those over paths.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::hcl::ast::Ident;
use crate::hcl::eval::{Budget, Files, ReferenceKey, Scope, TEMPLATE_WORK, evaluate_template};
use crate::hcl::parse_template;
use crate::value::{Map, Node, Value};

use super::{Function, FunctionError, ParamType, map, param, pure, reading, text};

pub(super) const FUNCTIONS: &[Function] = &[
    reading(
        "file",
        &[PATH],
        |args, scope, budget| Ok(read_text(args, scope, budget)?.into()),
        "The text of a file in the stack directory.",
    ),
    reading("filebase64", &[PATH], filebase64, "The bytes of a file in the stack directory, in Base64."),
    reading("fileexists", &[PATH], fileexists, "True if the stack directory has such a file."),
    reading(
        "templatefile",
        &[PATH, param("variables", ParamType::Map)],
        templatefile,
        "The text of a file in the stack directory with `${…}` and `%{…}` filled in from the variables.",
    ),
    pure(
        "basename",
        &[param("path", ParamType::Text)],
        |args| Ok(basename(text(args, 0)).into()),
        "The last part of a path.",
    ),
    pure(
        "dirname",
        &[param("path", ParamType::Text)],
        |args| Ok(dirname(text(args, 0)).into()),
        "A path without its last part.",
    ),
];

/// Faults of a template that the error of its call lists.
const SHOWN: usize = 20;

const PATH: super::Param = param("path", ParamType::Text);

/// The path as [`Files`] takes it: relative, and without `.` and `..`.
fn inside(args: &[Value]) -> Result<String, FunctionError> {
    let written = text(args, 0);
    let absolute = written.starts_with(['/', '\\', '~']) || written.chars().nth(1) == Some(':');
    let parts: Vec<&str> = written.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    if absolute || parts.contains(&"..") {
        let what = if absolute { "is an absolute path" } else { "leads out of the stack directory" };
        return Err(FunctionError::arg(0, format!("`{written}` {what}")).help(
            "A stack reads files inside its own directory only, so that its plan is the same on every machine. \
             Copy the file to a place beside the stack, and write its path from there.",
        ));
    }
    if parts.is_empty() {
        return Err(FunctionError::arg(0, "the path is empty"));
    }
    Ok(parts.join("/"))
}

fn read(args: &[Value], scope: &dyn Scope, budget: &Budget) -> Result<Arc<[u8]>, FunctionError> {
    let path = inside(args)?;
    match budget.file(&path, || scope.files().bytes(&path))? {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(FunctionError::arg(0, format!("no file `{path}` in the stack directory"))
            .help("Paths are relative to the stack directory, not to the working directory.")),
        Err(why) => Err(FunctionError::arg(0, format!("`{path}` cannot be read: {why}"))),
    }
}

fn read_text(args: &[Value], scope: &dyn Scope, budget: &Budget) -> Result<String, FunctionError> {
    let bytes = read(args, scope, budget)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        FunctionError::arg(0, "this file is not a text in UTF-8").help("Use `filebase64` for files that are not text.")
    })?;
    Ok(text.to_owned())
}

fn filebase64(args: &[Value], scope: &dyn Scope, budget: &Budget) -> Result<Value, FunctionError> {
    Ok(STANDARD.encode(read(args, scope, budget)?).into())
}

fn fileexists(args: &[Value], scope: &dyn Scope, budget: &Budget) -> Result<Value, FunctionError> {
    let path = inside(args)?;
    let found = budget
        .file(&path, || scope.files().bytes(&path))?
        .map_err(|why| FunctionError::arg(0, format!("`{path}` cannot be read: {why}")))?;
    Ok(found.is_some().into())
}

fn templatefile(args: &[Value], scope: &dyn Scope, budget: &Budget) -> Result<Value, FunctionError> {
    if scope.is_template() {
        return Err(FunctionError::call("`templatefile` cannot be called in a template"));
    }
    let template = read_text(args, scope, budget)?;
    let inner = TemplateScope { variables: map(args, 1), files: scope.files(), budget: budget.clone() };
    let fault = |found: Diagnostics| template_fault(text(args, 0), &template, &found);
    let parts = budget.template(text(args, 0), || {
        budget.charge(template.len().saturating_mul(TEMPLATE_WORK))?;
        parse_template(&template, 0).map_err(fault)
    })?;
    evaluate_template(&parts, &inner).map_err(fault)
}

/// The faults of a template as one of its call: each with file, line and column, as spans cannot point into a file
/// that is not a source.
fn template_fault(path: &str, template: &str, found: &Diagnostics) -> FunctionError {
    let mut sources = Sources::default();
    sources.add(path, template);
    let told: Vec<String> = found
        .iter()
        .take(SHOWN)
        .map(|fault| match fault.span.and_then(|span| sources.position(span)) {
            Some((path, line, column)) => format!("{path}:{line}:{column}: {}", fault.summary),
            None => format!("{path}: {}", fault.summary),
        })
        .collect();
    let help = found.iter().find_map(|fault| fault.help.clone());
    let fault = FunctionError::arg(0, format!("invalid template: {}", told.join("; ")));
    match help {
        Some(help) => fault.help(help),
        None => fault,
    }
}

/// The scope inside a template: its variables and nothing else.
struct TemplateScope<'a> {
    variables: Arc<Node<Map>>,
    files: &'a dyn Files,
    budget: Budget,
}

impl Scope for TemplateScope<'_> {
    fn resolve(&self, root: &Ident, _: &[(ReferenceKey, Span)]) -> Result<(Value, usize), Diagnostic> {
        let Ident { text: name, span } = root;
        let undeclared = |name: &str| {
            Diagnostic::error("unknown-name", format!("reference to undeclared variable `{name}` in a template"))
        };
        let found = match self.variables.get(name) {
            Some(value) => Ok((value.clone(), 0)),
            None if !self.budget.may_suggest() => Err(undeclared(name)),
            None => Err(undeclared(name).suggest(
                name,
                self.variables.keys().map(|key| &**key),
                Some("Add it to the second argument of `templatefile`.".into()),
            )),
        };
        found.map_err(|fault| fault.at(*span))
    }

    fn files(&self) -> &dyn Files {
        self.files
    }

    fn budget(&self) -> Budget {
        self.budget.clone()
    }

    fn is_template(&self) -> bool {
        true
    }
}

fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        _ if path.is_empty() => ".",
        Some("") | None => "/",
        Some(last) => last,
    }
}

fn dirname(path: &str) -> String {
    let Some((before, _)) = path.rsplit_once('/') else { return ".".to_owned() };
    let mut parts: Vec<&str> = Vec::new();
    for part in before.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match parts.last() {
            Some(last) if part == ".." && *last != ".." => _ = parts.pop(),
            None if part == ".." && path.starts_with('/') => {}
            _ => parts.push(part),
        }
    }
    match (path.starts_with('/'), parts.join("/")) {
        (true, joined) => format!("/{joined}"),
        (false, joined) if joined.is_empty() => ".".to_owned(),
        (false, joined) => joined,
    }
}
