//! The shape of a kind's table.
//!
//! A table is plain data, built by `const` functions, so that a kind's file reads as a list. Paths are places in the
//! body of an object: segments joined by dots. `name[]` steps into every element of a list, `name[0]` into the
//! first one. The empty path is the body itself.

use super::grammar::Grammar;
use std::collections::BTreeSet;

use serde_json::{Map as JsonMap, Value as Json};

pub use super::adoption::{Adoption, AnyType, ChildList, CloudObject};
pub use super::argument::*;
pub use super::attribute::*;
pub use super::drill::{Drill, DrillCopy, Fence};
pub use super::emit::{SplitResource, Terraform, TerraformShape};
pub use super::failover::*;
pub use super::form;
pub use super::installed::{Entrance, Installed, Rival};
pub use super::launch::Launch;
pub use super::names::{NameRule, NameScope};
pub use super::overrides::*;
pub use super::place::{Enclosure, Membership, Owners, Place};
use super::provider::Tables;
pub use super::rules::{Alternative, ChangeTest, Combination, Exclusive, ExclusiveWithin, Test, Transition};
pub use super::soft_delete::SoftDelete;
use crate::object::ObjectId;
// For the kinds' own files, which take all words of a table from here.
pub(crate) use crate::object::Object;
pub(crate) use crate::roles::{FailoverMode, Health, ProtectionDebt, Side};

