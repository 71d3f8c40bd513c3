//! The tables by provider type: the kinds that write a type, and the resulting rules of the simulator.
//! Built once, immutable.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;

use super::shape::{BodyShape, wire_path};
use super::target::GROUP;
use crate::kinds::{
    AnswerStyle, Arg, AttributeSource, ChangeEffect, Durations, ImmediateRequest, Kind, Location, NameScope, Place,
    Serial, Ty,
};

/// One provider type, from the tables of all kinds that write it.
pub(super) struct ProviderType {
    /// The type in Azure's case.
    pub(super) name: &'static str,
    /// The newest API version in a table.
    pub(super) api: &'static str,
    /// The kinds whose objects have this type.
    pub(super) kinds: Vec<&'static Kind>,
    /// The kinds that write elements or properties of objects of this type.
    pub(super) within: Vec<&'static Kind>,
    /// Lists whose elements are separate kinds.
    pub(super) parts: Vec<EmbeddedList>,
    /// For a child: the path segments between its parent's id and its name.
    pub(super) segment: Option<&'static str>,
    /// An extension resource, valid in any scope.
    pub(super) extension: bool,
    pub(super) location: Location,
    pub(super) answers: AnswerStyle,
    pub(super) durations: Durations,
    pub(super) in_use: &'static str,
    pub(super) unique: bool,
    /// The allowed bodies.
    pub(super) shape: BodyShape,
    /// True where the tables describe all allowed properties.
    pub(super) strict: bool,
    /// Paths that only the provider sets.
    pub(super) read_only: Vec<&'static str>,
    /// Paths that the provider never returns.
    pub(super) write_only: Vec<String>,
    /// Paths that cannot change.
    pub(super) immutable: Vec<&'static str>,
    /// Segments of children that are also embedded in the body.
    pub(super) embeds: Vec<&'static str>,
    /// Paths of blocks that occur at most once.
    pub(super) blocks: Vec<&'static str>,
    /// Paths of data-plane URLs, rewritten to the simulator's address when it serves other clients.
    pub(super) data: Vec<&'static str>,
    /// The path segment of soft-deleted objects.
    pub(super) bin: Option<&'static str>,
    /// The status of a PUT that creates, unless it is 202.
    pub(super) created: u16,
    /// Requests that complete synchronously.
    pub(super) at_once: &'static [ImmediateRequest],
    /// No kind has this type: bodies are stored as they are.
    pub(super) generic: bool,
    names: Vec<(usize, usize, Option<Regex>)>,
}

/// A list in the body whose elements are objects of a kind.
pub(super) struct EmbeddedList {
    pub(super) kind: &'static Kind,
    pub(super) list: &'static str,
    pub(super) segment: &'static str,
    pub(super) key: &'static str,
    /// True if its elements may be written and deleted by requests of their own.
    pub(super) alone: bool,
}

impl ProviderType {
    /// All kinds that write this type: first those whose objects have the type, then those that write parts of them.
    pub(super) fn writers(&self) -> impl Iterator<Item = &'static Kind> {
        self.kinds.iter().chain(&self.within).copied()
    }

    /// True for a name that is valid for some kind of this type.
    pub(super) fn may_be_called(&self, name: &str) -> bool {
        let count = name.chars().count();
        self.names.iter().any(|(min, max, pattern)| {
            (*min..=*max).contains(&count) && pattern.as_ref().is_none_or(|pattern| pattern.is_match(name))
        })
    }

    /// The namespace of the provider.
    pub(super) fn namespace(&self) -> &'static str {
        self.name.split('/').next().unwrap_or_default()
    }
}

/// The type with this folded name, if a kind has it.
pub(super) fn find(folded: &str) -> Option<&'static ProviderType> {
    TYPES.get(folded)
}

