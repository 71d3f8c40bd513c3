//! The tree: bodies, blocks, attributes and expressions, each with its span.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::value::Number;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Ident {
    /// The word.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// What stands between braces, or in a whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// `name = expression`, in the order written.
    pub attributes: Vec<Attribute>,
    /// Nested blocks, in the order written.
    pub blocks: Vec<Block>,
}

impl Body {
    /// The attribute with this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name.text == name)
    }

    /// The blocks with this word before the braces.
    pub fn blocks<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.ident.text == name)
    }
}

/// `name = expression`.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: Ident,
    /// The expression.
    pub expr: Arc<Expr>,
}

/// `ident "label" { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The word the block starts with.
    pub ident: Ident,
    /// Its labels.
    pub labels: Vec<Ident>,
    /// What stands between the braces.
    pub body: Body,
    /// The header: the word and its labels.
    pub header: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of expressions that HCL has.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string without interpolation, escapes resolved.
    String(Arc<str>),
    /// A string or heredoc with interpolation or directives.
    Template(Vec<Part>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ a = 1, (b) = 2 }`. A key written as a bare word is a `String`.
    Object(Vec<(Expr, Expr)>),
    /// A root name alone or with steps: `var.x`, `subnet.web["a"].id`, `x[*].id`, or steps on any other expression.
    Traversal {
        /// What the steps start from.
        root: Root,
        /// The steps, from left to right.
        steps: Vec<Step>,
    },
    /// `name(a, b...)`.
    Call {
        /// The name of the function.
        name: Ident,
        /// The arguments.
        args: Vec<Expr>,
        /// Whether the last argument is a list that stands for further arguments (`...`).
        expand: bool,
    },
    /// `a ? b : c`.
    Conditional(Box<[Expr; 3]>),
    /// `a + b`.
    Binary(Box<[Expr; 2]>, BinaryOp, Span),
    /// `!a`, `-a`.
    Unary(UnaryOp, Box<Expr>),
    /// `[for k, v in c : v if p]`, `{for k, v in c : k => v... if p}`.
    For(Box<For>),
    /// `(a)`.
    Parens(Box<Expr>),
}

/// What a traversal starts from.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// A name, looked up in the scope.
    Name(Ident),
    /// Any other expression.
    Expr(Box<Expr>),
}

/// One step of a traversal.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `.name`.
    Attr(Ident),
    /// `[expression]`; `.0` is read as `[0]`.
    Index(Expr),
    /// `[*]` and `.*`: the rest of the steps is taken for each element.
    Splat(Span),
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text as it is.
    Literal(Arc<str>),
    /// `${expression}`.
    Interpolation(Expr),
    /// `%{if c}…%{else}…%{endif}`.
    If(Expr, Vec<Part>, Vec<Part>),
    /// `%{for k, v in c}…%{endfor}`.
    For {
        /// The name of the key, where there is one.
        key: Option<Ident>,
        /// The name of the value.
        value: Ident,
        /// What is gone through.
        collection: Expr,
        /// What is repeated.
        body: Vec<Part>,
    },
}

/// A `for` expression.
#[derive(Debug, Clone, PartialEq)]
pub struct For {
    /// The name of the key, where there is one.
    pub key_name: Option<Ident>,
    /// The name of the value.
    pub value_name: Ident,
    /// What is gone through.
    pub collection: Expr,
    /// The key of each entry; present where the result is an object.
    pub key: Option<Expr>,
    /// The value of each entry.
    pub value: Expr,
    /// Whether values with the same key are grouped into lists (`...`).
    pub grouped: bool,
    /// Which entries are kept.
    pub condition: Option<Expr>,
}

/// Operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the operator its name says")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

impl BinaryOp {
    /// The operator as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }
}

/// Operators with one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!`.
    Not,
    /// `-`.
    Negate,
}

impl Expr {
    /// Calls `visit` with every traversal from a name within this expression: the name, the steps and the span. Names bound by a `for` within
    /// are left out, so what is visited is what the expression needs from outside.
    pub fn visit_references<'a>(&'a self, visit: &mut dyn FnMut(&'a Ident, &'a [Step], Span)) {
        self.visit(&mut Vec::new(), visit);
    }

    fn visit<'a>(&'a self, bound: &mut Vec<&'a str>, visit: &mut dyn FnMut(&'a Ident, &'a [Step], Span)) {
        match &self.kind {
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {}
            ExprKind::Template(parts) => visit_parts(parts, bound, visit),
            ExprKind::List(items) => items.iter().for_each(|item| item.visit(bound, visit)),
            ExprKind::Object(entries) => entries.iter().for_each(|(key, value)| {
                key.visit(bound, visit);
                value.visit(bound, visit);
            }),
            ExprKind::Traversal { root, steps } => {
                match root {
                    Root::Name(name) if bound.contains(&&*name.text) => {}
                    Root::Name(name) => visit(name, steps, self.span),
                    Root::Expr(expr) => expr.visit(bound, visit),
                }
                for step in steps {
                    if let Step::Index(index) = step {
                        index.visit(bound, visit);
                    }
                }
            }
            ExprKind::Call { name: _, args, expand: _ } => args.iter().for_each(|arg| arg.visit(bound, visit)),
            ExprKind::Conditional(sides) => sides.iter().for_each(|side| side.visit(bound, visit)),
            ExprKind::Binary(sides, _, _) => sides.iter().for_each(|side| side.visit(bound, visit)),
            ExprKind::Unary(_, side) | ExprKind::Parens(side) => side.visit(bound, visit),
            ExprKind::For(each) => {
                let For { key_name, value_name, collection, key, value, grouped: _, condition } = &**each;
                collection.visit(bound, visit);
                let outer = bound.len();
                bound.extend(key_name.iter().map(|name| &*name.text));
                bound.push(&value_name.text);
                for inner in key.iter().chain([value]).chain(condition) {
                    inner.visit(bound, visit);
                }
                bound.truncate(outer);
            }
        }
    }
}

fn visit_parts<'a>(parts: &'a [Part], bound: &mut Vec<&'a str>, visit: &mut dyn FnMut(&'a Ident, &'a [Step], Span)) {
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Interpolation(expr) => expr.visit(bound, visit),
            Part::If(condition, yes, no) => {
                condition.visit(bound, visit);
                visit_parts(yes, bound, visit);
                visit_parts(no, bound, visit);
            }
            Part::For { key, value, collection, body } => {
                collection.visit(bound, visit);
                let outer = bound.len();
                bound.extend(key.iter().map(|name| &*name.text));
                bound.push(&value.text);
                visit_parts(body, bound, visit);
                bound.truncate(outer);
            }
        }
    }
}
