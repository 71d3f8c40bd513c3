//! Bodies of a resource, as `apply` sends them, with the stack's expressions in them.
//!
//! Kinds make bodies from arguments, partly with functions of their own. So each computed argument is passed to them
//! as a mark. Where a mark appears in a body, its expression is written, if the body without the mark has the
//! argument's value or the value that the table translates it to. A kind that inspects the argument would misread the
//! mark; there the value stays.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use super::body_value::{BodyElement, BodyValue, LoopEntries, gathered};
use super::code::{Code, FileInput, LoopId, TextPiece, joined};
use super::emitter::BicepEmitter;
use super::express::{BicepScope, LoopEntry};
use super::through::{fitted, is_reference, is_text, through, unwrapped, with_location};
use crate::address::{Address, ArmId};
use crate::emit::merged::{BlockContent, merged, names_each};
use crate::emit::{Limitation, secrets};
use crate::hcl::ast::{Expr, ExprKind, HclBlock};
use crate::kinds::{Arg, OtherResources, Subject, Ty, Wire, body};
use crate::stack::Resource;
use crate::value::{Clear, Map, Value};

/// First and last character of a mark, which no stack contains.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// An argument, or a part of one, that is passed as a mark.
pub(super) struct ArgumentMark {
    pub code: Code,
    /// Its value; the mark itself if unknown or sensitive.
    pub value: Json,
    pub wire: Wire,
}

/// Bodies of a resource's objects, as drafts.
pub(super) fn drafts(emitter: &BicepEmitter<'_>, resource: &Resource, each: Option<LoopEntry>) -> Vec<BodyValue> {
    let Some(definition) = emitter.stack.program.definitions.get(&resource.address.block()) else { return Vec::new() };
    let marker = Marker {
        frame: BicepScope::new(emitter, each),
        resource,
        merged: merged(&emitter.stack.program, definition),
        marks: RefCell::default(),
        next: Cell::new(0),
        entries: RefCell::default(),
        allowed: RefCell::default(),
    };
    marker.drafts()
}

struct Marker<'e, 'a> {
    frame: BicepScope<'e, 'a>,
    resource: &'a Resource,
    merged: BlockContent,
    marks: RefCell<HashMap<usize, ArgumentMark>>,
    next: Cell<usize>,
    /// Entries of the loops of nested blocks.
    entries: RefCell<HashMap<LoopId, LoopEntries>>,
    /// Optional marks to make.
    allowed: RefCell<MarkSelection>,
}

/// The other resources of the stack, without what is secret in them.
struct ClearResources<'m, 'e, 'a> {
    marker: &'m Marker<'e, 'a>,
    others: &'m dyn OtherResources,
}

impl OtherResources for ClearResources<'_, '_, '_> {
    fn visit(&self, id: &ArmId, visit: &mut dyn FnMut(&Subject<'_>)) {
        let Some(resource) = self.marker.frame.emitter.stack.by_id(id) else { return };
        let block = resource.address.block();
        let part =
            |(name, value): (&Arc<str>, &Value)| Some((name.to_string(), self.marker.of_other(value, &block, name)?));
        let args: JsonMap<String, Json> = resource.args.iter().filter_map(part).collect();
        self.others.visit(id, &mut |subject| visit(&Subject { args: &args, others: self, ..*subject }));
    }
}

#[derive(Default)]
enum MarkSelection {
    #[default]
    All,
    These(BTreeSet<usize>),
}

