//! The typed stack: sites, resources, failover groups, objectives, outputs.
//!
//! [`read`] turns text and values of variables into a [`Program`], and [`Program::evaluate`] turns that into a
//! [`Stack`], or into all of its errors. Both are pure: files come in through [`crate::hcl::Files`], and attributes
//! that only the cloud knows through [`Knowledge`].

mod block;
mod copies;
mod evaluate;
mod group;
mod inputs;
mod names;
mod order;
mod place;
pub mod program;
mod read;
mod references;
mod rules;
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
pub use inputs::RecordedInputs;
pub use program::Program;
pub use read::{ENVIRONMENT, Input, MAX_RESOURCES, Secrets, VariableInput, read, read_all};

/// A whole stack, typed, checked and evaluated as far as possible before anything exists.
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The recovery objectives.
    pub objectives: Objectives,
    /// Geographies in which data may be kept; empty: anywhere.
    pub residency: Vec<String>,
    /// The target of `apply` without `--cloud`.
    pub cloud: CloudName,
    /// Accepted findings of `check`.
    pub accepted: Vec<AcceptedFinding>,
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
    /// Empty where the stack has no error.
    pub(crate) faulty: HashMap<Address, scope::FaultyResource>,
    pub(crate) program: Arc<Program>,
    pub(crate) tags: Map,
    /// The copies of a drill, which are among the resources; `None` but in a drill.
    pub copies: Option<Copies>,
    pub(crate) pinned: BTreeMap<Address, BTreeMap<Arc<str>, Option<Value>>>,
}

/// The declared recovery objectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Objectives {
    /// Recovery time objective.
    pub rto: Option<Duration>,
    /// Recovery point objective: the age of the data that may be lost.
    pub rpo: Option<Duration>,
}

/// A cloud that `apply` can target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloudName {
    /// The local simulator.
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

/// An accepted finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedFinding {
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Its place in the text.
    pub span: Span,
}

/// A site: a region of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name in the stack.
    pub name: Arc<str>,
    /// Its provider.
    pub provider: Provider,
    /// The region, in the provider's spelling.
    pub location: String,
    /// 1: hot or warm; 2: a cold site.
    pub tier: u8,
    /// Its place in the text.
    pub span: Span,
}

/// The provider of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the provider its name says")]
pub enum Provider {
    Azure,
    Aws,
}

/// Permanent or failover-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It always exists.
    Permanent,
    /// It exists only while a failover group is up.
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
    /// Permanent or failover-only.
    pub presence: Presence,
    /// Its arguments, typed, with defaults.
    pub args: Map,
    /// The resources that must exist before it, by references anywhere in its block and by `depends_on`. Sorted.
    pub needs: Vec<Address>,
    /// Members of `needs` whose object this one's object refers to, so that they cannot be deleted before it. Sorted.
    pub uses: Vec<Address>,
    /// Its deletion is forbidden.
    pub prevent_destroy: bool,
    /// The header of its block.
    pub span: Span,
    /// The place of each of its arguments in the text.
    pub spans: BTreeMap<Arc<str>, Span>,
    /// The value of `each` in its block.
    pub(crate) each: Option<scope::EachInstance>,
    /// The tags that it has from the stack.
    pub(crate) stack_tags: Map,
}

/// A failover group, typed and checked. The failover planner acts on it.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverGroup {
    /// Its name.
    pub name: Arc<str>,
    /// The active site in normal operation.
    pub from: Arc<str>,
    /// The standby site.
    pub to: Arc<str>,
    /// The replicas that are promoted.
    pub promote: Vec<Address>,
    /// The resource groups that are provisioned.
    pub stand_up: Vec<Address>,
    /// The workloads that are scaled to zero before data moves.
    pub quiesce: Vec<Address>,
    /// The resources that block writes at the source site.
    pub fence: Vec<Address>,
    /// The routes, in the order in which they are tried.
    pub routes: Vec<Route>,
    /// The probes.
    pub probes: Vec<Probe>,
    /// Further steps.
    pub steps: Vec<GroupStep>,
    /// Its place in the text.
    pub span: Span,
}

impl FailoverGroup {
    /// The resource exists only while this group is up.
    pub fn stands_up(&self, resource: &Resource) -> bool {
        resource.presence == Presence::Failover && resource.group.as_ref().is_some_and(|of| self.stand_up.contains(of))
    }
}

/// A traffic-routing method.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// The arguments, by name: references to resources, and plain values.
    pub args: Map,
    /// Its place in the text.
    pub span: Span,
}

/// An endpoint that must succeed, before or after traffic is switched.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Its name.
    pub name: Arc<str>,
    /// The URL; unknown until the resources that it refers to exist.
    pub url: Value,
    /// The expected HTTP status.
    pub status: u16,
    /// The time limit for retries.
    pub within: Duration,
    /// The phase that waits for it; `None`: the last.
    pub before: Option<Arc<str>>,
    /// The resources that its URL refers to.
    pub uses: Vec<Address>,
    /// Its place in the text.
    pub span: Span,
}

/// A further step of a failover.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStep {
    /// Its name.
    pub name: Arc<str>,
    /// The procedures that it is part of: `up`, `down`, `drill`.
    pub on: Vec<Arc<str>>,
    /// The modes that it is part of: `planned`, `forced`.
    pub modes: Vec<Arc<str>>,
    /// The steps and phases it comes after.
    pub after: Vec<Arc<str>>,
    /// The steps and phases it comes before.
    pub before: Vec<Arc<str>>,
    /// Its action: type and arguments.
    pub action: (Arc<str>, Map),
    /// `on` is set and contains `drill`: an action is not part of a drill by default.
    pub drilled: bool,
    /// Runs only while this resource cannot be reached.
    pub only_if_unreachable: Option<Address>,
    /// Its place in the text.
    pub span: Span,
}

/// An output.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The value, as far as it is known.
    pub value: Value,
    /// Its description.
    pub description: Option<String>,
    /// Its place in the text.
    pub span: Span,
}

/// A variable and the value it was given.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The value.
    pub value: Value,
    /// The value if none is given.
    pub(crate) default: Option<Value>,
    /// Its declared type.
    pub(crate) ty: variables::VariableType,
    /// The value is sensitive.
    pub sensitive: bool,
    /// Its description.
    pub description: Option<String>,
    /// Its place in the text.
    pub span: Span,
}

/// Known attributes of existing resources that only the cloud can report.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Attributes by address; a secret one is marked [`Value::Sensitive`].
    pub attributes: HashMap<Address, Map>,
    /// Arguments that have become known since the stack was evaluated.
    pub args: HashMap<Address, Map>,
}
