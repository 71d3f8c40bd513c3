//! The tables by provider type: which kinds write a type, and what follows from them for the simulator. Built once, never changed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::shape::{Shape, wire_path};
use crate::kinds::{self, Answers, Arg, AtOnce, Change, Durations, From, Kind, Location, Place, Serial, Ty, Unique};

/// What the tables say of one provider type.
pub(super) struct Type {
    /// The type, in the case in which Azure writes it.
    pub(super) name: &'static str,
    /// The newest API version that a table asks for.
    pub(super) api: &'static str,
    /// The kinds whose objects have this type.
    pub(super) kinds: Vec<&'static Kind>,
    /// The kinds that write elements or properties of objects of this type.
    pub(super) within: Vec<&'static Kind>,
    /// The lists whose elements are kinds of their own.
    pub(super) parts: Vec<Part>,
    /// For a child: the segments between its parent's id and its name.
    pub(super) segment: Option<&'static str>,
    /// Whether it extends any scope.
    pub(super) extension: bool,
    pub(super) location: Location,
    pub(super) answers: Answers,
    pub(super) durations: Durations,
    pub(super) in_use: &'static str,
    pub(super) unique: bool,
    /// What bodies may hold.
    pub(super) shape: Shape,
    /// Whether the tables say all that bodies may hold.
    pub(super) strict: bool,
    /// Paths that only the provider writes.
    pub(super) read_only: Vec<&'static str>,
    /// Paths that the provider never answers.
    pub(super) write_only: Vec<String>,
    /// Paths that never change.
    pub(super) immutable: Vec<&'static str>,
    /// Segments of the children that stand in its body too.
    pub(super) embeds: Vec<&'static str>,
    /// Paths of blocks of which there is at most one.
    pub(super) blocks: Vec<&'static str>,
    /// Paths of URLs of its data that lead to the simulator where it is served.
    pub(super) data: Vec<&'static str>,
    /// The word under which what was deleted is kept.
    pub(super) bin: Option<&'static str>,
    /// What a PUT that creates is answered with, unless it is 202.
    pub(super) created: u16,
    /// The requests that are done once they are answered.
    pub(super) at_once: &'static [AtOnce],
    names: Vec<(usize, usize, Option<Regex>)>,
}

/// A list in the body whose elements are a kind.
pub(super) struct Part {
    pub(super) kind: &'static Kind,
    pub(super) list: &'static str,
    pub(super) segment: &'static str,
    pub(super) key: &'static str,
}

impl Type {
    /// All kinds that write this type: first those whose objects have it, then those that write something in them.
    pub(super) fn writers(&self) -> impl Iterator<Item = &'static Kind> {
        self.kinds.iter().chain(&self.within).copied()
    }

    /// Whether a name is one that some kind of this type may have.
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

/// The type with this folded name.
pub(super) fn find(folded: &str) -> Option<&'static Type> {
    TYPES.get(folded)
}

/// All types, in the order of their folded names.
pub(super) fn all() -> impl Iterator<Item = &'static Type> {
    TYPES.values()
}

static TYPES: LazyLock<BTreeMap<String, Type>> = LazyLock::new(build);

fn build() -> BTreeMap<String, Type> {
    let mut types = BTreeMap::<String, Type>::new();
    // Kinds before variants, so that what is taken from the first table is taken from the kind itself.
    let kinds = || kinds::ALL.iter().map(|kind| (*kind, None));
    let variants = kinds::ALL.iter().filter_map(|kind| kind.variants.as_ref());
    let variants = variants.flat_map(|variants| variants.of.iter().map(|(of, kind)| (*kind, Some((variants.by, *of)))));
    let all: Vec<_> = kinds().chain(variants).filter(|(kind, _)| !kind.arm.type_.is_empty()).collect();
    for (kind, _) in &all {
        if !matches!(kind.place, Place::Part(..) | Place::Property(_)) {
            types.entry(kind.arm.type_.to_ascii_lowercase()).or_insert_with(|| Type::new(kind)).add(kind);
        }
    }
    for (kind, variant) in &all {
        let (Place::Part(argument, ..) | Place::Property(argument)) = kind.place else { continue };
        for parent in parents(kind, argument, *variant) {
            if let Some(type_) = types.get_mut(&parent.arm.type_.to_ascii_lowercase()) {
                type_.add_within(kind);
            }
        }
    }
    for type_ in types.values_mut() {
        type_.complete();
    }
    types
}