/// A resource kind.
pub struct Kind {
    /// The name in a stack: the Terraform provider's name without its prefix.
    pub name: &'static str,
    /// Returns the provider that has it. A function, because a provider's tables name the kinds in turn.
    pub provider: fn() -> &'static Tables,
    /// One-sentence description, printed by `drplan kinds`.
    pub about: &'static str,
    /// Provider type and API version, as in `Network/virtualNetworks`, `2025-09-01`.
    pub type_: KindType,
    /// Location of the object in the resource hierarchy. The id follows from it and from names.
    pub place: Place,
    /// Source of the object's region.
    pub location: Location,
    /// Argument of a root that refers to the resource at whose site it is, where a stack writes no other.
    pub sited: Option<&'static str>,
    /// Rules for names.
    pub names: NameRule,
    /// Arguments of a block.
    pub args: &'static [Arg],
    /// Attributes that other blocks can read, in addition to `id`, `name`, `location` and the arguments.
    pub attributes: &'static [Attribute],
    /// Constant values of the body that no argument sets: path and value.
    pub fixed: &'static [(&'static str, Lit)],
    /// Typical durations.
    pub durations: Durations,
    /// Duration of a write in seconds, from the old body (`None`: create) and the new one, where `durations` is too
    /// coarse. Predictions and the simulator use it alike.
    pub lasts: Option<fn(Option<&Json>, &Json) -> u32>,
    /// Regions of which any one serves the object, for objects without a region of their own although the body names
    /// one.
    pub served: Option<fn(&Json) -> Vec<String>>,
    /// The provider's response to a write. The simulator follows it; the client accepts every form.
    pub answers: AnswerStyle,
    /// Writes that must not run in parallel with a write of this kind.
    pub serial: Serial,
    /// Facts that disaster recovery needs.
    pub recovery: Recovery,
    /// The provider's error code for deleting an object in use, as in `InUseSubnetCannotBeDeleted`. Empty: the provider
    /// deletes it all the same.
    pub in_use: &'static str,
    /// Values that no two resources may share: equal ones, or overlapping ranges.
    pub apart: &'static [Exclusive],
    /// Lists of the body in which children appear as well: a write keeps their elements, which are matched by name.
    pub shows: &'static [&'static str],
    /// Rules for texts of arguments, in addition to those of [`Arg::form`]: rules that differ between kinds that share
    /// an argument.
    pub forms: &'static [(&'static str, &'static Form)],
    /// Combinations of arguments that the provider refuses.
    pub combinations: &'static [Combination],
    /// Arguments that the provider keeps as they are while other resources have addresses in the object.
    pub held: &'static [&'static str],
    /// Soft deletion: the name stays reserved after a deletion.
    pub soft_delete: Option<&'static SoftDelete>,
    /// Changes of arguments that the provider refuses in place. The first one that applies decides.
    pub transitions: &'static [Transition],
    /// Objects of a resource that depend on each other: when one of them is missing, the others cannot be repaired,
    /// and drplan replaces all.
    pub together: bool,
    /// True for a link between resources. It cannot exist without any of them, so it is failover-only if one of them
    /// is, although its parent may be permanent.
    pub link: bool,
    /// Lock: blocks changes to its scope and to everything below. drplan creates it after them and deletes it before
    /// them.
    pub guards: bool,
    /// Arguments that a failover run changes. While roles are swapped, a plan leaves them alone.
    pub run_moves: &'static [&'static str],
    /// Arguments by which a failover run stops, fences and opens the resource.
    pub moves: Moves,
    /// Facts about objects that somebody else installs: drplan never creates or deletes them. `None` for all others.
    pub installed: Option<&'static Installed>,
    /// The credentials of an API that the object serves, with objects of another provider. `None` for most kinds.
    pub entrance: Option<&'static Entrance>,
    /// The attribute with the address by which commands reach a machine. `None` for everything else.
    pub host: Option<&'static str>,
    /// Arguments that may have another value of a list where the cloud has no capacity for theirs.
    pub alternatives: &'static [Alternative],
    /// Machines that the resource starts: for capacity checks before it is created in a region where it does not
    /// exist yet.
    pub machines: Option<fn(&Subject<'_>) -> Option<Machines>>,
    /// Promotion of the replica: how a failover run moves the write role. `None` for kinds without a replica.
    pub promotion: Option<&'static Promotion>,
    /// Behaviour in a drill.
    pub drill: Drill,
    /// Paths of the body that change without a client's request, as in a monitor's result or the time of a backup. A
    /// drill ignores them when it compares production before and after.
    pub restless: &'static [&'static str],
    /// The objects of the resource while the target of a replica takes writes. For kinds that exist on both sites and
    /// can be written or deleted at the write region only; the resources that they replicate follow the same rule.
    pub elsewhere: Option<fn(&Subject<'_>) -> Vec<Object>>,
    /// Table chosen by the kind that an argument refers to: a geo-replica of a SQL server differs from one of a
    /// storage account. Arguments, attributes and everything else then come from the chosen table; `args` of this one
    /// holds the common arguments.
    pub variants: Option<Variants>,
    /// Arguments of a replica's target that follow from the replica.
    pub follower: Option<Follower>,
    /// Makes the table of a resource whose provider type is an argument, see [`Kind::of`].
    pub typed: Option<TypedTable>,
    /// Functions for everything that a table cannot express.
    pub odd: Overrides,
    /// Behaviour of the simulator beyond storing the body.
    pub simulated: SimulatedBehaviour,
    /// Writable paths of the provider's body that no argument has. An import lists the values there as settings that a
    /// stack does not contain, and the simulator accepts them.
    pub uncovered: &'static [&'static str],
    /// Import of existing objects as this kind.
    pub adoption: Adoption,
    /// Translation to Terraform.
    pub terraform: Terraform,
    /// Example: a complete stack (without the `stack` block and the sites `east` and `west`, which the tests supply)
    /// that ends in the smallest useful block of this kind, labelled `example`.
    pub example: &'static str,
    /// Arguments of the Terraform provider's resource that drplan leaves out on purpose, each with the reason.
    pub left_out: &'static [(&'static str, &'static str)],
}

