//! Trees as text, within one file: what it refers to is declared there as existing, what it takes from outside is noted.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use indexmap::IndexMap;

use super::code::{Code, Given, Item, LoopId, Part, Piece, Symbol, Which};
use super::emitter::{Emitter, Form, pascal, symbol_base};
use super::modules::Index;
use super::nodes::Node;
use super::text::{escaped, has_host, indent, key, property, quoted, with_hosts};
use crate::address::is_identifier;

/// How long a list on one line may be.
const WIDTH: usize = 80;

/// A file that is being written.
pub(super) struct Printer<'p, 'a> {
    pub emitter: &'p Emitter<'a>,
    pub index: &'p Index,
    /// The nodes that are declared here.
    own: BTreeSet<usize>,
    /// The resource group that it is deployed to; `None`: the subscription.
    pub(super) group: Option<crate::address::ArmId>,
    /// What leads from this file to the files that are read.
    root: &'static str,
    /// The node that is being written.
    now: RefCell<Option<usize>>,
    /// What is declared as existing: by what it is, its name and text.
    pub(super) existing: RefCell<IndexMap<String, (String, String)>>,
    /// Collections of loops that are written out.
    pub vars: RefCell<BTreeMap<String, String>>,
    /// What it takes from outside.
    pub givens: RefCell<BTreeSet<Given>>,
    /// Names that are taken.
    names: RefCell<BTreeMap<String, String>>,
}

impl<'p, 'a> Printer<'p, 'a> {
    pub fn new(
        emitter: &'p Emitter<'a>,
        index: &'p Index,
        own: impl IntoIterator<Item = usize>,
        group: Option<crate::address::ArmId>,
    ) -> Self {
        let root = if group.is_some() { "../" } else { "" };
        let printer = Self {
            emitter,
            index,
            own: own.into_iter().collect(),
            group,
            root,
            now: RefCell::default(),
            existing: RefCell::default(),
            vars: RefCell::default(),
            givens: RefCell::default(),
            names: RefCell::default(),
        };
        for at in printer.own.clone() {
            printer.symbol_of(at, None);
        }
        printer
    }

    /// What it declares as existing.
    pub fn existing(&self) -> Vec<String> {
        self.existing.borrow().values().map(|(_, text)| text.clone()).collect()
    }

    /// What a node is called here: `place` tells one of a loop apart.
    pub fn symbol_of(&self, at: usize, place: Option<usize>) -> String {
        let node = &self.index.nodes[at];
        let address = match place {
            Some(place) => node.instances.get(place).cloned(),
            None if node.each.is_some() => node.instances.first().map(crate::address::Address::block),
            None => node.instances.first().cloned(),
        };
        let Some(address) = address else { return String::new() };
        let kind = if self.index.is_group(self.emitter, at) { "group" } else { address.kind() };
        let mut base = symbol_base(&address);
        let of_kind = pascal(kind);
        if !base.to_ascii_lowercase().ends_with(&of_kind.to_ascii_lowercase()) {
            base += &of_kind;
        }
        if node.object > 0 {
            let _ = write!(base, "{}", node.object + 1);
        }
        self.unique(&base, &format!("{address}#{}", node.object))
    }

    /// A name that nothing else has in this file.
    pub(super) fn unique(&self, base: &str, of: &str) -> String {
        let mut names = self.names.borrow_mut();
        let mut name = base.to_owned();
        let mut number = 2;
        while names.get(&name).is_some_and(|other| other != of) || self.emitter.reserved.contains(&name) {
            name = format!("{base}{number}");
            number += 1;
        }
        names.insert(name.clone(), of.to_owned());
        name
    }

    pub(super) fn given(&self, given: &Given) -> String {
        self.givens.borrow_mut().insert(given.clone());
        self.emitter.name_of(given)
    }

    /// Writes what belongs to this node, so that what it says of itself is no reference.
    pub fn within<T>(&self, at: usize, f: impl FnOnce() -> T) -> T {
        self.now.replace(Some(at));
        let out = f();
        self.now.replace(None);
        out
    }

