//! Types of a `backup` block.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::backup::{Schedule, Selection, Tool};
use crate::diagnostic::Span;
use crate::value::Map;

/// Copies of data that another tool makes, as the stack declares them.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// Its address: `backup.orders`.
    pub address: Address,
    /// The resource whose data it can bring back.
    pub of: Address,
    /// The tool.
    pub tool: &'static Tool,
    /// The place where the copies are kept.
    pub repository: Repository,
    /// The path within the repository.
    pub path: Option<String>,
    /// The stanza of the tool.
    pub stanza: Option<String>,
    /// The tag of the tool's points.
    pub tag: Option<String>,
    /// The class of the data.
    pub class: DataClass,
    /// How often copies are made; `None` for fixed data without one.
    pub schedule: Option<Schedule>,
    /// The longest permitted age of the newest successful restore test.
    pub verified: Option<Duration>,
    /// Holders of a private key.
    pub custodians: Vec<String>,
    /// The command that prints the catalogue: the arguments of its block.
    pub catalogue: Option<Map>,
    /// The header of its block.
    pub span: Span,
    /// The place of each of its arguments in the text.
    pub spans: BTreeMap<Arc<str>, Span>,
}

/// The place of copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repository {
    /// A resource that keeps objects.
    Resource(Address),
    /// A site: snapshots, which the provider keeps there.
    Site(Arc<str>),
}

/// The class of data: the objectives that hold for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataClass {
    /// Data of users: the recovery point objective holds.
    Persistent,
    /// Configuration, which changes when somebody changes it: its schedule is enough.
    Configuration,
    /// Data that never change: an image holds them.
    Fixed,
}

impl DataClass {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::Persistent, Self::Configuration, Self::Fixed];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Configuration => "configuration",
            Self::Fixed => "fixed",
        }
    }
}

impl Backup {
    /// Its name; an instance of `for_each` has its key in it: `orders["a"]`.
    pub fn name(&self) -> &str {
        self.address.own_name()
    }

    /// The part of the repository that belongs to it.
    pub fn selection(&self) -> Selection<'_> {
        Selection { stanza: self.stanza.as_deref(), tag: self.tag.as_deref() }
    }

    /// The place of an argument, or of the block's header if the argument is omitted.
    pub fn span_of(&self, argument: &str) -> Span {
        self.spans.get(argument).copied().unwrap_or(self.span)
    }
}