/// The type of this name, if a kind has it or it is well-formed: Resource Manager has many more types than drplan has
/// kinds. `None` for anything else, and beyond [`MOST_TYPES`].
pub(super) fn known(name: &str) -> Option<&'static ProviderType> {
    let folded = name.to_ascii_lowercase();
    if let Some(table) = TYPES.get(&folded) {
        return Some(table);
    }
    let mut generic = GENERIC.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = generic.get(&folded).copied() {
        return Some(known);
    }
    if !is_well_formed(&folded) || generic.len() >= MOST_TYPES {
        return None;
    }
    let made: &'static ProviderType = Box::leak(Box::new(ProviderType::generic(name)));
    generic.insert(folded, made);
    Some(made)
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_$".contains(c))
}

/// A provider, which has a dot in its name.
pub(super) fn is_namespace(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_word)
}

/// A provider and one type or more.
fn is_well_formed(folded: &str) -> bool {
    let parts = folded.split_once('/');
    folded.len() <= 250
        && parts.is_some_and(|(namespace, types)| is_namespace(namespace) && types.split('/').all(is_word))
}

/// The number of types without a kind that one process keeps.
const MOST_TYPES: usize = 4096;

static GENERIC: LazyLock<Mutex<BTreeMap<String, &'static ProviderType>>> = LazyLock::new(Mutex::default);

/// All types, in the order of their folded names.
pub(super) fn all() -> impl Iterator<Item = &'static ProviderType> {
    TYPES.values()
}

static TYPES: LazyLock<BTreeMap<String, ProviderType>> = LazyLock::new(build);

fn build() -> BTreeMap<String, ProviderType> {
    let mut types = BTreeMap::<String, ProviderType>::new();
    // Kinds before variants, so values from the first table come from the kind itself.
    let (own, variants): (Vec<_>, Vec<_>) =
        crate::providers::azure::TABLES.tables().partition(|table| table.variant.is_none());
    let all = own.into_iter().chain(variants).map(|table| (table.kind, table.variant));
    let all: Vec<_> = all.filter(|(kind, _)| !kind.type_.name.is_empty()).collect();
    for (kind, _) in &all {
        if kind.place.is_whole() {
            types.entry(kind.type_.name.to_ascii_lowercase()).or_insert_with(|| ProviderType::new(kind)).add(kind);
        }
    }
    for (kind, variant) in &all {
        let Some(argument) = kind.place.whole() else { continue };
        for parent in parents(kind, argument, *variant) {
            // A part of another object has that object's body.
            let type_ = match parent.place {
                Place::Part(..) => parent.type_.name.rsplit_once('/').map_or("", |(whole, _)| whole),
                _ => parent.type_.name,
            };
            if let Some(type_) = types.get_mut(&type_.to_ascii_lowercase()) {
                type_.add_within(kind);
            }
        }
    }
    for type_ in types.values_mut() {
        type_.complete();
    }
    types
}