/// A table is equal to itself only: each exists once.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Kind {}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Kind {
    /// An empty table, to be completed with `..Kind::EMPTY`.
    pub const EMPTY: Self = Self {
        name: "",
        provider: || &Tables::NONE,
        about: "",
        type_: KindType { name: "", version: "" },
        place: Place::Group,
        location: Location::Regional,
        sited: None,
        names: NameRule::ANY,
        args: &[],
        attributes: &[],
        fixed: &[],
        durations: Durations { create: 5, update: 5, delete: 5 },
        lasts: None,
        served: None,
        answers: AnswerStyle::Sync,
        serial: Serial::No,
        recovery: Recovery::NONE,
        in_use: "Conflict",
        apart: &[],
        shows: &[],
        forms: &[],
        combinations: &[],
        held: &[],
        soft_delete: None,
        transitions: &[],
        together: false,
        link: false,
        guards: false,
        run_moves: &[],
        moves: Moves::NONE,
        installed: None,
        entrance: None,
        host: None,
        alternatives: &[],
        machines: None,
        promotion: None,
        drill: Drill::STOOD_UP,
        restless: &[],
        elsewhere: None,
        variants: None,
        follower: None,
        typed: None,
        odd: Overrides::NONE,
        simulated: SimulatedBehaviour::NONE,
        uncovered: &[],
        adoption: Adoption::BY_TABLE,
        terraform: Terraform::BY_RULE,
        example: "",
        left_out: &[],
    };

    /// True if an object cannot exist beside the other one, which has the other kind.
    pub fn excludes(&self, one: Holder<'_>, kind: &Self, other: Holder<'_>) -> bool {
        let same_label = |rule: &Exclusive| self.is_removable(rule) && self.shares(rule, one, kind, other);
        one.id != other.id && self.apart.iter().any(same_label) || self.excludes_always(one, kind, other)
    }

    /// The same, even if the other one gives away what can be removed from it in place.
    pub fn excludes_always(&self, one: Holder<'_>, kind: &Self, other: Holder<'_>) -> bool {
        let same_member = |of: &Membership| {
            let members = of.limited(one.args).zip(of.limited(other.args));
            kind.name == self.name && members.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
        };
        let same_value = |rule: &Exclusive| !self.is_removable(rule) && self.shares(rule, one, kind, other);
        one.id != other.id
            && (self.apart.iter().any(same_value) || matches!(self.place, Place::Member(of) if same_member(of)))
    }

    /// True for a label that an update removes from an object, so that another one can have it.
    pub fn is_removable(&self, rule: &Exclusive) -> bool {
        let argument = rule.by.last().and_then(|name| self.arg(name)).filter(|_| rule.public);
        argument.is_some_and(|arg| matches!(arg.need, Need::Optional) && arg.change == ChangeEffect::Update)
    }

    /// True if two objects have a value of one of the first kind's rules in common, in the place where it is exclusive.
    pub fn shares(&self, rule: &Exclusive, one: Holder<'_>, kind: &Self, other: Holder<'_>) -> bool {
        let meet = |theirs: &Exclusive| {
            let others = theirs.rows(other.id.name(), other.args);
            rule.rows(one.id.name(), one.args).iter().any(|row| others.iter().any(|other| rule.meet(row, other)))
        };
        let are_beside = match rule.within {
            ExclusiveWithin::Parent => self.grammar().parent(one.id) == self.grammar().parent(other.id),
            ExclusiveWithin::Region => one.location.eq_ignore_ascii_case(other.location),
            ExclusiveWithin::Everywhere | ExclusiveWithin::Resource => true,
        };
        are_beside && kind.apart.iter().any(|theirs| rule.concerns(theirs) && meet(theirs))
    }

    /// Keys that an object shares with those that it may exclude: its parent or none, with the word for the values, and
    /// a member that has one owner.
    pub fn contended(&self, id: &ObjectId, args: &JsonMap<String, Json>) -> Vec<String> {
        let key = |rule: &Exclusive| match rule.within {
            ExclusiveWithin::Parent => {
                let parent = self.grammar().parent(id).map(|parent| parent.folded()).unwrap_or_default();
                Some(format!("{} {parent}", rule.space))
            }
            ExclusiveWithin::Region | ExclusiveWithin::Everywhere => Some(rule.space.to_owned()),
            ExclusiveWithin::Resource => None,
        };
        let member = match self.place {
            Place::Member(of) => {
                of.limited(args).map(|member| format!("{} {}", self.name, member.to_ascii_lowercase()))
            }
            _ => None,
        };
        let keys: BTreeSet<String> = self.apart.iter().filter_map(key).chain(member).collect();
        keys.into_iter().collect()
    }

    /// The table of a resource with these arguments in plain text: this one, unless an argument is the provider type.
    pub fn of(&'static self, args: &JsonMap<String, Json>) -> &'static Self {
        self.typed.map_or(self, |table| table(args))
    }

    /// This table and those of its variants.
    pub fn tables(&'static self) -> impl Iterator<Item = &'static Self> {
        std::iter::once(self).chain(self.variants.iter().flat_map(|variants| variants.of).map(|(_, kind)| *kind))
    }

    /// The providers of its variants, each once; without variants, its own.
    pub fn providers(&self) -> Vec<&'static Tables> {
        let Some(variants) = self.variants else { return vec![self.provider()] };
        let mut all: Vec<&'static Tables> = Vec::new();
        for (_, kind) in variants.of {
            let provider = kind.provider();
            if !all.contains(&provider) {
                all.push(provider);
            }
        }
        all
    }

    /// The provider that has it. With variants of several, that of the first.
    pub fn provider(&self) -> &'static Tables {
        (self.provider)()
    }

    /// The name of the Terraform provider that has its resource.
    pub fn terraform_provider(&self) -> &'static str {
        match self.terraform.provider {
            "" => self.provider().terraform_name(),
            own => own,
        }
    }

    /// The grammar of its provider's ids.
    pub fn grammar(&self) -> &'static dyn Grammar {
        self.provider().grammar
    }

    /// The argument with this name.
    pub fn arg(&self, name: &str) -> Option<&'static Arg> {
        self.args.iter().find(|arg| arg.name == name)
    }

    /// The names of the kinds that an argument refers to, for a single reference and for a list. Empty for an
    /// argument that is no reference or accepts any resource.
    pub fn refers(&self, argument: &str) -> &'static [&'static str] {
        match self.arg(argument).map(|arg| arg.ty) {
            Some(Ty::Ref(names)) => names,
            Some(Ty::List(Ty::Ref(names)) | Ty::Set(Ty::Ref(names))) => names,
            _ => &[],
        }
    }

    /// The attribute with this name.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// An object that has exclusive values.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// Its id.
    pub id: &'a ObjectId,
    /// Its region.
    pub location: &'a str,
    /// Its arguments.
    pub args: &'a JsonMap<String, Json>,
}

