//! Resources that a file refers to as `existing`: those of other files, and children that always exist.

use crate::providers::azure::ids::AzureId;
use std::fmt::Write;

use super::code::{Code, FileInput, ListItem, LoopId, LoopPart, ResourceRef, Symbol};
use super::emitter::pascal;
use super::print::Printer;
use super::text::quoted;
use crate::object::ObjectId;

impl Printer<'_, '_> {
    /// A resource of another file, declared as existing; `place`: one entry of a loop.
    pub(super) fn elsewhere(&self, at: usize, place: Option<usize>) -> String {
        let node = &self.index.nodes[at];
        let name = self.symbol_of(at, place);
        let of = format!("{at} {place:?}");
        if self.existing.borrow().contains_key(&of) {
            return name;
        }
        let turn = place.and_then(|place| {
            let key = node.instances.get(place)?.key()?.into_owned();
            let resource = self.emitter.stack.resources.get(node.instances.get(place)?)?;
            Some((node.each?, key, self.emitter.turn_of(resource).1))
        });
        // One entry of a loop: its values are written out.
        let alone = |code: &Code| match &turn {
            Some((of, key, value)) => {
                let columns = |code: Code| match code {
                    Code::Each(id, LoopPart::Column(name)) if id == *of => self.column(id, key, &name),
                    Code::Resource(Symbol { which: ResourceRef::Same(block, id), object, below }) if id == *of => {
                        Code::Resource(Symbol { which: ResourceRef::One(block.instance(key)), object, below })
                    }
                    other => other,
                };
                super::body_value::BodyValue::Code(code.clone().map(&columns)).turn(*of, key, value).code()
            }
            None => code.clone(),
        };
        let mut lines = Vec::new();
        match (&node.parent, &node.scope) {
            (Some(parent), _) => lines.push(format!("parent: {}", self.code(&alone(parent), 1))),
            (None, Some(scope)) => lines.push(format!("scope: {}", self.code(&alone(scope), 1))),
            (None, None) => {}
        }
        lines.push(format!("name: {}", self.code(&alone(&node.name), 1)));
        if node.parent.is_none()
            && node.scope.is_none()
            && node.group != self.group
            && let Some(group) = &node.group
        {
            lines.push(format!("scope: {}", self.group_scope(group)));
        }
        let indented: String = lines.iter().map(|line| format!("  {line}\n")).collect();
        let head = format!("resource {name} '{}@{}' existing =", node.type_, node.api);
        let text = match node.each.filter(|_| place.is_none()) {
            Some(of) => {
                let uses = node.parent.iter().chain([&node.name]).any(|code| self.uses_index(code, of));
                let indented: String = indented.lines().map(|line| format!("  {line}\n")).collect();
                format!("{head} [\n  {} {{\n{indented}  }}\n]\n", self.head(of, uses))
            }
            None => format!("{head} {{\n{indented}}}\n"),
        };
        self.existing.borrow_mut().insert(of, (name.clone(), text));
        name
    }

    fn column(&self, of: LoopId, key: &str, name: &str) -> Code {
        let loops = self.emitter.loops.borrow();
        let Some(Code::List(items)) = loops.get(of).map(|one| &one.collection) else { return Code::Null };
        let row = items.iter().find_map(|item| match item {
            ListItem::One(row) if row.clone().get("key").literal() == Some(key) => Some(row.clone()),
            _ => None,
        });
        row.map_or(Code::Null, |row| row.get(name))
    }

    /// Another resource group as a scope.
    pub fn group_scope(&self, group: &ObjectId) -> String {
        match self.emitter.stack.by_id(group) {
            Some(of) => format!("resourceGroup({})", self.given(&FileInput::GroupName(of.address.clone()))),
            None => match group.subscription().filter(|of| !of.eq_ignore_ascii_case(&self.emitter.stack.account.id)) {
                Some(other) => format!("resourceGroup({}, {})", quoted(other), quoted(group.name())),
                None => format!("resourceGroup({})", quoted(group.name())),
            },
        }
    }

    /// A child that always exists, such as `blobServices/default`.
    pub(super) fn below(&self, symbol: &Symbol, base: &str, below: &str) -> String {
        let Some((at, _)) = self.index.node(symbol) else { return String::new() };
        let node = &self.index.nodes[at];
        let mut parent = base.to_owned();
        let parts: Vec<&str> = below.split('/').collect();
        let mut type_ = node.type_.clone();
        for pair in parts.chunks(2) {
            let [segment, name] = pair else { return parent };
            let _ = write!(type_, "/{segment}");
            let plain: String = parent.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let of = format!("{parent}/{segment}/{name}");
            let called = self.unique(&format!("{plain}{}", pascal(segment)), &of);
            let text = format!(
                "resource {called} '{type_}@{}' existing = {{\n  parent: {parent}\n  name: {}\n}}\n",
                node.api,
                quoted(name)
            );
            self.existing.borrow_mut().entry(of).or_insert((called.clone(), text));
            parent = called;
        }
        parent
    }
}
