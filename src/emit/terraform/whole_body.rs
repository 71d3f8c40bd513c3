//! The body of a resource of the generic provider: the stack's expression, with the arguments at their places that the
//! provider's resource lacks; and secrets within a secret map.

use super::names::TerraformScope;
use super::resource::ResourceWriter;
use crate::emit::Limitation;
use crate::hcl::ast::{Expr, ExprKind};
use crate::hcl::value_text;
use crate::kinds::{Arg, Lit, Wire, body};
use crate::value::Clear;

impl ResourceWriter<'_, '_> {
    /// The line of the body, if the kind has an argument for it.
    pub(super) fn whole_body(&self) -> Option<String> {
        let arg = self.kind.arg(self.of.body)?;
        let written = self.merged.attributes.iter().find(|(one, _)| &*one.name.text == arg.name);
        let places: Vec<(&Expr, &Arg)> = self
            .of
            .said
            .iter()
            .filter_map(|name| Some((&*self.merged.attribute(name)?.expr, self.kind.arg(name)?)))
            .filter(|(_, arg)| matches!(arg.wire, Wire::At(_) | Wire::Mapped(..)))
            .collect();
        let span = written.map(|(one, _)| one.expr.span).or_else(|| places.first().map(|(expr, _)| expr.span))?;
        let start = written.map_or(Expr { kind: ExprKind::Object(Vec::new()), span }, |(one, _)| (*one.expr).clone());
        let is_merged = !self.merged.unmerged.contains(arg.name);
        let whole = places.iter().try_fold(start, |whole, (value, arg)| placed(whole, value, arg.wire));
        let mirrored = written.is_some_and(|(_, mirrored)| *mirrored);
        let text = match whole.filter(|_| is_merged) {
            Some(whole) => self.value(arg, &whole, (arg.name, arg.name, mirrored), &self.scope()),
            None => self.known_body()?,
        };
        Some(format!("{} = {text}", self.of.name_of(arg.name, arg)))
    }

    /// The body as far as it is known and not secret, where its expression cannot show it.
    fn known_body(&self) -> Option<String> {
        let resource = self.instance?;
        let clear = |name: &str| resource.args.get(name)?.clear().map(Clear::into_json);
        let names = [self.of.body].into_iter().chain(self.of.said.iter().copied());
        let known: serde_json::Map<_, _> = names.filter_map(|name| Some((name.to_owned(), clear(name)?))).collect();
        if !known.contains_key(self.of.body) {
            self.emitter.lost.borrow_mut().push(Limitation {
                what: format!("{}: {}", self.block, self.of.body),
                why: "it is merged from parts that are known after apply or sensitive; write it manually".to_owned(),
            });
            return None;
        }
        let args: Vec<Arg> = self.kind.args.iter().filter(|arg| known.contains_key(arg.name)).copied().collect();
        Some(value_text(&body::encoded(&args, &known), 0))
    }

    /// A secret map: each of its entries, where a secret in plain text becomes a variable.
    pub(super) fn secret_entries(
        &self,
        arg: &Arg,
        entries: &[(Expr, Expr)],
        (path, place, mirrored): (&str, &str, bool),
        scope: &TerraformScope<'_, '_>,
    ) -> String {
        let one = |(key, value): &(Expr, Expr)| {
            let name = match &key.kind {
                ExprKind::String(text) => text.to_string(),
                _ => "entry".to_owned(),
            };
            let place = format!("{place}.{name}");
            let value = match &value.kind {
                ExprKind::Bool(_) | ExprKind::Null => scope.expr(value),
                _ => self.value(arg, value, (path, &place, mirrored), scope),
            };
            let key = match &key.kind {
                ExprKind::String(text) if !crate::address::is_identifier(text) => crate::hcl::quoted(text),
                ExprKind::String(text) => text.to_string(),
                _ => format!("({})", scope.expr(key)),
            };
            format!("{key} = {value}\n")
        };
        format!("{{\n{}}}", entries.iter().map(one).collect::<String>())
    }
}

/// A body with a value at the place of its argument; `None` if the body is no object there.
fn placed(whole: Expr, value: &Expr, wire: Wire) -> Option<Expr> {
    let (path, value) = match wire {
        Wire::At(path) => (path, value.clone()),
        Wire::Mapped(path, [(_, on), (_, off)]) => {
            let span = value.span;
            let of = |lit: Lit| Expr { kind: literal(lit), span };
            let kind = match value.kind {
                ExprKind::Bool(true) => literal(*on),
                ExprKind::Bool(false) => literal(*off),
                _ => ExprKind::Conditional(Box::new([value.clone(), of(*on), of(*off)])),
            };
            (path, Expr { kind, span })
        }
        _ => return None,
    };
    let segments: Vec<&str> = path.split('.').collect();
    put(whole, &segments, value)
}

fn put(whole: Expr, segments: &[&str], value: Expr) -> Option<Expr> {
    let Some((segment, rest)) = segments.split_first() else { return Some(value) };
    let (name, index) = segment.split_once('[').map_or((*segment, None), |(name, index)| (name, Some(index)));
    let span = whole.span;
    let empty = || Expr { kind: ExprKind::Object(Vec::new()), span };
    let ExprKind::Object(mut entries) = whole.kind else { return None };
    let is_it = |key: &Expr| matches!(&key.kind, ExprKind::String(text) if **text == *name);
    let at = entries.iter().position(|(key, _)| is_it(key));
    let inner = at.map(|at| entries.remove(at).1);
    let inner = match index {
        None => put(inner.unwrap_or_else(empty), rest, value)?,
        Some(index) => {
            let index: usize = index.trim_end_matches(']').parse().ok()?;
            let mut items = match inner.map(|inner| inner.kind) {
                None => Vec::new(),
                Some(ExprKind::List(items)) => items,
                Some(_) => return None,
            };
            items.resize_with(items.len().max(index + 1), empty);
            let element = std::mem::replace(items.get_mut(index)?, empty());
            *items.get_mut(index)? = put(element, rest, value)?;
            Expr { kind: ExprKind::List(items), span }
        }
    };
    let key = Expr { kind: ExprKind::String(name.into()), span };
    entries.insert(at.unwrap_or(entries.len()), (key, inner));
    Some(Expr { kind: ExprKind::Object(entries), span })
}

fn literal(lit: Lit) -> ExprKind {
    match lit {
        Lit::Str(text) => ExprKind::String(text.into()),
        Lit::Bool(value) => ExprKind::Bool(value),
        Lit::Int(value) => ExprKind::Number(crate::value::Number::Int(value)),
        Lit::EmptyList => ExprKind::List(Vec::new()),
        Lit::EmptyMap => ExprKind::Object(Vec::new()),
    }
}
