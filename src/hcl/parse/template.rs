//! Templates: strip markers, the indent of `<<-`, and directives.
//!
//! Terraform applies markers and indents to a flat run of tokens in which each line of a heredoc is a token of its own, so
//! the nested templates of `hcl-edit` are laid flat first and nested again after.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, Strip, Template};

use crate::hcl::ast::{Expr, ExprKind, Ident, Part};

use super::convert::Converter;

/// A piece of a template laid flat.
enum Piece {
    Text(String),
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For { key: Option<Ident>, value: Ident, collection: Expr },
    EndFor,
}

/// Template text laid flat, and whether the next text loses its leading spaces.
struct Flat {
    pieces: Vec<Piece>,
    /// Whether text is taken line by line from the source, as in heredocs and files, or whole with escapes resolved.
    by_line: bool,
    trim_next: bool,
}

impl Converter<'_> {
    /// The parts of a quoted template.
    pub(super) fn quoted_template(&mut self, template: &Template) -> Vec<Part> {
        self.parts(template, false, false)
    }

    /// The parts of a heredoc or of a file; `flush` takes away the indent that all its lines have.
    pub(super) fn lines_template(&mut self, template: &Template, flush: bool) -> Vec<Part> {
        self.parts(template, true, flush)
    }

    fn parts(&mut self, template: &Template, by_line: bool, flush: bool) -> Vec<Part> {
        let mut flat = Flat { pieces: Vec::new(), by_line, trim_next: false };
        self.flatten(template, &mut flat);
        if flush {
            take_indent(&mut flat.pieces);
        }
        nest(&mut flat.pieces.into_iter())
    }

    /// One text is a string, one interpolation alone in quotes is that value itself, and all else is a template.
    pub(super) fn template_kind(mut parts: Vec<Part>) -> ExprKind {
        match parts.as_mut_slice() {
            [Part::Literal(text)] => ExprKind::String(text.clone()),
            [Part::Interpolation(expr)] => std::mem::replace(&mut expr.kind, ExprKind::Null),
            _ => ExprKind::Template(parts),
        }
    }

    fn flatten(&mut self, template: &Template, flat: &mut Flat) {
        for element in template.iter() {
            match element {
                Element::Literal(text) => self.text(text, text.span(), flat),
                Element::Interpolation(interpolation) => {
                    let expr = self.expr(&interpolation.expr);
                    flat.marked(interpolation.strip, Piece::Interpolation(expr));
                }
                Element::Directive(directive) => match directive.as_ref() {
                    Directive::If(directive) => self.flatten_if(directive, flat),
                    Directive::For(directive) => self.flatten_for(directive, flat),
                },
            }
        }
    }

    fn flatten_if(&mut self, directive: &IfDirective, flat: &mut Flat) {
        let IfDirective { if_expr, else_expr, endif_expr, .. } = directive;
        let condition = self.expr(&if_expr.cond_expr);
        flat.marked(if_expr.strip, Piece::If(condition));
        self.flatten(&if_expr.template, flat);
        if let Some(other) = else_expr {
            flat.marked(other.strip, Piece::Else);
            self.flatten(&other.template, flat);
        }
        flat.marked(endif_expr.strip, Piece::EndIf);
    }

    fn flatten_for(&mut self, directive: &ForDirective, flat: &mut Flat) {
        let each = &directive.for_expr;
        let piece = Piece::For {
            key: each.key_var.as_ref().map(|name| self.ident(name)),
            value: self.ident(&each.value_var),
            collection: self.expr(&each.collection_expr),
        };
        flat.marked(each.strip, piece);
        self.flatten(&each.template, flat);
        flat.marked(directive.endfor_expr.strip, Piece::EndFor);
    }

    fn text(&mut self, resolved: &str, range: Option<Range<usize>>, flat: &mut Flat) {
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

impl Flat {
    fn text(&mut self, text: String) {
        let trim = std::mem::take(&mut self.trim_next);
        self.pieces.push(Piece::Text(if trim { text.trim_start().to_owned() } else { text }));
    }

    fn marked(&mut self, strip: Strip, piece: Piece) {
        if strip.strip_start()
            && let Some(Piece::Text(before)) = self.pieces.last_mut()
        {
            before.truncate(before.trim_end().len());
        }
        self.pieces.push(piece);
        self.trim_next = strip.strip_end();
    }
}

/// Takes away the spaces that every line starts with. Lines of spaces alone do not count; a line that starts with `${` or
/// `%{` has no spaces.
fn take_indent(pieces: &mut [Piece]) {
    let mut line_starts = true;
    let mut starts = Vec::new();
    let mut indent = usize::MAX;
    for (at, piece) in pieces.iter().enumerate() {
        let starting = std::mem::take(&mut line_starts);
        match piece {
            Piece::Text(text) => {
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
        if let Some(Piece::Text(text)) = pieces.get_mut(at) {
            *text = text.chars().skip(indent).collect();
        }
    }
}

/// Nests pieces again, up to the end of the directive they are in. Texts that touch become one.
fn nest(pieces: &mut dyn Iterator<Item = Piece>) -> Vec<Part> {
    nest_until(pieces).0
}

fn nest_until(pieces: &mut dyn Iterator<Item = Piece>) -> (Vec<Part>, bool) {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut at_else = false;
    while let Some(piece) = pieces.next() {
        if let Piece::Text(more) = piece {
            text.push_str(&more);
            continue;
        }
        flush_text(&mut text, &mut parts);
        match piece {
            Piece::Text(_) => {}
            Piece::Interpolation(expr) => parts.push(Part::Interpolation(expr)),
            Piece::If(condition) => {
                let (yes, has_else) = nest_until(pieces);
                let no = if has_else { nest_until(pieces).0 } else { Vec::new() };
                parts.push(Part::If(condition, yes, no));
            }
            Piece::For { key, value, collection } => {
                let body = nest_until(pieces).0;
                parts.push(Part::For { key, value, collection, body });
            }
            Piece::Else => {
                at_else = true;
                break;
            }
            Piece::EndIf | Piece::EndFor => break,
        }
    }
    flush_text(&mut text, &mut parts);
    (parts, at_else)
}

fn flush_text(text: &mut String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::Literal(std::mem::take(text).into()));
    }
}