/// See [`Kind::typed`]. The function gets arguments in plain text, references as ids, as far as they are known, and
/// returns the same table for the same ones.
pub type TypedTable = fn(&JsonMap<String, Json>) -> &'static Kind;

/// Provider type and API version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindType {
    /// The full type, as in `Network/virtualNetworks/subnets`.
    pub name: &'static str,
    /// The API version of requests.
    pub version: &'static str,
}

impl KindType {
    /// The beginning of the type's name, which types of one service share: `Network`, or `AWS::EC2`.
    pub fn namespace(&self) -> &'static str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.rsplit_once("::").map_or(first, |(namespace, _)| namespace)
    }

    /// The whole object with this id, of this type or of the one that contains it.
    pub fn object(&self, id: ObjectId) -> Object {
        Object::whole(id, self.version)
    }
}

/// Source of an object's region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// The body has `location`, the region of the object's site.
    Regional,
    /// The body has `location: "global"`. Only the metadata of the resource group has a region.
    Global,
    /// The body has no location: a child or an extension.
    None,
}

/// Typical durations in seconds (source: the project's durations sheet; most are estimates).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// Creation: from the request until the object exists.
    pub create: u32,
    /// Update: from the request until the change is complete.
    pub update: u32,
    /// Deletion: from the request until the object is deleted.
    pub delete: u32,
}

/// The provider's response to a write. An operation that takes longer has a header with its own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerStyle {
    /// 201 or 200 with the finished object; DELETE 200.
    Sync,
    /// 201 or 200 with a body whose state is not final, and the operation's header; DELETE 202 with that header and
    /// `Location`.
    AsyncBody,
    /// 202 with the operation's header and `Location`. The object is invisible until the operation ends.
    AsyncBoth,
    /// 202 with `Location` only.
    Location,
    /// 201 or 200 with a state that is not final and no header: drplan polls the resource.
    State,
}

/// Writes that must not run in parallel: the provider answers `AnotherOperationInProgress`, or loses one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serial {
    /// No restriction.
    No,
    /// Side by side with each other, but not with a write of the outermost parent.
    Beside,
    /// One write at a time for each outermost parent: all children of one virtual network, load balancer or server.
    Root,
    /// One write at a time for each object that this argument refers to.
    On(&'static str),
}

