//! Templates: strip markers, the indent of `<<-`, and directives.
//!
//! Terraform applies markers and indents to a flat run of tokens in which each line of a heredoc is a token of its
//! own, so the nested templates of `hcl-edit` are laid flat first and nested again after.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, Strip, Template};

use crate::hcl::ast::{Expr, ExprKind, Ident, TemplatePart};

use super::convert::Converter;

/// A piece of a template laid flat.
enum TemplatePiece {
    Text(String),
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For { key: Option<Ident>, value: Ident, collection: Expr },
    EndFor,
}

/// Template text laid flat, and whether the next text loses its leading spaces.
struct FlatTemplate {
    pieces: Vec<TemplatePiece>,
    /// Text is taken line by line from the source, as in heredocs and files, and not whole with escapes resolved.
    by_line: bool,
    trim_next: bool,
}

impl Converter<'_> {
    /// The parts of a quoted template.
    pub(super) fn quoted_template(&mut self, template: &Template) -> Vec<TemplatePart> {
        self.parts(template, false, false)
    }

    /// The parts of a heredoc or of a file; `flush` takes away the indent that all its lines have.
    pub(super) fn lines_template(&mut self, template: &Template, flush: bool) -> Vec<TemplatePart> {
        self.parts(template, true, flush)
    }

    fn parts(&mut self, template: &Template, by_line: bool, flush: bool) -> Vec<TemplatePart> {
        let mut flat = FlatTemplate { pieces: Vec::new(), by_line, trim_next: false };
        self.flatten(template, &mut flat);
        if flush {
            take_indent(&mut flat.pieces);
        }
        nest(&mut flat.pieces.into_iter())
    }

    /// One text is a string, one interpolation alone in quotes is that value itself, and all else is a template.
    pub(super) fn template_kind(mut parts: Vec<TemplatePart>) -> ExprKind {
        match parts.as_mut_slice() {
            [TemplatePart::Literal(text)] => ExprKind::String(text.clone()),
            [TemplatePart::Interpolation(expr)] => std::mem::replace(&mut expr.kind, ExprKind::Null),
            _ => ExprKind::Template(parts),
        }
    }

    fn flatten(&mut self, template: &Template, flat: &mut FlatTemplate) {
        for element in template.iter() {
            match element {
                Element::Literal(text) => self.text(text, text.span(), flat),
                Element::Interpolation(interpolation) => {
                    let expr = self.expr(&interpolation.expr);
                    flat.marked(interpolation.strip, TemplatePiece::Interpolation(expr));
                }
                Element::Directive(directive) => match directive.as_ref() {
                    Directive::If(directive) => self.flatten_if(directive, flat),
                    Directive::For(directive) => self.flatten_for(directive, flat),
                },
            }
        }
    }

    fn flatten_if(&mut self, directive: &IfDirective, flat: &mut FlatTemplate) {
        let IfDirective { if_expr, else_expr, endif_expr, .. } = directive;
        let condition = self.expr(&if_expr.cond_expr);
        flat.marked(if_expr.strip, TemplatePiece::If(condition));
        self.flatten(&if_expr.template, flat);
        if let Some(other) = else_expr {
            flat.marked(other.strip, TemplatePiece::Else);
            self.flatten(&other.template, flat);
        }
        flat.marked(endif_expr.strip, TemplatePiece::EndIf);
    }

    fn flatten_for(&mut self, directive: &ForDirective, flat: &mut FlatTemplate) {
        let each = &directive.for_expr;
        let piece = TemplatePiece::For {
            key: each.key_var.as_ref().map(|name| self.ident(name)),
            value: self.ident(&each.value_var),
            collection: self.expr(&each.collection_expr),
        };
        flat.marked(each.strip, piece);
        self.flatten(&each.template, flat);
        flat.marked(directive.endfor_expr.strip, TemplatePiece::EndFor);
    }

    fn text(&mut self, resolved: &str, range: Option<Range<usize>>, flat: &mut FlatTemplate) {
        if !flat.by_line {
            self.refuse_newline(range);
            flat.text(resolved.to_owned());
            return;
        }
        // The crate has taken an indent away by rules of its own, so the text is read again from the source.
        let written = range.and_then(|range| self.text.get(range)).unwrap_or(resolved);
        for line in written.split_inclusive('\n') {
            flat.text(line.replace("$${", "${").replace("%%{", "%{"));
        }
    }
}

impl FlatTemplate {
    fn text(&mut self, text: String) {
        let trim = std::mem::take(&mut self.trim_next);
        self.pieces.push(TemplatePiece::Text(if trim { text.trim_start().to_owned() } else { text }));
    }

    fn marked(&mut self, strip: Strip, piece: TemplatePiece) {
        if strip.strip_start()
            && let Some(TemplatePiece::Text(before)) = self.pieces.last_mut()
        {
            before.truncate(before.trim_end().len());
        }
        self.pieces.push(piece);
        self.trim_next = strip.strip_end();
    }
}

/// Takes away the spaces that every line starts with. Lines of spaces alone do not count; a line that starts with
/// `${` or `%{` has no spaces.
fn take_indent(pieces: &mut [TemplatePiece]) {
    let mut line_starts = true;
    let mut starts = Vec::new();
    let mut indent = usize::MAX;
    for (at, piece) in pieces.iter().enumerate() {
        let starting = std::mem::take(&mut line_starts);
        match piece {
            TemplatePiece::Text(text) => {
                let blank = text.trim_start().is_empty() && text.ends_with('\n');
                if starting && !blank {
                    indent = indent.min(text.chars().take_while(|c| c.is_whitespace()).count());
                    starts.push(at);
                }
                line_starts = text.ends_with('\n');
            }
            _ if starting => indent = 0,
            _ => {}
        }
    }
    for at in starts {
        if let Some(TemplatePiece::Text(text)) = pieces.get_mut(at) {
            *text = text.chars().skip(indent).collect();
        }
    }
}

/// Nests pieces again, up to the end of the directive they are in. Texts that touch become one.
fn nest(pieces: &mut dyn Iterator<Item = TemplatePiece>) -> Vec<TemplatePart> {
    nest_until(pieces).0
}

fn nest_until(pieces: &mut dyn Iterator<Item = TemplatePiece>) -> (Vec<TemplatePart>, bool) {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut at_else = false;
    while let Some(piece) = pieces.next() {
        if let TemplatePiece::Text(more) = piece {
            text.push_str(&more);
            continue;
        }
        flush_text(&mut text, &mut parts);
        match piece {
            TemplatePiece::Text(_) => {}
            TemplatePiece::Interpolation(expr) => parts.push(TemplatePart::Interpolation(expr)),
            TemplatePiece::If(condition) => {
                let (yes, has_else) = nest_until(pieces);
                let no = if has_else { nest_until(pieces).0 } else { Vec::new() };
                parts.push(TemplatePart::If(condition, yes, no));
            }
            TemplatePiece::For { key, value, collection } => {
                let body = nest_until(pieces).0;
                parts.push(TemplatePart::For { key, value, collection, body });
            }
            TemplatePiece::Else => {
                at_else = true;
                break;
            }
            TemplatePiece::EndIf | TemplatePiece::EndFor => break,
        }
    }
    flush_text(&mut text, &mut parts);
    (parts, at_else)
}

fn flush_text(text: &mut String, parts: &mut Vec<TemplatePart>) {
    if !text.is_empty() {
        parts.push(TemplatePart::Literal(std::mem::take(text).into()));
    }
}
