//! Bodies of a resource, as `apply` sends them, with the stack's expressions in them.
//!
//! Kinds make bodies from arguments, partly with functions of their own. So each computed argument is passed to them
//! as a mark. Where a mark appears in a body, its expression is written, if the body without the mark has the
//! argument's value or the value that the table translates it to. A kind that inspects the argument would misread the
//! mark; there the value stays.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use super::body_value::{BodyElement, BodyValue, LoopEntries, gathered};
use super::code::{Code, FileInput, LoopId, TextPiece, joined};
use super::emitter::BicepEmitter;
use super::express::{BicepScope, LoopEntry};
use super::seen::{ClearResources, SeenResources};
use super::through::{fitted, is_reference, is_text, through, unwrapped, with_location};
use crate::emit::merged::{BlockContent, merged, names_each};
use crate::emit::{Limitation, secrets};
use crate::hcl::ast::{Expr, ExprKind, HclBlock};
use crate::kinds::{Arg, Subject, Ty, Wire, body};
use crate::stack::Resource;
use crate::value::{Awaited, Clear, Map, Value};

/// First and last character of a mark, which no stack contains.
pub(super) const OPEN: char = '\u{E000}';
pub(super) const CLOSE: char = '\u{E001}';

/// First number of the marks for names and regions, which follow those for the resource's own arguments.
pub(super) const NAMES: usize = 1_000_000;

/// First number of the marks for arguments of other resources; as many are kept free for each.
pub(super) const OTHERS: usize = 2_000_000;

/// An argument, or a part of one, that is passed as a mark.
pub(super) struct ArgumentMark {
    pub code: Code,
    /// Its value; the mark itself if unknown or sensitive.
    pub value: Json,
    pub wire: Wire,
}

/// Bodies of a resource's objects, as drafts.
pub(super) fn drafts(emitter: &BicepEmitter<'_>, resource: &Resource, each: Option<LoopEntry>) -> Vec<BodyValue> {
    let marker = Marker::new(emitter, resource, each, Some(SeenResources::default()));
    marker.map(|marker| marker.drafts()).unwrap_or_default()
}

pub(super) struct Marker<'e, 'a> {
    pub(super) frame: BicepScope<'e, 'a>,
    pub(super) resource: &'a Resource,
    merged: BlockContent,
    pub(super) marks: Rc<RefCell<HashMap<usize, ArgumentMark>>>,
    next: Cell<usize>,
    /// Entries of the loops of nested blocks.
    entries: RefCell<HashMap<LoopId, LoopEntries>>,
    /// Optional marks to make.
    pub(super) allowed: Rc<RefCell<MarkSelection>>,
    /// Names and regions of resources, and arguments of others; `None` for a resource that another one reads.
    pub(super) seen: Option<SeenResources<'e, 'a>>,
}

/// Marks that are made where they are optional.
#[derive(Default)]
pub(super) enum MarkSelection {
    #[default]
    All,
    These(BTreeSet<usize>),
}

impl MarkSelection {
    pub fn has(&self, number: usize) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.contains(&number),
        }
    }
}

impl<'e, 'a> Marker<'e, 'a> {
    pub(super) fn new(
        emitter: &'e BicepEmitter<'a>,
        resource: &'a Resource,
        each: Option<LoopEntry>,
        seen: Option<SeenResources<'e, 'a>>,
    ) -> Option<Self> {
        let definition = emitter.stack.program.definitions.get(&resource.address.block())?;
        Some(Self {
            frame: BicepScope::new(emitter, each),
            resource,
            merged: merged(&emitter.stack.program, definition),
            marks: Rc::default(),
            next: Cell::new(0),
            entries: RefCell::default(),
            allowed: Rc::default(),
            seen,
        })
    }

    /// The same with its marks among those of another.
    pub(super) fn among(self, other: &Self) -> Self {
        Self { marks: Rc::clone(&other.marks), allowed: Rc::clone(&other.allowed), ..self }
    }

    fn drafts(&self) -> Vec<BodyValue> {
        let plain = self.bodies(MarkSelection::These(BTreeSet::new()));
        let marked = self.bodies(MarkSelection::All);
        let drafted = |marked: &[Json]| -> Option<Vec<BodyValue>> {
            let drafts = marked.iter().zip(&plain).map(|(marked, plain)| self.draft(marked, plain));
            (marked.len() == plain.len()).then(|| drafts.collect()).flatten()
        };
        if let Some(drafts) = drafted(&marked) {
            return drafts;
        }
        // A kind inspected an argument: try the marks one by one, and drop those that it misread.
        let all: BTreeSet<usize> = self.marks.borrow().keys().copied().collect();
        let is_good = |these: BTreeSet<usize>| drafted(&self.bodies(MarkSelection::These(these))).is_some();
        let mut good = BTreeSet::new();
        for of in [0..NAMES, NAMES..OTHERS, OTHERS..usize::MAX] {
            let group: BTreeSet<usize> = all.range(of).copied().collect();
            match is_good(group.clone()) {
                true => good.extend(group),
                false => good.extend(group.into_iter().filter(|one| is_good(BTreeSet::from([*one])))),
            }
        }
        for misread in all.range(..NAMES).filter(|number| !good.contains(number)) {
            if let Some(mark) = self.marks.borrow().get(misread) {
                self.frame.emitter.fixes_code(&mark.code, &self.resource.address.block().to_string());
            }
        }
        let marked = self.bodies(MarkSelection::These(good));
        drafted(&marked).or_else(|| drafted(&plain)).unwrap_or_default()
    }