/// Facts about a kind that disaster recovery needs.
#[derive(Debug, Clone, Copy)]
pub struct Recovery {
    /// True for kinds that store users' data: `residency` applies to them.
    pub holds_data: bool,
    /// Replication of data or of an image from one place to another.
    pub replicates: Option<Replication>,
    /// Connection of networks: the argument that refers to the connected resources (`between`), and the argument of
    /// those that holds their address ranges.
    pub joins: Option<(&'static str, &'static str)>,
    /// True if a deletion loses data that `apply` cannot recreate.
    pub loses_data: bool,
    /// The redundancy argument, and its values that keep a copy in another region.
    pub redundancy: Option<(&'static str, &'static [&'static str])>,
    /// The argument with the time that the provider waits before it fails over automatically.
    pub waits: Option<&'static str>,
    /// Logins that each site keeps for itself.
    pub logins: Option<Logins>,
    /// True for an image that machines start from.
    pub image: bool,
    /// True for a store of other resources' keys and secrets.
    pub keeps_keys: bool,
    /// True for a store of objects, in which backups may be kept.
    pub keeps_objects: bool,
    /// Objects with signed addresses, for a store that has them.
    pub signed: Option<&'static SignedObjects>,
    /// The user data of a machine, for kinds of machines that can restore at launch.
    pub launches: Option<&'static Launch>,
    /// The service whose names the object keeps in private zones, as far as they are known. Of two objects with one
    /// service and zone, the later one replaces the names of the other.
    pub names: Option<fn(&Subject<'_>) -> Option<ServiceNames>>,
    /// The arguments by which a volume is attached, for kinds of volumes that outlive their machine: first the one that
    /// refers to it.
    pub attached: &'static [&'static str],
    /// Recovery of such a volume apart from its machine.
    pub volume: Option<&'static VolumeRecovery>,
}

/// Names of a service in private zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceNames {
    /// The service, in lower case: its id, and the part of it.
    pub service: String,
    /// The ids of the zones.
    pub zones: Vec<ObjectId>,
}

/// Objects of a store that anybody can read or write who has their signed address, until it expires.
#[derive(Debug, Clone, Copy)]
pub struct SignedObjects {
    /// The type of an object.
    pub type_: KindType,
    /// The segment of an id between a store and the name of its object.
    pub segment: &'static str,
    /// The property with the text of an object.
    pub content: &'static str,
    /// The store in this region as tools of backups name it.
    pub repository: fn(store: &ObjectId, region: &str) -> String,
}

/// Logins that are not replicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logins {
    /// Arguments of the replica that refer to the servers.
    pub sides: &'static [&'static str],
    /// Argument of a server for password logins.
    pub login: &'static str,
    /// Argument of a server for directory logins, which work at both sites.
    pub directory: &'static str,
}

impl Recovery {
    /// A kind without any of these.
    pub const NONE: Self = Self {
        holds_data: false,
        replicates: None,
        joins: None,
        loses_data: false,
        redundancy: None,
        waits: None,
        logins: None,
        image: false,
        keeps_keys: false,
        keeps_objects: false,
        signed: None,
        launches: None,
        names: None,
        attached: &[],
        volume: None,
    };
    /// A kind that stores users' data.
    pub const DATA: Self = Self { holds_data: true, loses_data: true, ..Self::NONE };
}

/// Source and target of a replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replication {
    /// The argument that refers to the source. Its site is the origin.
    pub from: &'static str,
    /// The argument that refers to the target: a resource, whose site counts, or a site.
    pub to: &'static str,
    /// True for an image, false for users' data.
    pub image: bool,
}

/// A choice of tables by the kind that an argument refers to.
#[derive(Clone, Copy)]
pub struct Variants {
    /// The argument.
    pub by: &'static str,
    /// The kind referred to, and its table. A name of the form `kind with argument` has the table of the blocks that
    /// write that argument too.
    pub of: &'static [(&'static str, &'static Kind)],
}

impl Variants {
    /// The table for this kind of source, and its name, where the block writes the arguments for which `writes` holds.
    pub fn choose(&self, of: &str, writes: impl Fn(&str) -> bool) -> Option<(&'static str, &'static Kind)> {
        let mut fitting: Vec<_> = self.of.iter().filter(|(name, _)| Self::parts(name).0 == of).copied().collect();
        fitting.retain(|(name, _)| Self::parts(name).1.is_none_or(&writes));
        fitting.into_iter().max_by_key(|(name, _)| Self::parts(name).1.is_some())
    }

    /// The kind of source that the name of a table has, and the argument.
    pub fn parts(name: &str) -> (&str, Option<&str>) {
        name.split_once(" with ").map_or((name, None), |(of, argument)| (of, Some(argument)))
    }
}

/// Arguments of a replica's target that follow from the replica: the provider makes the target a copy of the source
/// when it creates it, so that the target's block says so in its arguments.
#[derive(Clone, Copy)]
pub struct Follower {
    /// The argument of the replica that refers to the target.
    pub target: &'static str,
    /// Arguments of the target with a fixed value.
    pub fixed: &'static [(&'static str, &'static str)],
    /// The argument of the replica that refers to the source, and that of the target.
    pub source: (&'static str, &'static str),
    /// Arguments that the target has from its source, and does not take from a block that it mirrors.
    pub inherits: &'static [&'static str],
}
