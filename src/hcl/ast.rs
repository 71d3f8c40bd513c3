//! The tree: bodies, blocks, attributes and expressions, each with its span.

use std::sync::Arc;

use crate::diagnostic::{Span, closest};
use crate::value::Number;

/// A word with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ident {
    /// The word.
    pub text: Arc<str>,
    /// Its place.
    pub span: Span,
}

/// The body of a block or of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Body {
    /// `name = expression`, in the order written.
    pub attributes: Vec<HclAttribute>,
    /// Nested blocks, in the order written.
    pub blocks: Vec<HclBlock>,
}

impl Body {
    /// The attribute with this name.
    pub fn attribute(&self, name: &str) -> Option<&HclAttribute> {
        self.attributes.iter().find(|attribute| &*attribute.name.text == name)
    }

    /// The body has `for_each`, or an argument that is a misspelt `for_each`.
    pub fn is_repeated(&self) -> bool {
        const KNOWN: [&str; 2] = ["for_each", "each"];
        self.attributes.iter().map(|attribute| &*attribute.name.text).any(|word| {
            // Few names come near it, so that the comparison is rare.
            let is_near = word.contains("each") || word.starts_with("for");
            word == "for_each" || (is_near && closest(word, KNOWN) == Some("for_each"))
        })
    }

    /// An argument or block of this name is written, or one whose name is not in `known` and close to this one: that
    /// it is misspelt is reported there, and not a second time as missing.
    pub fn means(&self, name: &str, known: &[&str]) -> bool {
        let words = self.attributes.iter().map(|attribute| &attribute.name);
        words.chain(self.blocks.iter().map(|block| &block.ident)).any(|word| {
            &*word.text == name
                || (!known.contains(&&*word.text) && closest(&word.text, known.iter().copied()) == Some(name))
        })
    }

    /// The blocks with this word before the braces.
    pub fn blocks<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a HclBlock> {
        self.blocks.iter().filter(move |block| &*block.ident.text == name)
    }
}

/// `name = expression`.
#[derive(Debug, Clone, PartialEq)]
pub struct HclAttribute {
    /// The name.
    pub name: Ident,
    /// The expression.
    pub expr: Arc<Expr>,
}

/// `ident "label" { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct HclBlock {
    /// The word the block starts with.
    pub ident: Ident,
    /// Its labels.
    pub labels: Vec<Ident>,
    /// Its body.
    pub body: Body,
    /// The header: the word and its labels.
    pub header: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// Its form.
    pub kind: ExprKind,
    /// Its place.
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
    Template(Vec<TemplatePart>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ a = 1, (b) = 2 }`. A key written as a bare word is a `String`.
    Object(Vec<(Expr, Expr)>),
    /// A root name alone or with steps: `var.x`, `subnet.web["a"].id`, `x[*].id`, or steps on any other expression.
    Traversal {
        /// The start.
        root: Root,
        /// The steps, from left to right.
        steps: Vec<TraversalStep>,
    },
    /// `name(a, b...)`.
    Call {
        /// The name of the function.
        name: Ident,
        /// The arguments.
        args: Vec<Expr>,
        /// The last argument is a list of further arguments (`...`).
        expand: bool,
    },
    /// `a ? b : c`.
    Conditional(Box<[Expr; 3]>),
    /// `a + b`.
    Binary(Box<[Expr; 2]>, BinaryOp, Span),
    /// `!a`, `-a`.
    Unary(UnaryOp, Box<Expr>),
    /// `[for k, v in c : v if p]`, `{for k, v in c : k => v... if p}`.
    For(Box<ForLoop>),
    /// `(a)`.
    Parens(Box<Expr>),
}

/// The start of a traversal.
#[derive(Debug, Clone, PartialEq)]
pub enum Root {
    /// A name, looked up in the scope.
    Name(Ident),
    /// Any other expression.
    Expr(Box<Expr>),
}

/// One step of a traversal.
#[derive(Debug, Clone, PartialEq)]
pub enum TraversalStep {
    /// `.name`.
    Attr(Ident),
    /// `[expression]`; `.0` is read as `[0]`.
    Index(Expr),
    /// `[*]` and `.*`: the rest of the steps is taken for each element.
    Splat(Span),
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplatePart {
    /// Text as it is.
    Literal(Arc<str>),
    /// `${expression}`.
    Interpolation(Expr),
    /// `%{if c}…%{else}…%{endif}`.
    If(Expr, Vec<TemplatePart>, Vec<TemplatePart>),
    /// `%{for k, v in c}…%{endfor}`.
    For {
        /// The name of the key, where there is one.
        key: Option<Ident>,
        /// The name of the value.
        value: Ident,
        /// The collection.
        collection: Expr,
        /// The repeated parts.
        body: Vec<TemplatePart>,
    },
}

/// A `for` expression.
#[derive(Debug, Clone, PartialEq)]
pub struct ForLoop {
    /// The name of the key, where there is one.
    pub key_name: Option<Ident>,
    /// The name of the value.
    pub value_name: Ident,
    /// The collection.
    pub collection: Expr,
    /// The key of each entry; present where the result is an object.
    pub key: Option<Expr>,
    /// The value of each entry.
    pub value: Expr,
    /// Values with the same key are grouped into lists (`...`).
    pub grouped: bool,
    /// The condition for an entry to be kept.
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
    /// True if both sides are numbers.
    pub fn takes_numbers(self) -> bool {
        matches!(self.as_str(), "+" | "-" | "*" | "/" | "%" | "<" | "<=" | ">" | ">=")
    }

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
    /// Calls `visit` with every traversal from a name within this expression: the name, the steps and the span. Names
    /// bound by a `for` within are left out.
    pub fn visit_references<'a>(&'a self, visit: &mut dyn FnMut(&'a Ident, &'a [TraversalStep], Span)) {
        self.visit(&mut Vec::new(), visit);
    }

    fn visit<'a>(&'a self, bound: &mut Vec<&'a str>, visit: &mut dyn FnMut(&'a Ident, &'a [TraversalStep], Span)) {
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
                    if let TraversalStep::Index(index) = step {
                        index.visit(bound, visit);
                    }
                }
            }
            ExprKind::Call { name: _, args, expand: _ } => args.iter().for_each(|arg| arg.visit(bound, visit)),
            ExprKind::Conditional(sides) => sides.iter().for_each(|side| side.visit(bound, visit)),
            ExprKind::Binary(sides, _, _) => sides.iter().for_each(|side| side.visit(bound, visit)),
            ExprKind::Unary(_, side) | ExprKind::Parens(side) => side.visit(bound, visit),
            ExprKind::For(each) => {
                let ForLoop { key_name, value_name, collection, key, value, grouped: _, condition } = &**each;
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

fn visit_parts<'a>(
    parts: &'a [TemplatePart],
    bound: &mut Vec<&'a str>,
    visit: &mut dyn FnMut(&'a Ident, &'a [TraversalStep], Span),
) {
    for part in parts {
        match part {
            TemplatePart::Literal(_) => {}
            TemplatePart::Interpolation(expr) => expr.visit(bound, visit),
            TemplatePart::If(condition, yes, no) => {
                condition.visit(bound, visit);
                visit_parts(yes, bound, visit);
                visit_parts(no, bound, visit);
            }
            TemplatePart::For { key, value, collection, body } => {
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
