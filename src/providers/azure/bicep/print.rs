//! Trees as text within one file. Resources of other files are declared as existing, and inputs are recorded.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use indexmap::IndexMap;

use super::code::{Code, FileInput, ListItem, LoopId, LoopPart, ResourceRef, Symbol, TextPiece};
use super::emitter::{BicepEmitter, Form, pascal, symbol_base};
use super::modules::BicepIndex;
use super::nodes::BicepNode;
use super::text::{escaped, has_host, indent, key, property, quoted, with_hosts};
use crate::address::is_identifier;
use crate::emit::names::caseless;
use crate::visible::is_unseen;

/// True for a text of several lines. Those of a text block are no lines of the code.
fn breaks(text: &str) -> bool {
    text.contains('\n') && !text.contains("'''")
}

/// Maximum length of a list on one line.
const WIDTH: usize = 80;

/// A file while it is written.
pub(super) struct Printer<'p, 'a> {
    pub emitter: &'p BicepEmitter<'a>,
    pub index: &'p BicepIndex,
    /// Nodes that the file declares.
    own: BTreeSet<usize>,
    /// Resource group of its deployment; `None` for the subscription.
    pub(super) group: Option<crate::object::ObjectId>,
    /// Path from this file to the files that it reads.
    root: &'static str,
    /// Current node.
    now: RefCell<Option<usize>>,
    /// Existing resources by key: name and text.
    pub(super) existing: RefCell<IndexMap<String, (String, String)>>,
    /// Variables with collections of loops.
    pub vars: RefCell<BTreeMap<String, String>>,
    /// Inputs.
    pub inputs: RefCell<BTreeSet<FileInput>>,
    /// Used names, in lower case, with their owners.
    names: RefCell<BTreeMap<String, String>>,
}