    /// An expression; lines after the first stand at this depth.
    pub fn code(&self, code: &Code, depth: usize) -> String {
        match code {
            Code::Null => "null".to_owned(),
            Code::Bool(bool) => bool.to_string(),
            Code::Int(int) => int.to_string(),
            Code::Float(float) => format!("json('{float}')"),
            Code::Text(pieces) => self.text(pieces, depth),
            Code::List(items) => self.list(items, depth),
            Code::Object(entries) => self.object(entries, depth),
            Code::Given(given) => self.given(given),
            Code::Each(of, part) => self.each(*of, part),
            Code::Bound(name) => name.clone(),
            Code::Get(of, name) => match &**of {
                Code::Resource(symbol) => self.of_resource(symbol, name),
                of => format!("{}{}", self.operand(of, depth), property(name)),
            },
            Code::Resource(symbol) => self.resource(symbol),
            Code::Index(of, at) => format!("{}[{}]", self.operand(of, depth), self.code(at, depth)),
            Code::Else(of, name, other) => {
                let key = if is_identifier(name) && !name.contains('-') {
                    format!(".?{name}")
                } else {
                    format!("[?{}]", quoted(name))
                };
                format!("({}{key} ?? {})", self.operand(of, depth), self.operand(other, depth))
            }
            Code::Call(name @ ("loadTextContent" | "loadFileAsBase64"), args) => {
                let path = args.first().and_then(Code::literal).unwrap_or_default();
                format!("{name}({})", quoted(&format!("{}{path}", self.root)))
            }
            Code::Call(name, args) => format!("{name}({})", self.args(args, depth)),
            Code::Method(of, name, args) => {
                let of = match &**of {
                    Code::Resource(symbol) => self.resource(symbol),
                    other => self.operand(other, depth),
                };
                format!("{of}.{name}({})", self.args(args, depth))
            }
            Code::Lambda(names, body) => {
                let names = if names.len() == 1 { names[0].clone() } else { format!("({})", names.join(", ")) };
                format!("{names} => {}", self.code(body, depth))
            }
            Code::Binary(op, sides) => {
                let [left, right] = &**sides;
                format!("{} {op} {}", self.operand(left, depth), self.operand(right, depth))
            }
            Code::Not(of) => format!("!{}", self.operand(of, depth)),
            Code::If(parts) => {
                let [condition, yes, no] = &**parts;
                let condition = self.operand(condition, depth);
                format!("{condition} ? {} : {}", self.operand(yes, depth), self.operand(no, depth))
            }
        }
    }

    fn args(&self, args: &[Code], depth: usize) -> String {
        args.iter().map(|arg| self.code(arg, depth)).collect::<Vec<_>>().join(", ")
    }

    /// Within another expression.
    fn operand(&self, code: &Code, depth: usize) -> String {
        let text = self.code(code, depth);
        match code {
            Code::Binary(..) | Code::If(_) | Code::Lambda(..) => format!("({text})"),
            _ => text,
        }
    }

    fn each(&self, of: LoopId, part: &Part) -> String {
        let loops = self.emitter.loops.borrow();
        let Some(one) = loops.get(of) else { return String::new() };
        match (part, one.form) {
            (Part::Key | Part::Value, Form::Set) => one.turn.clone(),
            (Part::Key, _) => format!("{}.key", one.turn),
            (Part::Value, _) => format!("{}.value", one.turn),
            (Part::Column(name), _) => format!("{}{}", one.turn, property(name)),
        }
    }