/// The kinds to which an argument may refer; for a variant's own argument, the kind that selects the variant.
fn parents(kind: &Kind, argument: &str, variant: Option<(&str, &'static str)>) -> Vec<&'static Kind> {
    let names: &[&str] = match variant {
        Some((by, of)) if by == argument => &[of],
        _ => kind.refers(argument),
    };
    names.iter().filter_map(|name| crate::providers::azure::TABLES.kind(name)).collect()
}

impl ProviderType {
    fn new(kind: &'static Kind) -> Self {
        Self {
            name: kind.type_.name,
            api: kind.type_.version,
            kinds: Vec::new(),
            within: Vec::new(),
            parts: Vec::new(),
            segment: None,
            extension: matches!(kind.place, Place::Extension(_)),
            location: kind.location,
            answers: kind.answers,
            durations: kind.durations,
            in_use: kind.in_use,
            unique: kind.names.unique == NameScope::Globally,
            shape: BodyShape::of(kind.args),
            strict: true,
            read_only: Vec::new(),
            write_only: Vec::new(),
            immutable: Vec::new(),
            embeds: Vec::new(),
            blocks: Vec::new(),
            data: kind.simulated.data.to_vec(),
            bin: kind.simulated.bin,
            created: kind.simulated.created,
            at_once: kind.simulated.at_once,
            generic: false,
            names: Vec::new(),
        }
    }

    /// The type of a table that a block names, whose kind has no type of its own: nothing is known but the name.
    fn generic(name: &str) -> Self {
        let kind = crate::providers::azure::TABLES
            .kinds
            .iter()
            .find(|kind| kind.typed.is_some())
            .copied()
            .unwrap_or(&Kind::EMPTY);
        let mut made = Self::new(kind);
        made.name = Box::leak(name.to_owned().into_boxed_str());
        let answers = crate::providers::azure::answers_of(name);
        made.created = answers.created;
        if !answers.is_write_long {
            made.answers = AnswerStyle::Sync;
        }
        if !answers.is_deletion_long {
            made.at_once = &[ImmediateRequest::Delete];
        }
        // Every version is as good as another.
        made.api = "9999-12-31";
        // Found in any scope; children have a parent by their id.
        made.extension = true;
        made.in_use = "";
        made.location = Location::None;
        made.shape = BodyShape::any();
        made.strict = false;
        made.generic = true;
        made.names.push((kind.names.min, kind.names.max, Regex::new(kind.names.pattern).ok()));
        made.kinds.push(kind);
        made
    }

    fn add(&mut self, kind: &'static Kind) {
        if let Place::Child(_, segment) = kind.place {
            self.segment = Some(segment);
        }
        self.api = self.api.max(kind.type_.version);
        self.names.push((kind.names.min, kind.names.max, Regex::new(kind.names.pattern).ok()));
        if !self.kinds.is_empty() {
            self.shape.also(BodyShape::of(kind.args));
        }
        self.kinds.push(kind);
        self.embeds.extend(kind.simulated.embeds);
        for (list, segment) in kind.simulated.elements {
            if !self.parts.iter().any(|part| part.list == *list) {
                self.parts.push(EmbeddedList { kind, list, segment, key: "name", alone: true });
            }
        }
        let blocks = kind.args.iter().filter(|arg| matches!(arg.ty, Ty::Block(block) if block.max == 1));
        self.blocks.extend(blocks.filter_map(|arg| wire_path(arg.wire)).filter(|path| !path.is_empty()));
    }

    fn add_within(&mut self, kind: &'static Kind) {
        let shape = BodyShape::of(kind.args);
        match kind.place {
            Place::Part(_, list, segment, key) => {
                let element = self.shape.at(&format!("{list}[]"));
                element.join(shape);
                element.at(key);
                self.parts.push(EmbeddedList { kind, list, segment, key, alone: kind.simulated.alone });
            }
            Place::Member(of) => {
                let element = self.shape.at(&format!("{}[]", of.every()));
                element.join(shape);
                element.at(of.key);
            }
            _ => self.shape.join(shape.optional()),
        }
        // Kinds with one type, such as machines of two operating systems, have the same parts.
        if !self.within.iter().any(|known| std::ptr::eq(*known, kind)) {
            self.within.push(kind);
        }
    }

    fn complete(&mut self) {
        let writers: Vec<&'static Kind> = self.writers().collect();
        self.strict = writers.iter().all(|kind| kind.odd.encode.is_none() || !kind.simulated.accepts.is_empty());
        for kind in &writers {
            self.know(kind);
        }
        // Last, since what one kind leaves open may contain paths of others.
        for kind in &writers {
            let prefix = prefix(kind);
            for path in kind.simulated.accepts.iter().chain(kind.uncovered) {
                self.shape.open_at(&format!("{prefix}{path}"));
            }
        }
        // Properties accepted by name are stored and returned, even if a table does not read them back.
        let named = |path: &String| writers.iter().any(|kind| kind.simulated.accepts.contains(&path.as_str()));
        self.write_only.retain(|path| !named(path));
        for name in ["id", "name", "type", "etag", "systemData", "properties"] {
            self.shape.at(name);
        }
        if !matches!(self.location, Location::None) {
            self.shape.at("location");
            *self.shape.at("tags") = BodyShape::texts();
        }
        for segment in &self.embeds {
            *self.shape.at(&format!("properties.{segment}")) = BodyShape::any();
        }
        for path in &self.write_only {
            // A secret is required on creation only. Later writes may omit it, because no response contains it.
            self.shape.not_required(path);
        }
    }

    /// Adds the paths of one kind's table.
    fn know(&mut self, kind: &'static Kind) {
        let prefix = prefix(kind);
        for (path, lit) in kind.fixed {
            let whole = format!("{prefix}{path}");
            if !self.shape.known(&whole) {
                *self.shape.at(&whole) = BodyShape::of_literal(*lit);
            }
        }
        for path in kind.simulated.accepts.iter().chain(kind.uncovered) {
            self.shape.at(&format!("{prefix}{path}"));
        }
        for path in kind.simulated.spared {
            self.shape.spare(&format!("{prefix}{path}"));
        }
        for attribute in kind.attributes {
            let AttributeSource::Body(path) = attribute.from else { continue };
            let whole = format!("{prefix}{path}");
            if !self.shape.known(&whole) {
                *self.shape.at(&whole) = BodyShape::any();
                if prefix.is_empty() {
                    self.read_only.push(path);
                }
            }
        }
        collect_write_only(kind.args, &prefix, &mut self.write_only);
        if prefix.is_empty() {
            let moved = |path: &str| {
                self.kinds.iter().any(|other| {
                    other.args.iter().any(|arg| wire_path(arg.wire) == Some(path) && arg.change == ChangeEffect::Update)
                })
            };
            let fixed = kind.args.iter().filter(|arg| arg.change == ChangeEffect::Replace && !arg.write_only);
            let paths = fixed.filter_map(|arg| wire_path(arg.wire)).filter(|path| !path.is_empty() && !moved(path));
            let paths: Vec<_> = paths.filter(|path| !path.contains('[')).collect();
            self.immutable.extend(paths);
            self.immutable.sort_unstable();
            self.immutable.dedup();
        }
    }
}

/// The path of a kind's elements in the body of the type that contains them.
fn prefix(kind: &Kind) -> String {
    match kind.place {
        Place::Part(_, list, ..) => format!("{list}[]."),
        Place::Member(of) => format!("{}[].", of.every()),
        _ => String::new(),
    }
}

fn collect_write_only(args: &[Arg], prefix: &str, into: &mut Vec<String>) {
    for arg in args {
        let Some(path) = wire_path(arg.wire) else { continue };
        match arg.ty {
            _ if arg.write_only => into.push(format!("{prefix}{path}")),
            Ty::Block(block) => {
                let list = if block.max == 1 { "" } else { "[]" };
                let dot = if path.is_empty() { "" } else { "." };
                collect_write_only(block.args, &format!("{prefix}{path}{list}{dot}"), into);
            }
            _ => {}
        }
    }
}

/// The types to which an argument of a kind refers, folded.
pub(super) fn referred(kind: &Kind, argument: &str) -> Vec<String> {
    kind.refers(argument)
        .iter()
        .filter_map(|name| crate::providers::azure::TABLES.kind(name))
        .map(|kind| kind.type_.name.to_ascii_lowercase())
        .collect()
}

/// The serialisation rules for writes of this type, over all its kinds.
pub(super) fn serial(type_: &ProviderType) -> impl Iterator<Item = (&'static Kind, Serial)> {
    type_.writers().map(|kind| (kind, kind.serial)).filter(|(_, serial)| *serial != Serial::No)
}

/// True for a type whose objects have a provisioning state.
pub(super) fn shows_state(type_: &ProviderType) -> bool {
    type_.answers != AnswerStyle::Sync || type_.name.eq_ignore_ascii_case(GROUP)
}