impl<'p, 'a> Printer<'p, 'a> {
    pub fn new(
        emitter: &'p BicepEmitter<'a>,
        index: &'p BicepIndex,
        own: impl IntoIterator<Item = usize>,
        group: Option<crate::object::ObjectId>,
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
            inputs: RefCell::default(),
            names: RefCell::default(),
        };
        for at in printer.own.clone() {
            printer.symbol_of(at, None);
        }
        printer
    }

    /// Declarations of existing resources.
    pub fn existing(&self) -> Vec<String> {
        self.existing.borrow().values().map(|(_, text)| text.clone()).collect()
    }

    /// Name of a node in this file; `place` is an entry of a loop.
    pub fn symbol_of(&self, at: usize, place: Option<usize>) -> String {
        let node = &self.index.nodes[at];
        let address = match place {
            Some(place) => node.instances.get(place).cloned(),
            None if node.each.is_some() || node.instances.len() > 1 => {
                node.instances.first().map(crate::address::Address::block)
            }
            None => node.instances.first().cloned(),
        };
        let Some(address) = address else { return String::new() };
        let kind = if self.index.is_group(self.emitter, at) { "group" } else { address.kind() };
        let mut base = symbol_base(&address);
        let of_kind = pascal(kind);
        if !base.to_ascii_lowercase().ends_with(&of_kind.to_ascii_lowercase()) {
            base += &of_kind;
        }
        base += &self.twin(at);
        self.unique(&base, &format!("{address}#{}", node.object))
    }

    /// End of an object's name, if its resource has others: its type, or the object that it belongs to.
    fn twin(&self, at: usize) -> String {
        let node = &self.index.nodes[at];
        let Some(address) = node.instances.first() else { return String::new() };
        let others: Vec<&BicepNode> = self
            .index
            .of_resource(address)
            .iter()
            .filter(|other| **other != at)
            .map(|other| &self.index.nodes[*other])
            .filter(|other| other.instances.first() == Some(address))
            .collect();
        let parent = node.parent.as_ref().and_then(Code::read_of).map(|symbol| match &symbol.which {
            ResourceRef::One(address) => pascal(&symbol_base(address)),
            ResourceRef::Same(block, _) => pascal(&symbol_base(block)),
        });
        match parent {
            Some(parent) if others.iter().any(|other| other.type_ == node.type_) => format!("From{parent}"),
            _ if node.object > 0 && !others.is_empty() => {
                let last = node.type_.rsplit('/').next().unwrap_or_default();
                pascal(last.strip_suffix('s').unwrap_or(last))
            }
            _ => String::new(),
        }
    }

    /// A unique name in this file.
    pub(super) fn unique(&self, base: &str, of: &str) -> String {
        let mut names = self.names.borrow_mut();
        let mut name = base.to_owned();
        let mut number = 2;
        while names.get(&caseless(&name)).is_some_and(|other| other != of) || self.emitter.is_taken(&name) {
            name = format!("{base}{number}");
            number += 1;
        }
        names.insert(caseless(&name), of.to_owned());
        self.emitter.symbols.borrow_mut().insert(caseless(&name));
        name
    }

    pub(super) fn given(&self, given: &FileInput) -> String {
        self.inputs.borrow_mut().insert(given.clone());
        self.emitter.name_of(given)
    }

    /// Writes a node, so that references to itself are avoided.
    pub fn within<T>(&self, at: usize, f: impl FnOnce() -> T) -> T {
        self.now.replace(Some(at));
        let out = f();
        self.now.replace(None);
        out
    }

    /// An expression, with later lines indented to this depth.
    pub fn code(&self, code: &Code, depth: usize) -> String {
        match code {
            Code::Null => "null".to_owned(),
            Code::Bool(bool) => bool.to_string(),
            Code::Int(int) => int.to_string(),
            Code::Float(float) => format!("json('{float}')"),
            Code::Text(pieces) => self.text(pieces, depth),
            Code::List(items) => self.list(items, depth),
            Code::Object(entries) => self.object(entries, depth),
            Code::Keyed(entries) => self.keyed(entries, depth),
            Code::Input(given) => self.given(given),
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
            Code::Call(name, args) => self.call(name, args, depth),
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
                let (short, other) = (self.operand(yes, depth), self.operand(no, depth));
                if !breaks(&short) && !breaks(&other) {
                    return format!("{condition} ? {short} : {other}");
                }
                let (yes, no, start) = (self.operand(yes, depth + 2), self.operand(no, depth + 2), indent(depth + 1));
                format!("{condition}\n{start}? {yes}\n{start}: {no}")
            }
        }
    }

    /// A call, with each argument on a line of its own if one before the last takes several.
    fn call(&self, name: &str, args: &[Code], depth: usize) -> String {
        let texts: Vec<String> = args.iter().map(|arg| self.code(arg, depth)).collect();
        let is_tail = |code: &Code| match code {
            Code::Lambda(_, body) => matches!(**body, Code::Object(_) | Code::Keyed(_) | Code::List(_)),
            other => matches!(other, Code::Object(_) | Code::Keyed(_) | Code::List(_)),
        };
        let is_long = |(at, text): (usize, &String)| breaks(text) && (at + 1 < args.len() || !is_tail(&args[at]));
        if args.len() < 2 || !texts.iter().enumerate().any(is_long) {
            return format!("{name}({})", texts.join(", "));
        }
        let inner = indent(depth + 1);
        let lines: Vec<String> = args.iter().map(|arg| format!("{inner}{}", self.code(arg, depth + 1))).collect();
        format!("{name}(\n{}\n{})", lines.join(",\n"), indent(depth))
    }

    fn args(&self, args: &[Code], depth: usize) -> String {
        args.iter().map(|arg| self.code(arg, depth)).collect::<Vec<_>>().join(", ")
    }

    /// An operand within another expression.
    fn operand(&self, code: &Code, depth: usize) -> String {
        let text = self.code(code, depth);
        match code {
            Code::Binary(..) | Code::If(_) | Code::Lambda(..) => format!("({text})"),
            _ => text,
        }
    }

    fn each(&self, of: LoopId, part: &LoopPart) -> String {
        let loops = self.emitter.loops.borrow();
        let Some(one) = loops.get(of) else { return String::new() };
        match (part, one.form) {
            (LoopPart::Key | LoopPart::Value, Form::Set) => one.turn.clone(),
            (LoopPart::Key, _) => format!("{}.key", one.turn),
            (LoopPart::Value, _) => format!("{}.value", one.turn),
            (LoopPart::Column(name), _) => format!("{}{}", one.turn, property(name)),
        }
    }

    fn text(&self, pieces: &[TextPiece], depth: usize) -> String {
        match pieces {
            [TextPiece::Literal(text)]
                if text.contains('\n')
                    && !text.contains("'''")
                    && !text.chars().any(|c| !matches!(c, '\n' | '\t') && is_unseen(c))
                    && !has_host(text) =>
            {
                return format!("'''\n{text}'''");
            }
            [TextPiece::Code(code)] => return format!("string({})", self.code(code, depth)),
            _ => {}
        }
        let piece = |piece: &TextPiece| match piece {
            TextPiece::Literal(text) => with_hosts(&escaped(text)),
            TextPiece::Code(code) => {
                let text = self.code(code, depth);
                match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
                    // A text needs no second pair of quotes.
                    Some(inner) if !inner.replace("\\'", "").contains('\'') => inner.to_owned(),
                    _ => format!("${{{text}}}"),
                }
            }
        };
        let text: String = pieces.iter().map(piece).collect();
        // A lone host expression needs no quotes.
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

    /// An object whose names are expressions.
    fn keyed(&self, entries: &[(Code, Code)], depth: usize) -> String {
        let mut out = "{\n".to_owned();
        for (name, code) in entries {
            let entry = match name.literal() {
                Some(name) => self.entry(name, code, depth + 1),
                None => {
                    let name = self.code(name, depth + 1);
                    let name = if name.starts_with('\'') { name } else { format!("'${{{name}}}'") };
                    format!("{name}: {}", self.code(code, depth + 1))
                }
            };
            let _ = writeln!(out, "{}{entry}", indent(depth + 1));
        }
        out + &indent(depth) + "}"
    }

    /// A property of an object with its name, with later lines indented to this depth.
    pub fn entry(&self, name: &str, code: &Code, depth: usize) -> String {
        format!("{}: {}", key(name), self.property(code, depth))
    }

    /// The value of a property or an output, where a list may be a loop.
    pub fn property(&self, code: &Code, depth: usize) -> String {
        match code {
            Code::List(items) => self.property_list(items, depth),
            other => self.code(other, depth),
        }
    }

    /// A list as the value of a property, possibly as a loop.
    fn property_list(&self, items: &[ListItem], depth: usize) -> String {
        match items {
            [ListItem::Each(of, code)] => {
                let (head, body) = (self.head(*of, self.uses_index(code, *of)), self.code(code, depth));
                if !breaks(&body) {
                    return format!("[{head} {body}]");
                }
                let (body, inner) = (self.code(code, depth + 1), indent(depth + 1));
                format!("[\n{inner}{head} {body}\n{}]", indent(depth))
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

    /// True if code uses the index of a loop.
    pub fn uses_index(&self, code: &Code, of: LoopId) -> bool {
        code.any(&|part| match part {
            Code::Resource(Symbol { which: ResourceRef::Same(_, id), .. }) => *id == of,
            _ => false,
        })
    }

    /// Collection of a loop; a literal becomes a variable.
    fn collection(&self, of: LoopId) -> String {
        let Some(one) = self.emitter.loops.borrow().get(of).cloned() else { return String::new() };
        let is_list = matches!(one.collection, Code::List(_))
            && !one.collection.any(&|part| matches!(part, Code::Resource(_) | Code::Each(..) | Code::Bound(_)));
        let text = match one.collection.is_literal() || is_list {
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

    fn list(&self, items: &[ListItem], depth: usize) -> String {
        let plain = items.iter().all(|item| matches!(item, ListItem::One(_)));
        if plain {
            let texts: Vec<String> = items
                .iter()
                .map(|item| match item {
                    ListItem::One(code) => self.code(code, depth + 1),
                    ListItem::Each(..) | ListItem::Active(_) => String::new(),
                })
                .collect();
            let line = format!("[{}]", texts.join(", "));
            if !line.contains('\n') && line.len() <= WIDTH {
                return line;
            }
            let lines: String = texts.iter().map(|text| format!("{}{text}\n", indent(depth + 1))).collect();
            return format!("[\n{lines}{}]", indent(depth));
        }
        // Joined runs of like items.
        let mut runs: Vec<String> = Vec::new();
        let mut run: Vec<ListItem> = Vec::new();
        for item in items {
            match item {
                ListItem::One(_) => run.push(item.clone()),
                ListItem::Each(of, code) => {
                    runs.extend((!run.is_empty()).then(|| self.list(&std::mem::take(&mut run), depth + 1)));
                    let turn = self.emitter.loops.borrow().get(*of).map(|one| one.turn.clone()).unwrap_or_default();
                    runs.push(format!("map({}, {turn} => {})", self.collection(*of), self.code(code, depth + 1)));
                }
                ListItem::Active(inner) => {
                    runs.extend((!run.is_empty()).then(|| self.list(&std::mem::take(&mut run), depth + 1)));
                    let active = self.given(&FileInput::Active);
                    let short = self.list(inner, depth + 1);
                    runs.push(match breaks(&short) {
                        true => {
                            let start = indent(depth + 2);
                            format!("{active}\n{start}? {}\n{start}: []", self.list(inner, depth + 3))
                        }
                        false => format!("{active} ? {short} : []"),
                    });
                }
            }
        }
        runs.extend((!run.is_empty()).then(|| self.list(&run, depth + 1)));
        match runs.as_slice() {
            [only] => only.clone(),
            // A last list may take several lines in a call of one line, but it is indented for lines of their own.
            runs => match runs.iter().any(|run| breaks(run)) {
                true => {
                    let lines: Vec<String> = runs.iter().map(|run| format!("{}{run}", indent(depth + 1))).collect();
                    format!("concat(\n{}\n{})", lines.join(",\n"), indent(depth))
                }
                false => format!("concat({})", runs.join(", ")),
            },
        }
    }

    /// A property of a resource.
    fn of_resource(&self, symbol: &Symbol, name: &str) -> String {
        let Some((at, _)) = self.index.node(symbol) else { return quoted("") };
        let node = &self.index.nodes[at];
        if self.index.is_group(self.emitter, at) && !self.own.contains(&at) {
            let address = node.instances.first().cloned();
            let group = address.map(|address| self.given(&FileInput::GroupName(address))).unwrap_or_default();
            return match name {
                "name" => group,
                _ => format!("subscriptionResourceId('Microsoft.Resources/resourceGroups', {group})"),
            };
        }
        // The name of a resource is known even if it may not exist.
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

    /// Id of a child, from within its own parent, where the symbol would be circular.
    fn own_id(&self, symbol: &Symbol, node: &BicepNode) -> String {
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

    /// Name of a resource in this file, declared as existing if another file creates it.
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

    /// Index of a key in its loop.
    fn position(&self, node: &BicepNode, place: usize) -> String {
        let Some(one) = node.each.and_then(|of| self.emitter.loops.borrow().get(of).cloned()) else {
            return String::new();
        };
        let key = one.keys.get(place).map(|key| quoted(key)).unwrap_or_default();
        let collection = || self.code(&one.collection, 0);
        let keys = match one.form {
            _ if one.collection.is_literal() || matches!(one.collection, Code::List(_)) => return place.to_string(),
            Form::Map => format!("map(items({}), one => one.key)", collection()),
            Form::Set | Form::Rows if one.collection.any(&|part| matches!(part, Code::Lambda(..))) => collection(),
            Form::Set | Form::Rows => return format!("indexOf({}, {key})", collection()),
        };
        // The compiler takes no lambda within the index of a resource.
        let name = format!("{}Keys", one.named);
        let name = self.unique(&name, &format!("keys of {}", one.named));
        self.vars.borrow_mut().insert(name.clone(), keys);
        format!("indexOf({name}, {key})")
    }
}
