//! The typed stack: sites, resources, failover groups, objectives, outputs.
//!
//! [`read`] turns text and values of variables into a [`Program`], and [`Program::evaluate`] turns that into a
//! [`Stack`], or into all of its errors. Both are pure: files come in through [`crate::hcl::Files`], and attributes
//! that only the cloud knows through [`Knowledge`].

mod backups;
mod block;
mod constants;
mod copies;
mod evaluate;
mod faults;
mod followers;
mod group;
mod ignored;
mod inputs;
mod instance_errors;
mod names;
mod near;
mod order;
mod place;
pub mod program;
mod read;
mod realms;
pub(crate) mod references;
mod rules;
pub(crate) mod scope;
mod settings;
mod siblings;
mod stand_ins;
mod texts;
mod touched;
pub(crate) mod validation;
pub(crate) mod variables;
mod variant;
mod written;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use crate::account::{Account, Accounts, Realm};
use crate::address::Address;
use crate::diagnostic::Span;
use crate::kinds::{Catalog, Kind, Need, Tables};
use crate::object::{Object, ObjectId};
use crate::value::{Map, Value};

pub use backups::model::{Backup, DataClass, Repository};
pub use copies::Copies;
pub use group::model::{FailoverGroup, GroupStep, Phase, Probe, ProbeBefore, StepOrPhase};
pub use group::route::kind::{Route, RouteKind, RouteMove, RouteSight, RouteTarget, RouteValue, RouteWrite};
pub use group::route::{ARGUMENTS as ROUTE_ARGUMENTS, kinds as route_kinds};
pub use group::url::{guarded_url, shown_url, with_guarded_url};
pub use inputs::RecordedInputs;
pub use program::Program;
pub use read::{ENVIRONMENT, Input, MAX_RESOURCES, Secrets, VariableInput, read, read_all};
pub use realms::AccountBlocks;

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
    /// The backups, in the order written.
    pub backups: IndexMap<Arc<str>, Backup>,
    /// The failover groups, in the order written.
    pub failover_groups: IndexMap<Arc<str>, FailoverGroup>,
    /// The outputs, in the order written.
    pub outputs: IndexMap<Arc<str>, Output>,
    /// The variables, in the order written.
    pub variables: IndexMap<Arc<str>, Variable>,
    /// SHA-256 over every file read and every value of a variable that is not sensitive, in hexadecimal.
    pub digest: String,
    /// The account of the first provider that sites have without naming one.
    pub account: Account,
    /// The accounts in which its resources lie.
    pub accounts: Accounts,
    /// The arguments of its `provider` blocks.
    pub account_blocks: AccountBlocks,
    pub(crate) by_id: HashMap<ObjectId, Address>,
    pub(crate) instances: HashMap<Address, scope::Instances>,
    /// Empty where the stack has no error.
    pub(crate) faulty: HashMap<Address, scope::FaultyResource>,
    pub(crate) program: Arc<Program>,
    pub(crate) tags: Map,
    /// The copies of a drill, which are among the resources; `None` but in a drill.
    pub copies: Option<Copies>,
    pub(crate) pinned: BTreeMap<Address, BTreeMap<Arc<str>, Option<Value>>>,
}

impl Stack {
    /// The providers whose kinds it may use.
    pub fn catalog(&self) -> &'static Catalog {
        self.program.catalog
    }

    /// The account of a realm.
    pub fn account_of(&self, realm: &Realm) -> &Account {
        let unnamed = || self.accounts.get(&Realm::of(realm.provider));
        self.accounts.get(realm).or_else(unnamed).unwrap_or(&self.account)
    }

    /// The realm of a resource: that of its site, or the one that sites of its provider have without naming one.
    pub fn realm_of(&self, resource: &Resource) -> Realm {
        let provider = resource.kind.provider().name;
        let own = self.sites.get(&resource.site).map(|site| &site.realm).filter(|realm| realm.provider == provider);
        own.cloned().unwrap_or_else(|| Realm::of(provider))
    }

    /// The account in which a resource lies.
    pub fn account_at(&self, resource: &Resource) -> &Account {
        self.account_of(&self.realm_of(resource))
    }

    /// The account of a site in this region.
    pub fn account_in(&self, region: &str) -> &Account {
        let site = self.sites.values().find(|site| site.location.eq_ignore_ascii_case(region));
        site.map_or(&self.account, |site| self.account_of(&site.realm))
    }

    /// The realms of its sites and resources.
    pub fn realms(&self) -> BTreeSet<Realm> {
        let of_sites = self.sites.values().map(|site| site.realm.clone());
        self.resources.values().map(|resource| self.realm_of(resource)).chain(of_sites).collect()
    }

    /// The providers of its sites and resources, in the order of the catalog.
    pub fn providers(&self) -> impl Iterator<Item = &'static Tables> {
        let of_kinds = self.resources.values().map(|resource| resource.kind.provider().name);
        let used: BTreeSet<&str> = self.sites.values().map(|site| site.provider.name).chain(of_kinds).collect();
        self.catalog().providers().filter(move |provider| used.contains(provider.name))
    }

    /// The failover group with this name, in any of the forms that [`group_name`] takes.
    pub fn failover_group(&self, name: &str) -> Option<&FailoverGroup> {
        self.failover_groups.get(name).or_else(|| self.failover_groups.get(group_name(name).as_str()))
    }
}