impl<'a> Marker<'_, 'a> {
    fn drafts(&self) -> Vec<BodyValue> {
        let plain = self.bodies(MarkSelection::These(BTreeSet::new()));
        let count = self.next.get();
        let marked = self.bodies(MarkSelection::All);
        let drafted = |marked: &[Json]| -> Option<Vec<BodyValue>> {
            let drafts = marked.iter().zip(&plain).map(|(marked, plain)| self.draft(marked, plain));
            (marked.len() == plain.len()).then(|| drafts.collect()).flatten()
        };
        if let Some(drafts) = drafted(&marked) {
            return drafts;
        }
        // A kind inspected an argument: try the marks one by one, and drop those that it misread.
        let mut good = BTreeSet::new();
        for one in 0..count {
            let marked = self.bodies(MarkSelection::These(BTreeSet::from([one])));
            if drafted(&marked).is_some() {
                good.insert(one);
            }
        }
        let marked = self.bodies(MarkSelection::These(good));
        drafted(&marked).or_else(|| drafted(&plain)).unwrap_or_default()
    }

    /// Bodies with these marks.
    fn bodies(&self, allowed: MarkSelection) -> Vec<Json> {
        self.next.set(0);
        *self.allowed.borrow_mut() = allowed;
        let emitter = self.frame.emitter;
        let attributes: Vec<(&str, &Expr)> =
            self.merged.attributes.iter().map(|(one, _)| (&*one.name.text, &*one.expr)).collect();
        let blocks: Vec<&HclBlock> = self.merged.blocks.iter().map(|(one, _)| one).collect();
        let args = self.args(self.resource.kind.args, &attributes, &blocks, &self.resource.args, "", &self.frame);
        emitter.stack.with_subject(self.resource, &args, &emitter.knowledge, |subject| {
            let others = ClearResources { marker: self, others: subject.others };
            body::bodies(&Subject { others: &others, ..*subject })
        })
    }

    /// An argument of another resource: each secret part as a mark, unknown ones left out.
    fn of_other(&self, value: &Value, block: &Address, path: &str) -> Option<Json> {
        match value {
            value if value.clear().is_some() => value.clear().map(Clear::into_json),
            Value::Map(map) => {
                let part = |(name, value): (&Arc<str>, &Value)| {
                    Some((name.to_string(), self.of_other(value, block, &format!("{path}.{name}"))?))
                };
                Some(Json::Object(map.iter().filter_map(part).collect()))
            }
            Value::List(items) => {
                let item = |(at, item): (usize, &Value)| self.of_other(item, block, &format!("{path}.{at}"));
                items.iter().enumerate().map(item).collect::<Option<Vec<_>>>().map(Json::Array)
            }
            Value::Unknown(unknown) if !unknown.sensitive => None,
            secret => {
                let code = self.frame.emitter.evaluated(secret, block, path);
                Some(self.mark(code, Json::Null, true, Wire::At("")))
            }
        }
    }

    fn args(
        &self,
        table: &[Arg],
        attributes: &[(&str, &Expr)],
        blocks: &[&HclBlock],
        values: &Map,
        path: &str,
        frame: &BicepScope<'_, 'a>,
    ) -> JsonMap<String, Json> {
        let mut out = JsonMap::new();
        for (name, value) in values {
            let Some(arg) = table.iter().find(|arg| arg.name == &**name) else {
                out.extend(value.clear().map(|clear| (name.to_string(), clear.into_json())));
                continue;
            };
            let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            let written = attributes.iter().find(|(other, _)| *other == &**name).map(|(_, expr)| *expr);
            let json = match arg.ty {
                Ty::Block(block) => self.blocks(block.args, blocks, name, value, &path, frame),
                _ if path == "tags" => self.tags(value, written),
                _ => match frame.emitter.moved(&self.resource.address, &path) {
                    Some(active) => self.moved(value, written, arg, &path, active),
                    None => self.value(value, written, arg, &path, frame),
                },
            };
            out.extend(json.map(|json| (name.to_string(), json)));
        }
        out
    }

    /// An argument that runs change: during a failover it has their value.
    fn moved(&self, value: &Value, written: Option<&Expr>, arg: &Arg, path: &str, active: &Json) -> Option<Json> {
        let Some(json) = value.clear().map(Clear::into_json) else {
            return self.value(value, written, arg, path, &self.frame);
        };
        let raw = written.and_then(|expr| self.frame.value(expr));
        let said = written.and_then(|expr| fitted(self.frame.express(expr)?, raw.as_ref(), value));
        let said = said.unwrap_or_else(|| self.known(&json));
        let code = Code::If(Box::new([Code::Input(FileInput::Active), self.known(active), said]));
        Some(self.mark(code, json, false, arg.wire))
    }

    /// A literal value with ids as references.
    fn known(&self, json: &Json) -> Code {
        match json {
            Json::String(text) => self.frame.emitter.literal(text, &self.resource.site),
            other => Code::json(other),
        }
    }

    /// Nested blocks, those of a loop with their entries.
    fn blocks(
        &self,
        table: &[Arg],
        blocks: &[&HclBlock],
        word: &str,
        value: &Value,
        path: &str,
        frame: &BicepScope<'_, 'a>,
    ) -> Option<Json> {
        let written: Vec<&HclBlock> = blocks.iter().copied().filter(|block| &*block.ident.text == word).collect();
        let is_list = matches!(value, Value::List(_));
        let values: Vec<&Value> = match value {
            Value::List(items) => items.iter().collect(),
            one => vec![one],
        };
        // Block and entry of each value.
        let mut of: Vec<(usize, &HclBlock, Option<LoopEntry>)> = Vec::new();
        for (at, block) in written.iter().enumerate() {
            match block.body.attribute("for_each") {
                None => of.push((at, block, None)),
                Some(each) => {
                    let entries = super::emitter::entries(frame.value(&each.expr)?);
                    let place = format!("{path}#{at}");
                    let id = frame.emitter.nested(&self.resource.address.block(), &place, word, &each.expr, frame);
                    let turn = |(key, value)| LoopEntry { id, key, value, written: Arc::clone(&each.expr) };
                    let entries: Vec<LoopEntry> = entries.into_iter().map(turn).collect();
                    if let Some(id) = id {
                        let block = self.resource.address.block();
                        let codes = entries.iter().map(|at| (at.key.clone(), frame.emitter.entry(at, &block, path)));
                        self.entries.borrow_mut().insert(id, codes.collect());
                    }
                    of.extend(entries.into_iter().map(|entry| (at, *block, Some(entry))));
                }
            }
        }
        let one = |at: usize, value: &&Value| {
            let Value::Map(map) = value else { return value.clear().map(Clear::into_json) };
            let (number, block, each) = match of.get(at).filter(|_| of.len() == values.len()) {
                Some((number, block, each)) => (*number, Some(*block), each.clone()),
                None => (at, None, None),
            };
            // Secrets of a further block of the same name have names of their own.
            let path = if number == 0 { path.to_owned() } else { format!("{path}-{}", number + 1) };
            let attributes: Vec<(&str, &Expr)> =
                block.iter().flat_map(|of| &of.body.attributes).map(|one| (&*one.name.text, &*one.expr)).collect();
            let blocks: Vec<&HclBlock> = block.iter().flat_map(|of| &of.body.blocks).collect();
            let inner = each.map_or_else(|| frame.clone(), |each| BicepScope::new(frame.emitter, Some(each)));
            Some(Json::Object(self.args(table, &attributes, &blocks, map, &path, &inner)))
        };
        let mut all = values.iter().enumerate().filter_map(|(at, value)| one(at, value));
        if is_list { Some(all.collect()) } else { all.next() }
    }

    /// Tags of the stack, overridden by its own.
    fn tags(&self, value: &Value, written: Option<&Expr>) -> Option<Json> {
        let clear = value.clear().map(Clear::into_json);
        let stack = &self.resource.stack_tags;
        let own = match written {
            None => None,
            Some(expr) => Some(self.frame.express(expr).filter(|code| !code.is_constant()).or_else(|| {
                Some(self.frame.emitter.evaluated(&self.frame.value(expr)?, &self.resource.address.block(), "tags"))
            })?),
        };
        let code = match (own, stack.is_empty()) {
            (None, true) => return clear,
            (None, false) => Code::Input(FileInput::Tags),
            (Some(own), true) => own,
            (Some(own), false) => Code::Call("union", vec![Code::Input(FileInput::Tags), own]),
        };
        let must = clear.is_none();
        Some(self.mark(code, clear.unwrap_or_default(), must, Wire::At("tags")))
    }

    fn value(
        &self,
        value: &Value,
        expr: Option<&Expr>,
        arg: &Arg,
        path: &str,
        frame: &BicepScope<'_, 'a>,
    ) -> Option<Json> {
        let expr = expr.map(unwrapped);
        if let (Value::Sensitive(inner), Ty::Any) = (value, arg.ty)
            && let Value::Map(map) = &**inner
        {
            // A secret map whose names are in the text goes into the body entry by entry. Other names may be secrets.
            if has_names(expr, map) {
                let opened: Map = map.iter().map(|(name, one)| (Arc::clone(name), one.clone().sensitive())).collect();
                return self.parts(&opened.into(), expr, arg, path, frame);
            }
            if !path.contains('.') {
                frame.emitter.lose(Limitation {
                    what: format!("{}: {path}", self.resource.address.block()),
                    why: "the names in it may be secrets; add it manually".to_owned(),
                });
                return None;
            }
        }
        let is_whole = matches!(value, Value::Sensitive(_) | Value::Unknown(_));
        if !is_whole && let Some(json) = self.parts(value, expr, arg, path, frame) {
            return Some(json);
        }
        let raw = expr.and_then(|expr| frame.value(expr));
        let hidden = value.sensitive_within();
        // A literal text in a secret argument is in plain text in the stack, and must not be in the code.
        let is_clear = |raw: &Value| !raw.sensitive_within() && raw.unknown_within().is_none();
        let is_asked_for =
            expr.and_then(secrets::local).is_some_and(|local| frame.emitter.secret_locals.contains(local));
        let in_clear = hidden && !is_asked_for && raw.as_ref().is_some_and(is_clear) && expr.is_some_and(is_text);
        let said = match (expr, &arg.ty) {
            (Some(expr), Ty::Site) => with_location(expr).and_then(|expr| frame.express(&expr)),
            (Some(expr), _) if !in_clear => {
                let code = frame.express(expr);
                code.and_then(|code| fitted(code, raw.as_ref(), value))
            }
            _ => None,
        };
        if let Some(json) = value.clear().map(Clear::into_json) {
            let is_plain =
                said.as_ref().is_none_or(Code::is_constant) || matches!(arg.ty, Ty::Duration) || is_reference(&arg.ty);
            return Some(match said.filter(|_| !is_plain) {
                Some(code) => self.mark(code, json, false, arg.wire),
                None => json,
            });
        }
        let code = match said {
            Some(code) => code,
            None if hidden => frame.emitter.evaluated(value, &self.resource.address.block(), &keyed(path, expr, frame)),
            None => {
                let waits =
                    value.unknown_within().map(|of| of.waits_for.iter().cloned().collect::<Vec<_>>().join(", "));
                frame.emitter.lose(Limitation {
                    what: format!("{}: {path}", self.resource.address.block()),
                    why: format!(
                        "Bicep cannot express its computation from {}; add it manually",
                        waits.unwrap_or_default()
                    ),
                });
                return None;
            }
        };
        Some(self.mark(code, Json::Null, true, arg.wire))
    }

    /// List and map literals, part by part.
    fn parts(
        &self,
        value: &Value,
        expr: Option<&Expr>,
        arg: &Arg,
        path: &str,
        frame: &BicepScope<'_, 'a>,
    ) -> Option<Json> {
        let looks_in = value.sensitive_within() || value.unknown_within().is_some();
        let (item, is_list) = match arg.ty {
            Ty::List(item) => (*item, true),
            Ty::Map(item) => (*item, false),
            Ty::Tags(_) => (Ty::String, false),
            Ty::Set(item) if looks_in => (*item, true),
            Ty::Any => (Ty::Any, matches!(value, Value::List(_))),
            _ => return None,
        };
        let inner = Arg { ty: item, ..*arg };
        match (value, expr.map(|expr| &expr.kind)) {
            (Value::List(values), Some(ExprKind::List(items))) if is_list && values.len() == items.len() => values
                .iter()
                .zip(items)
                .map(|(value, expr)| self.value(value, Some(expr), &inner, path, frame))
                .collect::<Option<Vec<_>>>()
                .map(Json::Array),
            (Value::Map(map), Some(ExprKind::Object(entries))) if !is_list => {
                let written = |name: &str| {
                    entries.iter().find(|(key, _)| matches!(&key.kind, ExprKind::String(text) if **text == *name))
                };
                let all = map.iter().map(|(name, value)| {
                    let expr = written(name).map(|(_, expr)| expr);
                    Some((name.to_string(), self.value(value, expr, &inner, &format!("{path}.{name}"), frame)?))
                });
                // An entry that Bicep cannot express is listed and left out.
                Some(Json::Object(all.flatten().collect()))
            }
            _ if !looks_in => None,
            (Value::List(values), _) => {
                let all = values.iter().map(|value| self.value(value, None, &inner, path, frame));
                all.collect::<Option<Vec<_>>>().map(Json::Array)
            }
            (Value::Map(map), _) => {
                let all = map.iter().map(|(name, value)| {
                    Some((name.to_string(), self.value(value, None, &inner, &format!("{path}.{name}"), frame)?))
                });
                Some(Json::Object(all.flatten().collect()))
            }
            _ => None,
        }
    }

    /// A mark, or the value if no mark is allowed here.
    fn mark(&self, code: Code, value: Json, must: bool, wire: Wire) -> Json {
        let number = self.next.get();
        self.next.set(number + 1);
        let is_made = must
            || match &*self.allowed.borrow() {
                MarkSelection::All => true,
                MarkSelection::These(these) => these.contains(&number),
            };
        if !is_made {
            return value;
        }
        let text = Json::from(format!("{OPEN}{number}{CLOSE}"));
        let value = if must { text.clone() } else { value };
        self.marks.borrow_mut().insert(number, ArgumentMark { code, value, wire });
        text
    }

    /// A body as a draft, from its versions with and without marks; `None` if a kind misread a mark.
    fn draft(&self, marked: &Json, plain: &Json) -> Option<BodyValue> {
        match (marked, plain) {
            (Json::Object(a), Json::Object(b)) => {
                if a.len() != b.len() {
                    return None;
                }
                let entry = |(name, value): (&String, &Json)| Some((name.clone(), self.draft(value, b.get(name)?)?));
                a.iter().map(entry).collect::<Option<Vec<_>>>().map(BodyValue::Object)
            }
            (Json::Array(a), Json::Array(b)) => {
                if a.len() != b.len() {
                    return None;
                }
                let elements: Option<Vec<BodyElement>> =
                    a.iter().zip(b).map(|(a, b)| self.draft(a, b).map(BodyElement::of)).collect();
                Some(BodyValue::List(self.loops_gathered(elements?)))
            }
            (Json::String(text), plain) if text.contains(OPEN) => self.text(text, plain).map(BodyValue::Code),
            (marked, plain) if marked == plain => Some(match marked {
                Json::String(text) => BodyValue::Code(self.frame.emitter.literal(text, &self.resource.site)),
                other => BodyValue::Code(Code::json(other)),
            }),
            _ => None,
        }
    }

    /// A text with marks.
    fn text(&self, text: &str, plain: &Json) -> Option<Code> {
        let marks = self.marks.borrow();
        let mut pieces = Vec::new();
        let mut worth = String::new();
        let mut left = text;
        while let Some((before, after)) = left.split_once(OPEN) {
            let (number, after) = after.split_once(CLOSE)?;
            let mark = marks.get(&number.parse().ok()?)?;
            if before.is_empty() && after.is_empty() && pieces.is_empty() {
                return through(mark, plain);
            }
            pieces.extend([TextPiece::Literal(before.to_owned()), TextPiece::Code(mark.code.clone())]);
            worth.push_str(before);
            worth.push_str(&mark.value.as_str().map_or_else(|| mark.value.to_string(), str::to_owned));
            left = after;
        }
        pieces.push(TextPiece::Literal(left.to_owned()));
        worth.push_str(left);
        (plain.as_str() == Some(&worth)).then(|| Code::Text(joined(pieces)))
    }

    /// Joins the elements of a loop of nested blocks.
    fn loops_gathered(&self, elements: Vec<BodyElement>) -> Vec<BodyElement> {
        let entries = self.entries.borrow();
        let loop_of = |element: &BodyElement| {
            let mut found = None;
            element.draft.visit(&mut |code| {
                if let Code::Each(id, _) = code
                    && entries.contains_key(id)
                {
                    found = Some(*id);
                }
            });
            found
        };
        let mut out: Vec<BodyElement> = Vec::new();
        let mut run: Vec<BodyElement> = Vec::new();
        let mut running = None;
        let flush = |run: Vec<BodyElement>, of: Option<LoopId>, out: &mut Vec<BodyElement>| match of
            .and_then(|of| Some((of, entries.get(&of)?)))
        {
            Some((of, entries)) => out.extend(gathered(run, of, entries)),
            None => out.extend(run),
        };
        for element in elements {
            let of = loop_of(&element);
            if of != running {
                flush(std::mem::take(&mut run), running, &mut out);
                running = of;
            }
            run.push(element);
        }
        flush(run, running, &mut out);
        out
    }
}

/// True if an object literal has all names of a map in plain text.
fn has_names(expr: Option<&Expr>, map: &Map) -> bool {
    let Some(ExprKind::Object(entries)) = expr.map(|expr| &expr.kind) else { return false };
    let is_written =
        |name: &str| entries.iter().any(|(key, _)| matches!(&key.kind, ExprKind::String(text) if **text == *name));
    map.keys().all(|name| is_written(name))
}

/// The path of an argument, with the key of the entry that its expression refers to.
fn keyed(path: &str, expr: Option<&Expr>, frame: &BicepScope<'_, '_>) -> String {
    match &frame.each {
        Some(at) if expr.is_some_and(names_each) => format!("{path}.{}", at.key),
        _ => path.to_owned(),
    }
}