/// The kinds that an argument may refer to; for a variant's own argument the one that chose it.
fn parents(kind: &Kind, argument: &str, variant: Option<(&str, &'static str)>) -> Vec<&'static Kind> {
    let names: &[&str] = match variant {
        Some((by, of)) if by == argument => &[of],
        _ => kind.refers(argument),
    };
    names.iter().filter_map(|name| kinds::find(name)).collect()
}

impl Type {
    fn new(kind: &'static Kind) -> Self {
        Self {
            name: kind.arm.type_,
            api: kind.arm.api,
            kinds: Vec::new(),
            within: Vec::new(),
            parts: Vec::new(),
            segment: None,
            extension: matches!(kind.place, Place::Extension(_)),
            location: kind.location,
            answers: kind.answers,
            durations: kind.durations,
            in_use: kind.in_use,
            unique: kind.names.unique == Unique::Globally,
            shape: Shape::of(kind.args),
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
            names: Vec::new(),
        }
    }

    fn add(&mut self, kind: &'static Kind) {
        if let Place::Child(_, segment) = kind.place {
            self.segment = Some(segment);
        }
        self.api = self.api.max(kind.arm.api);
        self.names.push((kind.names.min, kind.names.max, Regex::new(kind.names.pattern).ok()));
        if !self.kinds.is_empty() {
            self.shape.also(Shape::of(kind.args));
        }
        self.kinds.push(kind);
        self.embeds.extend(kind.simulated.embeds);
        let blocks = kind.args.iter().filter(|arg| matches!(arg.ty, Ty::Block(block) if block.max == 1));
        self.blocks.extend(blocks.filter_map(|arg| wire_path(arg.wire)).filter(|path| !path.is_empty()));
    }

    fn add_within(&mut self, kind: &'static Kind) {
        let shape = Shape::of(kind.args);
        match kind.place {
            Place::Part(_, list, segment, key) => {
                let element = self.shape.at(&format!("{list}[]"));
                element.join(shape);
                element.at(key);
                self.parts.push(Part { kind, list, segment, key });
            }
            _ => self.shape.join(shape.optional()),
        }
        self.within.push(kind);
    }

    fn complete(&mut self) {
        let writers: Vec<&'static Kind> = self.writers().collect();
        self.strict = writers.iter().all(|kind| kind.odd.encode.is_none() || !kind.simulated.accepts.is_empty());
        for kind in &writers {
            self.know(kind);
        }
        // What is accepted by name is kept and answered, although some table does not read it back.
        let named = |path: &String| writers.iter().any(|kind| kind.simulated.accepts.contains(&path.as_str()));
        self.write_only.retain(|path| !named(path));
        for name in ["id", "name", "type", "etag", "systemData", "properties"] {
            self.shape.at(name);
        }
        if !matches!(self.location, Location::None) {
            self.shape.at("location");
            *self.shape.at("tags") = Shape::texts();
        }
        for segment in &self.embeds {
            *self.shape.at(&format!("properties.{segment}")) = Shape::any();
        }
        for path in &self.write_only {
            // A secret is sent with the create; later writes may leave it out, because no answer holds it.
            self.shape.not_required(path);
        }
    }

    /// Takes from one writer's table what its paths say.
    fn know(&mut self, kind: &'static Kind) {
        let prefix = match kind.place {
            Place::Part(_, list, ..) => format!("{list}[]."),
            _ => String::new(),
        };
        for (path, lit) in kind.fixed {
            let whole = format!("{prefix}{path}");
            if !self.shape.known(&whole) {
                *self.shape.at(&whole) = Shape::of_literal(*lit);
            }
        }
        for path in kind.simulated.accepts {
            *self.shape.at(&format!("{prefix}{path}")) = Shape::any();
        }
        for path in kind.simulated.spared {
            self.shape.spare(&format!("{prefix}{path}"));
        }
        for attribute in kind.attributes {
            let From::Body(path) = attribute.from else { continue };
            let whole = format!("{prefix}{path}");
            if !self.shape.known(&whole) {
                *self.shape.at(&whole) = Shape::any();
                if prefix.is_empty() {
                    self.read_only.push(path);
                }
            }
        }
        collect_write_only(kind.args, &prefix, &mut self.write_only);
        if prefix.is_empty() {
            let moved = |path: &str| {
                self.kinds.iter().any(|other| {
                    other.args.iter().any(|arg| wire_path(arg.wire) == Some(path) && arg.change == Change::Update)
                })
            };
            let fixed = kind.args.iter().filter(|arg| arg.change == Change::Replace && !arg.write_only);
            let paths = fixed.filter_map(|arg| wire_path(arg.wire)).filter(|path| !path.is_empty() && !moved(path));
            let paths: Vec<_> = paths.filter(|path| !path.contains('[')).collect();
            self.immutable.extend(paths);
            self.immutable.sort_unstable();
            self.immutable.dedup();
        }
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

/// The types that an argument of a kind refers to, folded.
pub(super) fn referred(kind: &Kind, argument: &str) -> Vec<String> {
    kind.refers(argument)
        .iter()
        .filter_map(|name| kinds::find(name))
        .map(|kind| kind.arm.type_.to_ascii_lowercase())
        .collect()
}

/// What must not run beside a write of this type, over all its writers.
pub(super) fn serial(type_: &Type) -> impl Iterator<Item = (&'static Kind, Serial)> {
    type_.writers().map(|kind| (kind, kind.serial)).filter(|(_, serial)| *serial != Serial::No)
}
