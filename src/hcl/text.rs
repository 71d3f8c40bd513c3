//! Expressions to text, with names replaced: for emitters of languages with HCL's expressions.

use super::ast::{Expr, ExprKind, ForLoop, Ident, Root, TemplatePart, TraversalStep, UnaryOp};
use super::render::quoted;

/// Replacements for names and calls.
pub trait NameWriter {
    /// The text of a name with steps, and the number of steps that it covers; `None`: unchanged.
    fn name(&self, name: &Ident, steps: &[TraversalStep], writer: &ExprWriter<'_>) -> Option<(String, usize)>;

    /// The text of a call; `None`: unchanged.
    fn call(&self, name: &Ident, args: &[Expr], writer: &ExprWriter<'_>) -> Option<String>;

    /// The expression for a text without interpolation; `None`: the text itself.
    fn text(&self, _: &str) -> Option<String> {
        None
    }

    /// The text of steps on a name that a `for` binds or on another expression, written as `text`; `None`: unchanged.
    fn steps(&self, _: &Root, _text: &str, _: &[TraversalStep], _: &ExprWriter<'_>) -> Option<String> {
        None
    }
}

/// A name that a `for` binds.
#[derive(Debug, Clone, Copy)]
pub struct LoopName<'a> {
    /// The name.
    pub name: &'a str,
    /// The collection, which the names bound before this `for` may be part of.
    pub collection: &'a Expr,
    /// True for the name of the key, false for that of the value.
    pub is_key: bool,
}

/// Writes expressions, the names bound by a `for` around them known.
pub struct ExprWriter<'a> {
    names: &'a dyn NameWriter,
    bound: Vec<LoopName<'a>>,
}

/// Maximum width of a list or object on one line.
const WIDTH: usize = 72;

impl<'a> ExprWriter<'a> {
    /// Writes expressions with these names.
    pub fn new(names: &'a dyn NameWriter) -> Self {
        Self { names, bound: Vec::new() }
    }

