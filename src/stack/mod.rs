//! The typed stack: sites, resources, failover groups, objectives, outputs.
//!
//! [`read`] turns text and values of variables into a [`Program`], and [`Program::evaluate`] that into a [`Stack`], or into everything that is
//! wrong with it. Both are pure: files come in
//! through [`crate::hcl::Files`], and what only the cloud knows comes in through [`Knowledge`].

mod block;
mod copies;
mod evaluate;
mod group;
mod names;
mod order;
mod place;
pub mod program;
mod read;
mod references;
pub(crate) mod scope;
mod settings;
pub(crate) mod variables;
mod written;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::address::{Address, ArmId};
use crate::diagnostic::Span;
use crate::kinds::{Kind, Object};
use crate::value::{Map, Value};

pub use copies::Copies;
pub use program::Program;
pub use read::{ENVIRONMENT, GivenVariable, Input, MAX_RESOURCES, read, read_all};

/// A whole stack, typed, checked and evaluated as far as it can be before anything stands.
pub struct Stack {
    /// Its name.
    pub name: String,
    /// What its author says of it.
    pub description: Option<String>,
    /// What recovery must reach.
    pub objectives: Objectives,
    /// Geographies in which data may be kept; empty: anywhere.
    pub residency: Vec<String>,
    /// Where apply goes unless the command line says otherwise.
    pub cloud: CloudName,
    /// Findings of `check` that were looked at and taken.
    pub accepted: Vec<Accepted>,
    /// The sites, in the order written.
    pub sites: IndexMap<Arc<str>, Site>,
    /// The resources, each after what it refers to.
    pub resources: IndexMap<Address, Resource>,
    /// The failover groups, in the order written.
    pub failover_groups: IndexMap<Arc<str>, FailoverGroup>,
    /// The outputs, in the order written.
    pub outputs: IndexMap<Arc<str>, Output>,
    /// The variables, in the order written.
    pub variables: IndexMap<Arc<str>, Variable>,
    /// SHA-256 over every file read and every value of a variable that is not sensitive, in hexadecimal.
    pub digest: String,
    /// The subscription's GUID, which ids hold.
    pub subscription: String,
    /// The tenant's GUID.
    pub tenant: String,
    pub(crate) by_id: HashMap<ArmId, Address>,
    pub(crate) instances: HashMap<Address, scope::Instances>,
    pub(crate) program: Arc<Program>,
    pub(crate) tags: Map,
    /// The copies of a drill, which are among the resources; `None` but in a drill.
    pub copies: Option<Copies>,
    pub(crate) pinned: BTreeMap<Address, BTreeMap<Arc<str>, Option<Value>>>,
}

/// What recovery must reach, each where it is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Objectives {
    /// The time in which users must be served again.
    pub rto: Option<Duration>,
    /// The age of the data that may be lost.
    pub rpo: Option<Duration>,
}

/// A cloud that apply can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloudName {
    /// The embedded simulator.
    Local,
    /// Azure.
    Azure,
}

impl CloudName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Local, Self::Azure];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Azure => "azure",
        }
    }
}

/// A finding that was looked at and taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Where it stands.
    pub span: Span,
}

/// A place where things run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name in the stack.
    pub name: Arc<str>,
    /// Who provides it.
    pub provider: Provider,
    /// The region, in the provider's spelling.
    pub location: String,
    /// 1: hot or warm; 2: a cold site.
    pub tier: u8,
    /// Where it stands.
    pub span: Span,
}

/// Who provides a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the provider its name says")]
pub enum Provider {
    Azure,
    Aws,
}

/// Whether a resource always stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It always stands.
    Permanent,
    /// It stands only while a failover group is up.
    Failover,
}

impl Presence {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Failover => "failover",
        }
    }
}