/// The name of a failover group as stacks and states have it: `web`, or `web["a"]` for an instance of `for_each`. As
/// shells take quotes away, `web[a]` is the same, and so is `failover_group.web["a"]`.
pub fn group_name(written: &str) -> String {
    instance_of(written.strip_prefix("failover_group.").unwrap_or(written))
}

/// The name of a site in the same forms: `east`, or `region["east"]` for an instance of `for_each`.
pub fn site_name(written: &str) -> String {
    instance_of(written.strip_prefix("site.").unwrap_or(written))
}

fn instance_of(name: &str) -> String {
    match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((label, key)) if !(key.starts_with('"') && key.ends_with('"')) => {
            group::instance_name(label, key).to_string()
        }
        _ => name.to_owned(),
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudName {
    /// The local simulator.
    Local,
    /// The providers of the stack themselves, by the name of any provider, as it was given. All names mean the same.
    Providers(&'static str),
}

impl CloudName {
    /// All words for clouds: that of the local simulator, and those of the providers, in the order of the catalog.
    pub fn all(catalog: &Catalog) -> impl Iterator<Item = Self> {
        std::iter::once(Self::Local).chain(catalog.clouds().map(|provider| Self::Providers(provider.name)))
    }

    /// The cloud with this word.
    pub fn named(word: &str, catalog: &Catalog) -> Option<Self> {
        Self::all(catalog).find(|cloud| cloud.as_str() == word)
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Providers(name) => name,
        }
    }

    /// True for the local simulator.
    pub const fn is_local(self) -> bool {
        matches!(self, Self::Local)
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
    pub provider: &'static Tables,
    /// The account of its resources.
    pub realm: Realm,
    /// The region, in the provider's spelling.
    pub location: String,
    /// 1: hot or warm; 2: a cold site.
    pub tier: u8,
    /// Its place in the text.
    pub span: Span,
}

impl Site {
    /// True for a site without replicas, whose data come from backups.
    pub const fn is_cold(&self) -> bool {
        self.tier >= 2
    }
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
#[derive(Clone)]
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
    pub id: ObjectId,
    /// Its objects, in the order in which they are written.
    pub objects: Vec<Object>,
    /// The site's name.
    pub site: Arc<str>,
    /// The region.
    pub location: String,
    /// The region where its metadata lives: that of the root that collects it, or its own.
    pub metadata_location: String,
    /// The root that it lies in, where the stack has it: a resource group. A root lies in itself.
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
    /// The arguments that somebody else owns once it exists.
    pub ignore_changes: BTreeSet<Arc<str>>,
    /// The header of its block.
    pub span: Span,
    /// The place of each of its arguments in the text.
    pub spans: BTreeMap<Arc<str>, Span>,
    /// The address by which commands reach it, where it is a machine whose address is known.
    pub host: Option<String>,
    /// The value of `each` in its block.
    pub(crate) each: Option<scope::EachInstance>,
    /// The tags that it has from the stack.
    pub(crate) stack_tags: Map,
}

impl Resource {
    /// The configured value of an argument: the written one, or its default.
    pub fn configured(&self, argument: &str) -> Option<Json> {
        let written = self.args.get(argument).and_then(|value| value.reveal().ok());
        written.or_else(|| match self.kind.arg(argument)?.need {
            Need::Default(lit) => Some(lit.json()),
            Need::Required | Need::Optional => None,
        })
    }

    /// The argument by which its work stops, with the value that stops it. `None` for a kind without one.
    pub fn stopped(&self) -> Option<(&'static str, Json)> {
        let moves = &self.kind.moves;
        let quiesced = moves.quiesce.map(|(argument, off)| (argument, off.json()));
        quiesced.or_else(|| {
            let idle = moves.idle?;
            Some((idle.argument, self.configured(idle.standby)?))
        })
    }

    /// The id of the object of which its own is a child.
    pub fn parent(&self) -> Option<ObjectId> {
        self.kind.grammar().parent(&self.id)
    }

    /// The id of the group that its object lies in, or of the object that it extends.
    pub fn scope(&self) -> Option<ObjectId> {
        self.kind.grammar().scope(&self.id)
    }

    /// The arguments of which the whole value is known, in plain text. They may hold secrets: they are for the kind's
    /// own functions and for comparisons, never for output.
    pub fn known_arguments(&self) -> JsonMap<String, Json> {
        self.args.iter().filter_map(|(name, value)| Some((name.to_string(), value.reveal().ok()?))).collect()
    }
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Knowledge {
    /// Attributes by address; a secret one is marked [`Value::Sensitive`].
    pub attributes: HashMap<Address, Map>,
    /// Arguments that have become known since the stack was evaluated.
    pub args: HashMap<Address, Map>,
}
