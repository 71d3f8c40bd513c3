//! The tree of `hcl-edit` as ours. It knows no more of the text than that tree says.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::expr::{
    BinaryOperator, Expression, ForExpr, FuncCall, Object, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::structure::{self, BlockLabel, Structure};
use hcl_edit::{Decorated, Span as _};

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::hcl::ast::{
    BinaryOp, Body, Expr, ExprKind, ForLoop, HclAttribute, HclBlock, Ident, Root, TraversalStep, UnaryOp,
};
use crate::hcl::one_line::Unfolded;
use crate::value::Number;

use super::{MAX_STEPS, offset};

pub(super) struct Converter<'a> {
    /// The text that was parsed; spans of `hcl-edit` are positions in it.
    pub(super) text: &'a str,
    file: u32,
    /// Where that text starts in the file.
    base: u32,
    /// The text with the line breaks that were put in, if it has any.
    unfolded: Option<&'a Unfolded<'a>>,
    errors: Diagnostics,
}

impl<'a> Converter<'a> {
    pub(super) fn new(text: &'a str, file: u32, base: u32) -> Self {
        Self { text, file, base, unfolded: None, errors: Diagnostics::new() }
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, Diagnostics> {
        self.errors.into_result(value).map(|(value, _)| value)
    }

    /// A converter for a text with line breaks in blocks on one line.
    pub(super) fn unfolded(unfolded: &'a Unfolded<'_>, file: u32, base: u32) -> Self {
        Self { unfolded: Some(unfolded), ..Self::new(&unfolded.text, file, base) }
    }

    pub(super) fn span(&self, range: Option<Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        let written = |at| self.unfolded.map_or(at, |unfolded| unfolded.written(at));
        let range = written(range.start)..written(range.end);
        Span { file: self.file, start: self.base + offset(range.start), end: self.base + offset(range.end) }
    }

    fn syntax(&mut self, span: Span, summary: impl Into<String>, help: &str) {
        self.errors.push(Diagnostic::error("syntax", summary).at(span).help(help));
    }

    pub(super) fn body(&mut self, body: &structure::Body) -> Body {
        let mut out = Body::default();
        body.iter().for_each(|structure| self.structure(structure, &mut out));
        out
    }

    /// Adds one block or argument.
    pub(super) fn structure(&mut self, structure: &Structure, out: &mut Body) {
        match structure {
            Structure::Attribute(attribute) => out
                .attributes
                .push(HclAttribute { name: self.ident(&attribute.key), expr: Arc::new(self.expr(&attribute.value)) }),
            Structure::Block(block) => out.blocks.push(self.block(block)),
        }
    }

    fn block(&mut self, block: &structure::Block) -> HclBlock {
        let ident = self.ident(&block.ident);
        let labels: Vec<Ident> = block.labels.iter().map(|label| self.label(label)).collect();
        let header = Span { end: labels.last().map_or(ident.span.end, |label| label.span.end), ..ident.span };
        HclBlock { ident, labels, body: self.body(&block.body), header }
    }

    fn label(&mut self, label: &BlockLabel) -> Ident {
        let range = label.span();
        let span = self.span(range.clone());
        if let BlockLabel::String(_) = label {
            self.refuse_newline(range);
        }
        Ident { text: label.as_str().into(), span }
    }

    pub(super) fn ident(&self, ident: &Decorated<hcl_edit::Ident>) -> Ident {
        Ident { text: ident.as_str().into(), span: self.span(ident.span()) }
    }

    /// Terraform ends a quoted text at the end of the line; `hcl-edit` does not.
    pub(super) fn refuse_newline(&mut self, range: Option<Range<usize>>) {
        let written = range.clone().and_then(|range| self.text.get(range)).unwrap_or_default();
        if let Some(at) = written.find('\n') {
            let start = range.unwrap_or_default().start;
            let span = self.span(Some(start..start + at));
            self.syntax(
                span,
                "unclosed quote: a string cannot span lines",
                "Close it with `\"`, write `\\n` for a line break, or use a heredoc (`<<-EOT`).",
            );
        }
    }

    pub(super) fn expr(&mut self, expr: &Expression) -> Expr {
        let span = self.span(expr.span());
        let kind = match expr {
            Expression::Null(_) => ExprKind::Null,
            Expression::Bool(bool) => ExprKind::Bool(*bool.as_ref()),
            Expression::Number(number) => ExprKind::Number(self.number(number, span)),
            Expression::String(text) => {
                self.refuse_newline(expr.span());
                ExprKind::String(text.as_str().into())
            }
            Expression::Array(items) => ExprKind::List(items.iter().map(|item| self.expr(item)).collect()),
            Expression::Object(object) => self.object(object),
            Expression::StringTemplate(template) => {
                let parts = self.quoted_template(template);
                Self::template_kind(parts)
            }
            Expression::HeredocTemplate(heredoc) => {
                // `<<-` is kept by the crate only as the indent it took away, so the text is asked.
                let flush = expr.span().and_then(|range| self.text.get(range)).is_some_and(|t| t.starts_with("<<-"));
                match self.lines_template(&heredoc.template, flush) {
                    parts if parts.is_empty() => ExprKind::String("".into()),
                    parts => Self::template_kind(parts),
                }
            }
            Expression::Parenthesis(inner) => ExprKind::Parens(Box::new(self.expr(inner.inner()))),
            Expression::Variable(name) => ExprKind::Traversal { root: Root::Name(self.ident(name)), steps: Vec::new() },
            Expression::Conditional(parts) => ExprKind::Conditional(Box::new([
                self.expr(&parts.cond_expr),
                self.expr(&parts.true_expr),
                self.expr(&parts.false_expr),
            ])),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => self.traversal(traversal, span),
            Expression::UnaryOp(op) => {
                let inner = Box::new(self.expr(&op.expr));
                match op.operator.as_ref() {
                    UnaryOperator::Neg => ExprKind::Unary(UnaryOp::Negate, inner),
                    UnaryOperator::Not => ExprKind::Unary(UnaryOp::Not, inner),
                }
            }
            Expression::BinaryOp(op) => {
                let sides = Box::new([self.expr(&op.lhs_expr), self.expr(&op.rhs_expr)]);
                ExprKind::Binary(sides, binary_op(*op.operator.as_ref()), self.span(op.operator.span()))
            }
            Expression::ForExpr(each) => ExprKind::For(Box::new(self.for_expr(each))),
        };
        Expr { kind, span }
    }

    fn number(&mut self, number: &hcl_edit::Number, span: Span) -> Number {
        if let Some(int) = number.as_i64() {
            return Number::Int(int);
        }
        number.as_f64().and_then(Number::from_f64).unwrap_or_else(|| {
            self.syntax(span, "this number is too large", "Write a number between -1.7e308 and 1.7e308.");
            Number::Int(0)
        })
    }

    fn object(&mut self, object: &Object) -> ExprKind {
        let mut entries = Vec::with_capacity(object.len());
        for (key, value) in object.iter() {
            let key = match key {
                ObjectKey::Ident(name) => {
                    let Ident { text, span } = self.ident(name);
                    Expr { kind: ExprKind::String(text), span }
                }
                ObjectKey::Expression(key) => self.expr(key),
            };
            if matches!(key.kind, ExprKind::Traversal { .. }) {
                self.syntax(
                    key.span,
                    "a reference as a key must stand in parentheses",
                    "Write `(…)` around it, or quotes if the text itself is meant.",
                );
            }
            entries.push((key, self.expr(value.expr())));
        }
        ExprKind::Object(entries)
    }

    fn call(&mut self, call: &FuncCall) -> ExprKind {
        let mut name = self.ident(&call.name.name);
        if let Some(first) = call.name.namespace.first() {
            let start = self.span(first.span()).start;
            let words = call.name.namespace.iter().map(|word| word.as_str()).chain([&*name.text]);
            name = Ident { text: words.collect::<Vec<_>>().join("::").into(), span: Span { start, ..name.span } };
        }
        let args = call.args.iter().map(|arg| self.expr(arg)).collect();
        ExprKind::Call { name, args, expand: call.args.expand_final() }
    }

    fn for_expr(&mut self, each: &ForExpr) -> ForLoop {
        ForLoop {
            key_name: each.intro.key_var.as_ref().map(|name| self.ident(name)),
            value_name: self.ident(&each.intro.value_var),
            collection: self.expr(&each.intro.collection_expr),
            key: each.key_expr.as_ref().map(|key| self.expr(key)),
            value: self.expr(&each.value_expr),
            grouped: each.grouping,
            condition: each.cond.as_ref().map(|condition| self.expr(&condition.expr)),
        }
    }

    fn traversal(&mut self, traversal: &Traversal, span: Span) -> ExprKind {
        if traversal.operators.len() > MAX_STEPS {
            self.syntax(
                span,
                format!("{} steps in a row", traversal.operators.len()),
                &format!("At most {MAX_STEPS} steps may follow one another."),
            );
            return ExprKind::Null;
        }
        let mut root = match &traversal.expr {
            Expression::Variable(name) => Root::Name(self.ident(name)),
            other => Root::Expr(Box::new(self.expr(other))),
        };
        let mut steps = Vec::with_capacity(traversal.operators.len());
        // After `.*` only names are taken for each element; an index is taken of the list they make.
        let mut names_only = false;
        for operator in &traversal.operators {
            let here = self.span(operator.span());
            let step = match operator.as_ref() {
                TraversalOperator::GetAttr(name) => TraversalStep::Attr(self.ident(name)),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => TraversalStep::Splat(here),
                TraversalOperator::Index(index) => TraversalStep::Index(self.expr(index)),
                TraversalOperator::LegacyIndex(index) => {
                    let index = i64::try_from(*index.as_ref()).unwrap_or(i64::MAX);
                    TraversalStep::Index(Expr { kind: ExprKind::Number(Number::Int(index)), span: here })
                }
            };
            if names_only && !matches!(step, TraversalStep::Attr(_)) {
                let inner = ExprKind::Traversal { root, steps: std::mem::take(&mut steps) };
                root = Root::Expr(Box::new(Expr { kind: inner, span: Span { end: here.start, ..span } }));
                names_only = false;
            }
            names_only |= matches!(operator.as_ref(), TraversalOperator::AttrSplat(_));
            steps.push(step);
        }
        ExprKind::Traversal { root, steps }
    }
}

fn binary_op(operator: BinaryOperator) -> BinaryOp {
    match operator {
        BinaryOperator::Eq => BinaryOp::Equal,
        BinaryOperator::NotEq => BinaryOp::NotEqual,
        BinaryOperator::LessEq => BinaryOp::LessOrEqual,
        BinaryOperator::GreaterEq => BinaryOp::GreaterOrEqual,
        BinaryOperator::Less => BinaryOp::Less,
        BinaryOperator::Greater => BinaryOp::Greater,
        BinaryOperator::Plus => BinaryOp::Add,
        BinaryOperator::Minus => BinaryOp::Subtract,
        BinaryOperator::Mul => BinaryOp::Multiply,
        BinaryOperator::Div => BinaryOp::Divide,
        BinaryOperator::Mod => BinaryOp::Modulo,
        BinaryOperator::And => BinaryOp::And,
        BinaryOperator::Or => BinaryOp::Or,
    }
}