/// One resource, or one `for_each` instance of it.
pub struct Resource {
    /// Its address.
    pub address: Address,
    /// Its kind, the variant chosen.
    pub kind: &'static Kind,
    /// The kind that decided the variant, where there are some.
    pub variant: Option<&'static str>,
    /// Its name in the cloud.
    pub name: String,
    /// The id that others refer to.
    pub id: ArmId,
    /// Its objects, in the order in which they are written.
    pub objects: Vec<Object>,
    /// The site's name.
    pub site: Arc<str>,
    /// The region.
    pub location: String,
    /// The region of its resource group, where its metadata lives.
    pub metadata_location: String,
    /// Its resource group, where the stack has it (itself, for a resource group).
    pub group: Option<Address>,
    /// Whether it always stands.
    pub presence: Presence,
    /// Its arguments: what is written, typed, and what has a default.
    pub args: Map,
    /// The resources that must stand before it, by references anywhere in its block and by `depends_on`. Sorted.
    pub needs: Vec<Address>,
    /// Those of `needs` whose object this one's object points at, so that they cannot go while this one stays. Sorted.
    pub uses: Vec<Address>,
    /// Whether its deletion is forbidden.
    pub prevent_destroy: bool,
    /// The header of its block.
    pub span: Span,
    /// Where each of its arguments is written.
    pub spans: BTreeMap<Arc<str>, Span>,
    /// What `each` is in its block.
    pub(crate) each: Option<scope::Each>,
    /// The tags that the stack put on it.
    pub(crate) stack_tags: Map,
}

/// A failover group, typed and checked; what it does is the failover planner's.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverGroup {
    /// Its name.
    pub name: Arc<str>,
    /// The site that is active on an ordinary day.
    pub from: Arc<str>,
    /// The site that takes over.
    pub to: Arc<str>,
    /// The replicas that are promoted.
    pub promote: Vec<Address>,
    /// The resource groups that are stood up.
    pub stand_up: Vec<Address>,
    /// What is scaled to nothing before data moves.
    pub quiesce: Vec<Address>,
    /// What keeps the old side from taking writes.
    pub fence: Vec<Address>,
    /// The levers, in the order in which they are tried.
    pub routes: Vec<Route>,
    /// What must answer.
    pub probes: Vec<Probe>,
    /// What else the site needs.
    pub steps: Vec<GroupStep>,
    /// Where it stands.
    pub span: Span,
}

impl FailoverGroup {
    /// Whether a resource stands only while this group is up.
    pub fn stands_up(&self, resource: &Resource) -> bool {
        resource.presence == Presence::Failover && resource.group.as_ref().is_some_and(|of| self.stand_up.contains(of))
    }
}

/// A lever that moves users.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// The arguments, by name: references to resources, and plain values.
    pub args: Map,
    /// Where it stands.
    pub span: Span,
}

/// What must answer, before or after traffic moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Its name.
    pub name: Arc<str>,
    /// The URL; unknown while what it names does not stand.
    pub url: Value,
    /// The HTTP status that counts as well.
    pub status: u16,
    /// How long it is tried.
    pub within: Duration,
    /// The phase that waits for it, where it is not the last.
    pub before: Option<Arc<str>>,
    /// The resources that its URL names.
    pub uses: Vec<Address>,
    /// Where it stands.
    pub span: Span,
}

/// Anything else that a site needs.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStep {
    /// Its name.
    pub name: Arc<str>,
    /// The verbs it belongs to: `up`, `down`, `drill`.
    pub on: Vec<Arc<str>>,
    /// The modes it belongs to: `planned`, `forced`.
    pub modes: Vec<Arc<str>>,
    /// The steps and phases it comes after.
    pub after: Vec<Arc<str>>,
    /// The steps and phases it comes before.
    pub before: Vec<Arc<str>>,
    /// The one action: its word and its arguments.
    pub action: (Arc<str>, Map),
    /// Whether `on` is written and has `drill`: what acts on something is not rehearsed unless its author says so.
    pub drilled: bool,
    /// Runs only while this resource cannot be reached.
    pub only_if_unreachable: Option<Address>,
    /// Where it stands.
    pub span: Span,
}

/// An output.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The value, as far as it is known.
    pub value: Value,
    /// What its author says of it.
    pub description: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A variable and the value it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The value.
    pub value: Value,
    /// What it is where none is given.
    pub(crate) default: Option<Value>,
    /// The type that it declares.
    pub(crate) ty: variables::Type,
    /// Whether it is sensitive.
    pub sensitive: bool,
    /// What its author says of it.
    pub description: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// What is known of resources that stand, beside what the stack says: attributes that only the cloud can say.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Attributes by address; a secret one is marked [`Value::Sensitive`].
    pub attributes: HashMap<Address, Map>,
    /// Arguments that were not known when the stack was evaluated and are now.
    pub args: HashMap<Address, Map>,
}