    /// A `for` around binds this name.
    pub fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|one| one.name == name)
    }

    /// The names that a `for` around binds, the outermost first.
    pub fn bound(&self) -> &[LoopName<'a>] {
        &self.bound
    }

    /// The same within a `for` over a collection.
    fn within<'b>(&self, key: Option<&'b Ident>, value: &'b Ident, collection: &'b Expr) -> ExprWriter<'b>
    where
        'a: 'b,
    {
        let key = key.map(|key| LoopName { name: &key.text, collection, is_key: true });
        let value = LoopName { name: &value.text, collection, is_key: false };
        ExprWriter { names: self.names, bound: self.bound.iter().copied().chain(key).chain([value]).collect() }
    }

    /// An expression.
    pub fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Null => "null".to_owned(),
            ExprKind::Bool(bool) => bool.to_string(),
            ExprKind::Number(number) => number.to_string(),
            ExprKind::String(text) => self.names.text(text).unwrap_or_else(|| quoted(text)),
            ExprKind::Template(parts) => format!("\"{}\"", self.parts(parts)),
            ExprKind::List(items) => listed(items.iter().map(|item| self.expr(item)).collect()),
            ExprKind::Object(entries) => self.object(entries),
            ExprKind::Traversal { root, steps } => self.traversal(root, steps),
            ExprKind::Call { name, args, expand } => self.names.call(name, args, self).unwrap_or_else(|| {
                let args = args.iter().map(|arg| self.expr(arg)).collect::<Vec<_>>().join(", ");
                format!("{}({args}{})", name.text, if *expand { "..." } else { "" })
            }),
            ExprKind::Conditional(parts) => {
                let [condition, yes, no] = &**parts;
                format!("{} ? {} : {}", self.expr(condition), self.expr(yes), self.expr(no))
            }
            ExprKind::Binary(sides, op, _) => {
                let [left, right] = &**sides;
                format!("{} {} {}", self.expr(left), op.as_str(), self.expr(right))
            }
            ExprKind::Unary(UnaryOp::Not, inner) => format!("!{}", self.expr(inner)),
            ExprKind::Unary(UnaryOp::Negate, inner) => format!("-{}", self.expr(inner)),
            ExprKind::For(of) => self.loops(of, &|writer, value| writer.expr(value)),
            ExprKind::Parens(inner) => format!("({})", self.expr(inner)),
        }
    }

    /// A `for`, its value written by `value`.
    pub fn loops(&self, of: &ForLoop, value: &dyn Fn(&ExprWriter<'_>, &Expr) -> String) -> String {
        let ForLoop { key_name, value_name, collection, key, value: each, grouped, condition } = of;
        let names: Vec<&str> = key_name.iter().chain([value_name]).map(|name| &*name.text).collect();
        let head = format!("for {} in {} : ", names.join(", "), self.expr(collection));
        let writer = self.within(key_name.as_ref(), value_name, collection);
        let condition = condition.as_ref().map(|one| format!(" if {}", writer.expr(one))).unwrap_or_default();
        let each = value(&writer, each);
        match key {
            None => format!("[{head}{each}{condition}]"),
            Some(key) => {
                let dots = if *grouped { "..." } else { "" };
                format!("{{ {head}{} => {each}{dots}{condition} }}", writer.expr(key))
            }
        }
    }

    fn object(&self, entries: &[(Expr, Expr)]) -> String {
        let key = |key: &Expr| match &key.kind {
            ExprKind::String(text) if crate::address::is_identifier(text) => text.to_string(),
            ExprKind::String(text) => quoted(text),
            ExprKind::Parens(_) => self.expr(key),
            _ => format!("({})", self.expr(key)),
        };
        let pairs: Vec<String> =
            entries.iter().map(|(name, value)| format!("{} = {}", key(name), self.expr(value))).collect();
        let line = format!("{{ {} }}", pairs.join(", "));
        match pairs.len() {
            0 => "{}".to_owned(),
            _ if line.len() <= WIDTH && !line.contains('\n') => line,
            _ => format!("{{\n{}\n}}", pairs.join("\n")),
        }
    }

    fn traversal(&self, root: &Root, steps: &[TraversalStep]) -> String {
        let (mut out, covered) = match root {
            Root::Name(name) if self.is_bound(&name.text) => (name.text.to_string(), 0),
            Root::Name(name) => self.names.name(name, steps, self).unwrap_or_else(|| (name.text.to_string(), 0)),
            Root::Expr(inner) => (self.expr(inner), 0),
        };
        let is_named = matches!(root, Root::Name(name) if !self.is_bound(&name.text));
        if !is_named && let Some(text) = self.names.steps(root, &out, steps, self) {
            return text;
        }
        out += &self.steps(steps.get(covered..).unwrap_or_default());
        out
    }

    /// Steps as they are.
    pub fn steps(&self, steps: &[TraversalStep]) -> String {
        let one = |step: &TraversalStep| match step {
            TraversalStep::Attr(name) => format!(".{}", name.text),
            TraversalStep::Index(index) => format!("[{}]", self.expr(index)),
            TraversalStep::Splat(_) => "[*]".to_owned(),
        };
        steps.iter().map(one).collect()
    }

    fn parts(&self, parts: &[TemplatePart]) -> String {
        let one = |part: &TemplatePart| match part {
            TemplatePart::Literal(text) => {
                let quoted = quoted(text);
                quoted[1..quoted.len() - 1].to_owned()
            }
            TemplatePart::Interpolation(expr) => format!("${{{}}}", self.expr(expr)),
            TemplatePart::If(condition, yes, no) => {
                let no = if no.is_empty() { String::new() } else { format!("%{{ else }}{}", self.parts(no)) };
                format!("%{{ if {} }}{}{no}%{{ endif }}", self.expr(condition), self.parts(yes))
            }
            TemplatePart::For { key, value, collection, body } => {
                let names: Vec<&str> = key.iter().chain([value]).map(|name| &*name.text).collect();
                let head = format!("%{{ for {} in {} }}", names.join(", "), self.expr(collection));
                let inner = self.within(key.as_ref(), value, collection);
                format!("{head}{}%{{ endfor }}", inner.parts(body))
            }
        };
        parts.iter().map(one).collect()
    }
}

/// A list on one line where it fits, else an item a line.
pub fn listed(items: Vec<String>) -> String {
    let line = format!("[{}]", items.join(", "));
    if line.len() <= WIDTH && !line.contains('\n') || items.is_empty() {
        return line;
    }
    format!("[\n{}\n]", items.iter().map(|item| format!("{item},")).collect::<Vec<_>>().join("\n"))
}