    /// The arguments as its kind sees them, with marks whose numbers begin here.
    pub(super) fn arguments(&self, first: usize) -> JsonMap<String, Json> {
        self.next.set(first);
        let attributes: Vec<(&str, &Expr)> =
            self.merged.attributes.iter().map(|(one, _)| (&*one.name.text, &*one.expr)).collect();
        let blocks: Vec<&HclBlock> = self.merged.blocks.iter().map(|(one, _)| one).collect();
        self.args(self.resource.kind.args, &attributes, &blocks, &self.resource.args, "", &self.frame)
    }

    /// Bodies with these marks.
    fn bodies(&self, allowed: MarkSelection) -> Vec<Json> {
        *self.allowed.borrow_mut() = allowed;
        let emitter = self.frame.emitter;
        let args = self.arguments(0);
        emitter.stack.with_subject(self.resource, &args, &emitter.knowledge, |subject| {
            let others = ClearResources { marker: self, others: subject.others };
            let (name, location) = self.seen_place(self.resource);
            body::bodies(&Subject { name: &name, location: &location, others: &others, ..*subject })
        })
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
                // A resource that another one reads has its value at rest.
                _ => match frame.emitter.moved(&self.resource.address, &path).filter(|_| self.seen.is_some()) {
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
            Json::String(text) => self.frame.emitter.literal(text, Some(&self.resource.site)),
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
                    let block_address = self.resource.address.block();
                    let nested = || frame.emitter.nested(&block_address, &place, word, &each.expr, frame);
                    // The body of another resource is not the place of its loops.
                    let id = self.seen.is_some().then(nested).flatten();
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
        if self.seen.is_none() && matches!(value, Value::Unknown(unknown) if !unknown.sensitive) {
            return None;
        }
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
            let said = match (said, expr) {
                (None, Some(expr)) if is_reference(&arg.ty) => self.chosen(expr, frame),
                (said, _) => said,
            };
            let is_plain = said.as_ref().is_none_or(Code::is_constant);
            if let (None, Some(expr), true) = (&said, expr, self.seen.is_some() && !is_reference(&arg.ty)) {
                self.frame.emitter.fixes(expr, &format!("{}: {path}", self.resource.address.block()));
            }
            return Some(match said.filter(|_| !is_plain) {
                Some(code) => self.mark(code, json, false, arg.wire),
                None => json,
            });
        }
        let code = match said {
            Some(code) => code,
            None if hidden => frame.emitter.evaluated(value, &self.resource.address.block(), &keyed(path, expr, frame)),
            None => {
                let waits = value
                    .unknown_within()
                    .map(|of| of.waits_for.iter().map(Awaited::as_str).collect::<Vec<_>>().join(", "));
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

    /// One of two resources, by a condition on an input.
    fn chosen(&self, expr: &Expr, frame: &BicepScope<'_, 'a>) -> Option<Code> {
        let ExprKind::Conditional(parts) = &expr.kind else { return None };
        let [condition, yes, no] = &**parts;
        let condition = frame.express(condition).filter(|code| !code.is_constant())?;
        let side = |expr: &Expr| match frame.value(unwrapped(expr))? {
            Value::Block(address) => {
                let resource = frame.emitter.stack.resources.get(&address)?;
                Some(frame.emitter.literal(resource.id.as_str(), None))
            }
            _ => None,
        };
        Some(Code::If(Box::new([condition, side(yes)?, side(no)?])))
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
        if !must && !self.allowed.borrow().has(number) {
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
                let emitter = self.frame.emitter;
                if a.keys().any(|name| emitter.is_own_id(name)) {
                    let entry = |(name, value): (&String, &Json)| {
                        Some((emitter.literal(name, None), self.draft(value, b.get(name)?)?.code()))
                    };
                    return a.iter().map(entry).collect::<Option<_>>().map(|all| BodyValue::Code(Code::Keyed(all)));
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
                Json::String(text) => {
                    // A region that no mark shows is that of a site if its kind inspected it, or names a part after it.
                    let is_part = self.resource.kind.place.is_part();
                    let site = Some(&*self.resource.site).filter(|_| is_part || !self.shows_region());
                    BodyValue::Code(self.frame.emitter.literal(text, site))
                }
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
            pieces.extend(self.frame.emitter.pieces(before));
            pieces.push(TextPiece::Code(mark.code.clone()));
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