    fn text(&self, pieces: &[Piece], depth: usize) -> String {
        match pieces {
            [Piece::Literal(text)]
                if text.contains('\n') && !text.contains("'''") && !text.contains('\r') && !has_host(text) =>
            {
                return format!("'''\n{text}'''");
            }
            [Piece::Code(code)] => return format!("string({})", self.code(code, depth)),
            _ => {}
        }
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => with_hosts(&escaped(text)),
            Piece::Code(code) => {
                let text = self.code(code, depth);
                match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
                    // A text needs no second pair of quotes.
                    Some(inner) if !inner.replace("\\'", "").contains('\'') => inner.to_owned(),
                    _ => format!("${{{text}}}"),
                }
            }
        };
        let text: String = pieces.iter().map(piece).collect();
        // Nothing but a name that depends on the cloud needs no quotes.
        match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) if !inner.contains("${") && !inner.contains('\'') && !inner.contains('}') => inner.to_owned(),
            _ => format!("'{text}'"),
        }
    }

    fn object(&self, entries: &[(String, Code)], depth: usize) -> String {
        if entries.is_empty() {
            return "{}".to_owned();
        }
        let mut out = "{\n".to_owned();
        for (name, code) in entries {
            let _ = writeln!(out, "{}{}", indent(depth + 1), self.entry(name, code, depth + 1));
        }
        out + &indent(depth) + "}"
    }

    /// A property of an object, with its name; lines after the first stand at this depth.
    pub fn entry(&self, name: &str, code: &Code, depth: usize) -> String {
        let text = match code {
            Code::List(items) => self.property_list(items, depth),
            other => self.code(other, depth),
        };
        format!("{}: {text}", key(name))
    }

    /// A list as the value of a property, where a loop may stand for it.
    fn property_list(&self, items: &[Item], depth: usize) -> String {
        match items {
            [Item::Each(of, code)] => {
                let (head, body) = (self.head(*of, self.uses_index(code, *of)), self.code(code, depth));
                format!("[{head} {body}]")
            }
            items => self.list(items, depth),
        }
    }

    /// `for each in items(…):`.
    pub fn head(&self, of: LoopId, with_index: bool) -> String {
        let turn = self.emitter.loops.borrow().get(of).map(|one| one.turn.clone()).unwrap_or_default();
        let names = if with_index { format!("({turn}, i)") } else { turn };
        format!("for {names} in {}:", self.collection(of))
    }

    /// Whether a turn's place in its loop is named.
    pub fn uses_index(&self, code: &Code, of: LoopId) -> bool {
        code.any(&|part| match part {
            Code::Resource(Symbol { which: Which::Same(_, id), .. }) => *id == of,
            _ => false,
        })
    }

    /// What a loop goes through; one that is written out becomes a variable.
    fn collection(&self, of: LoopId) -> String {
        let Some(one) = self.emitter.loops.borrow().get(of).cloned() else { return String::new() };
        let text = match one.collection.is_literal() {
            true => {
                let text = self.code(&one.collection, 0);
                let name = self.unique(&one.named, &format!("loop {of}"));
                self.vars.borrow_mut().insert(name.clone(), text);
                name
            }
            false => self.code(&one.collection, 0),
        };
        if one.form == Form::Map { format!("items({text})") } else { text }
    }

    fn list(&self, items: &[Item], depth: usize) -> String {
        let plain = items.iter().all(|item| matches!(item, Item::One(_)));
        if plain {
            let texts: Vec<String> = items
                .iter()
                .map(|item| match item {
                    Item::One(code) => self.code(code, depth + 1),
                    Item::Each(..) | Item::Active(_) => String::new(),
                })
                .collect();
            let line = format!("[{}]", texts.join(", "));
            if !line.contains('\n') && line.len() <= WIDTH {
                return line;
            }
            let lines: String = texts.iter().map(|text| format!("{}{text}\n", indent(depth + 1))).collect();
            return format!("[\n{lines}{}]", indent(depth));
        }
        // Runs of what is alike, joined.
        let mut runs: Vec<String> = Vec::new();
        let mut run: Vec<Item> = Vec::new();
        for item in items {
            match item {
                Item::One(_) => run.push(item.clone()),
                Item::Each(of, code) => {
                    runs.extend((!run.is_empty()).then(|| self.list(&std::mem::take(&mut run), depth + 1)));
                    let turn = self.emitter.loops.borrow().get(*of).map(|one| one.turn.clone()).unwrap_or_default();
                    runs.push(format!("map({}, {turn} => {})", self.collection(*of), self.code(code, depth + 1)));
                }
                Item::Active(inner) => {
                    runs.extend((!run.is_empty()).then(|| self.list(&std::mem::take(&mut run), depth + 1)));
                    let active = self.given(&Given::Active);
                    runs.push(format!("{active} ? {} : []", self.list(inner, depth + 1)));
                }
            }
        }
        runs.extend((!run.is_empty()).then(|| self.list(&run, depth + 1)));
        match runs.as_slice() {
            [only] => only.clone(),
            runs => {
                let lines: Vec<String> = runs.iter().map(|run| format!("{}{run}", indent(depth + 1))).collect();
                format!("concat(\n{}\n{})", lines.join(",\n"), indent(depth))
            }
        }
    }

    /// A property of a resource.
    fn of_resource(&self, symbol: &Symbol, name: &str) -> String {
        let Some((at, _)) = self.index.node(symbol) else { return quoted("") };
        let node = &self.index.nodes[at];
        if self.index.is_group(self.emitter, at) && !self.own.contains(&at) {
            let address = node.instances.first().cloned();
            let group = address.map(|address| self.given(&Given::GroupName(address))).unwrap_or_default();
            return match name {
                "name" => group,
                _ => format!("subscriptionResourceId('Microsoft.Resources/resourceGroups', {group})"),
            };
        }
        // What may not be there has its name all the same.
        if name == "name" && node.at_rest {
            return self.code(&node.name, 0);
        }
        if name != "id" {
            return format!("{}{}", self.resource(symbol), property(name));
        }
        if *self.now.borrow() == Some(at) {
            return self.own_id(symbol, node);
        }
        let own = Symbol { below: String::new(), ..symbol.clone() };
        match symbol.below.as_str() {
            "" => format!("{}.id", self.resource(&own)),
            below => format!("'${{{}.id}}/{}'", self.resource(&own), escaped(below)),
        }
    }

    /// What is in a resource, named from within it: its symbol would go in a circle.
    fn own_id(&self, symbol: &Symbol, node: &Node) -> String {
        let mut type_ = node.type_.clone();
        let mut names = vec![self.code(&node.name, 0)];
        for (at, part) in symbol.below.split('/').filter(|part| !part.is_empty()).enumerate() {
            if at % 2 == 0 {
                let _ = write!(type_, "/{part}");
            } else {
                names.push(quoted(part));
            }
        }
        format!("resourceId({}, {})", quoted(&type_), names.join(", "))
    }

    /// What a resource is called here, declared as existing where it is made elsewhere.
    pub fn resource(&self, symbol: &Symbol) -> String {
        let Some((at, place)) = self.index.node(symbol) else { return String::new() };
        let node = &self.index.nodes[at];
        let base = match (self.own.contains(&at), place) {
            (true, None) if node.each.is_some() => format!("{}[i]", self.symbol_of(at, None)),
            (true, None) => self.symbol_of(at, None),
            (true, Some(place)) => format!("{}[{}]", self.symbol_of(at, None), self.position(node, place)),
            (false, place) => {
                let name = self.elsewhere(at, place);
                if place.is_none() && node.each.is_some() { format!("{name}[i]") } else { name }
            }
        };
        match symbol.below.as_str() {
            "" => base,
            below => self.below(symbol, &base, below),
        }
    }

    /// The place of a key in its loop.
    fn position(&self, node: &Node, place: usize) -> String {
        let Some(one) = node.each.and_then(|of| self.emitter.loops.borrow().get(of).cloned()) else {
            return String::new();
        };
        let key = one.keys.get(place).map(|key| quoted(key)).unwrap_or_default();
        match (one.collection.is_literal(), one.form) {
            (true, _) => place.to_string(),
            (false, Form::Map) => {
                format!("indexOf(map(items({}), one => one.key), {key})", self.code(&one.collection, 0))
            }
            (false, _) => format!("indexOf({}, {key})", self.code(&one.collection, 0)),
        }
    }
}
