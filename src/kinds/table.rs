//! The shape of a kind's table: what can be said of an argument, an attribute, an object.
//!
//! A table is plain data, built by `const` functions so that a kind's file reads as a list. Paths name places in the body of an ARM
//! resource: segments joined by dots; `name[]` goes through a list, `name[0]` into its first element; the empty path is the body itself.

use serde_json::{Map as JsonMap, Value as Json};

pub use super::adoption::{Adoption, Found};
pub use super::argument::*;
pub use super::drill::{Copying, Drill, Fence};
pub use super::emit::{Shape, Terraform};
pub use super::failover::*;
pub use super::odd::*;
use super::ranges;
use crate::address::ArmId;

/// A resource kind.
pub struct Kind {
    /// The name in the stack, which is azurerm's without its prefix.
    pub name: &'static str,
    /// One sentence that says what it is.
    pub about: &'static str,
    /// Provider type and API version, as in `Microsoft.Network/virtualNetworks`, `2025-09-01`.
    pub arm: Arm,
    /// Where its object lives, and so how its id follows from names.
    pub place: Place,
    /// Whether it has a region of its own.
    pub location: Location,
    /// What names it may have.
    pub names: NameRule,
    /// What can be written.
    pub args: &'static [Arg],
    /// What can be read from it beside `id`, `name`, `location` and its arguments.
    pub attributes: &'static [Attribute],
    /// Values of the body that no argument decides: path and value.
    pub fixed: &'static [(&'static str, Lit)],
    /// Typical durations.
    pub durations: Durations,
    /// How the provider answers writes; the simulator follows it, the client takes any.
    pub answers: Answers,
    /// Which writes must not run beside this one.
    pub serial: Serial,
    /// What disaster recovery has to know of it.
    pub recovery: Recovery,
    /// What the cloud says when it is deleted while in use, as in `InUseSubnetCannotBeDeleted`; empty: it may be.
    pub in_use: &'static str,
    /// Arguments that no two objects in the same parent may have the same: equal values, overlapping ranges.
    pub apart: &'static [&'static str],
    /// Its objects come and go together: where one of them has gone, the others cannot be mended and are made anew.
    pub together: bool,
    /// It stands in the way of changes to its scope and all that is in it: made after them, and deleted before them.
    pub guards: bool,
    /// Arguments which a failover run may move, so that a plan leaves them alone while roles are swapped.
    pub run_moves: &'static [&'static str],
    /// How a failover run stops, fences and opens it.
    pub moves: Moves,
    /// The machines it starts, for what has to be looked at before it is created where there may be none.
    pub machines: Option<fn(&Subject<'_>) -> Option<Machines>>,
    /// How a failover run moves the role of the side that takes writes; `None` where it holds no replica.
    pub promotion: Option<&'static Promotion>,
    /// What a drill does with it.
    pub drill: Drill,
    /// What changes in its body though nobody changes it: paths. What a monitor saw, the time of a backup.
    pub restless: &'static [&'static str],
    /// For a replica that is written and deleted on the side that takes writes only: its objects while that is the target. What it replicates can
    /// only be written there then, too.
    pub elsewhere: Option<fn(&Subject<'_>) -> Vec<Object>>,
    /// Chooses another table by the kind that an argument refers to: a geo-replica of a SQL server is not that of a storage account.
    /// Arguments, attributes and everything else are then those of the chosen table; this one's `args` are what all have in common.
    pub variants: Option<Variants>,
    /// What a table cannot say.
    pub odd: Odd,
    /// What the simulator does beyond keeping the body.
    pub simulated: Simulated,
    /// How what stands is taken for one of it.
    pub adoption: Adoption,
    /// How it is said in Terraform.
    pub terraform: Terraform,
    /// A complete stack (without its `stack` block and sites `east` and `west`, which are given) that ends in the smallest useful block
    /// of this kind, labelled `example`.
    pub example: &'static str,
    /// Arguments of azurerm's resource that are left out on purpose, each with the reason.
    pub left_out: &'static [(&'static str, &'static str)],
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Kind {
    /// A table with nothing in it, to be completed with `..Kind::EMPTY`.
    pub const EMPTY: Self = Self {
        name: "",
        about: "",
        arm: Arm { type_: "", api: "" },
        place: Place::Group,
        location: Location::Regional,
        names: NameRule::ANY,
        args: &[],
        attributes: &[],
        fixed: &[],
        durations: Durations { create: 5, update: 5, delete: 5 },
        answers: Answers::Sync,
        serial: Serial::No,
        recovery: Recovery::NONE,
        in_use: "Conflict",
        apart: &[],
        together: false,
        guards: false,
        run_moves: &[],
        moves: Moves::NONE,
        machines: None,
        promotion: None,
        drill: Drill::STOOD_UP,
        restless: &[],
        elsewhere: None,
        variants: None,
        odd: Odd::NONE,
        simulated: Simulated::NONE,
        adoption: Adoption::BY_TABLE,
        terraform: Terraform::BY_RULE,
        example: "",
        left_out: &[],
    };

    /// Whether an object with this id and these arguments cannot stand while that other one, of this or of a like kind, does.
    pub fn excludes(&self, one: (&ArmId, &JsonMap<String, Json>), other: (&ArmId, &JsonMap<String, Json>)) -> bool {
        let values = |args: &JsonMap<String, Json>, name: &str| match args.get(name) {
            Some(Json::Array(items)) => items.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        let meet = |name: &&str| {
            let others = values(other.1, name);
            values(one.1, name).iter().any(|value| others.iter().any(|other| ranges::meet(value, other)))
        };
        one.0 != other.0 && one.0.parent() == other.0.parent() && self.apart.iter().any(meet)
    }

    /// The argument with this name.
    pub fn arg(&self, name: &str) -> Option<&'static Arg> {
        self.args.iter().find(|arg| arg.name == name)
    }

    /// The names of the kinds that an argument refers to, to one or to several; none where it refers to nothing, or to anything.
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

/// Provider type and API version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    /// The full type, as in `Microsoft.Network/virtualNetworks/subnets`.
    pub type_: &'static str,
    /// The API version that requests carry.
    pub api: &'static str,
}

/// Where the object of a kind lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is a resource group.
    Subscription,
    /// `{resource group}/providers/{type}/{name}`; the argument `resource_group` says which.
    Group,
    /// `{parent}/{segment}/{name}`; the argument named here refers to the parent. The segment may hold slashes
    /// (`blobServices/default/containers`).
    Child(&'static str, &'static str),
    /// `{scope}/providers/{type}/{name}`; the argument named here refers to what it extends.
    Extension(&'static str),
    /// An element of a list in the parent's body, found by its name: `Part("loadbalancer", "properties.probes", "probes", "name")` is the argument
    /// that refers to the parent, the path of the list, the segment of its id, and the property that holds its name. It is written by reading the
    /// parent, putting the element into its place and writing the parent back.
    Part(&'static str, &'static str, &'static str, &'static str),
    /// Properties of another object that are written as if they were a resource: the argument that refers to that object. Its id is that object's.
    /// Deleting it removes the paths of its arguments from that object.
    Property(&'static str),
}

/// Whether an object has a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Its body has `location`, the region of its site.
    Regional,
    /// Its body has `location: "global"`: it has no region, only its resource group's metadata has.
    Global,
    /// Its body has none: a child or an extension.
    None,
}

/// What names a kind may have.
#[derive(Debug, Clone, Copy)]
pub struct NameRule {
    /// The least number of characters.
    pub min: usize,
    /// The greatest number of characters.
    pub max: usize,
    /// A regular expression that the whole name matches; empty: anything.
    pub pattern: &'static str,
    /// The pattern in words, completing "may hold …", as in "lower-case letters, digits and hyphens, and starts with a letter".
    pub words: &'static str,
    /// Where the name must be unique.
    pub unique: Unique,
    /// What is said where the label is no name: `None` where the kind derives its name (a GUID, a fixed word) from elsewhere, see [`Odd::name`].
    pub written: bool,
}

impl NameRule {
    /// Any name of up to 260 characters (the general limit of Resource Manager).
    pub const ANY: Self =
        Self { min: 1, max: 260, pattern: "", words: "any characters", unique: Unique::InParent, written: true };
    /// What most kinds of Microsoft.Network allow.
    pub const NETWORK: Self = Self {
        min: 1,
        max: 80,
        pattern: "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?$",
        words: "letters, digits, `.`, `_` and `-`, starts with a letter or digit and ends with a letter, digit or `_`",
        unique: Unique::InParent,
        written: true,
    };

    /// A rule.
    pub const fn new(min: usize, max: usize, pattern: &'static str, words: &'static str) -> Self {
        Self { min, max, pattern, words, unique: Unique::InParent, written: true }
    }

    /// The name is unique in all of Azure, because it becomes a DNS name.
    #[must_use]
    pub const fn global(mut self) -> Self {
        self.unique = Unique::Globally;
        self
    }

    /// The name is not written: [`Odd::name`] makes it.
    pub const DERIVED: Self = Self { written: false, ..Self::ANY };
}

/// Where a name must be unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// Within the resource group, parent or scope.
    InParent,
    /// In all of Azure.
    Globally,
}

/// Something that can be read from an object.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// The name in the stack.
    pub name: &'static str,
    /// Where it comes from.
    pub from: From,
    /// Whether it is never shown or kept.
    pub secret: bool,
    /// Whether it is a list, and not a text.
    pub list: bool,
    /// What the simulator puts there.
    pub fake: Fake,
    /// One sentence of documentation.
    pub doc: &'static str,
}

/// Where an attribute comes from.
#[derive(Debug, Clone, Copy)]
pub enum From {
    /// A path of the body that the provider answers: known only once the object stands.
    Body(&'static str),
    /// A text that follows from names and so is known before anything stands. `{name}`, `{location}`, `{parent}` (the parent's name), `{id}`,
    /// `{subscription}`, and `{argument}` for a string argument are replaced. Unknown where such an argument is not written.
    Names(&'static str),
    /// A path of the answer to a POST of this action on the object (`listKeys`, `keys[0].value`).
    Action(&'static str, &'static str),
}

/// What the simulator puts at an attribute's path, unless [`Simulated`] says otherwise. All follow from the seed and the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fake {
    /// Nothing: the path is filled otherwise, or stays empty.
    Nothing,
    /// A GUID.
    Guid,
    /// A public IPv4 address (of the documentation ranges).
    PublicIp,
    /// A private IPv4 address within the subnet that the body refers to.
    PrivateIp,
    /// A text with the places of [`From::Names`].
    Text(&'static str),
    /// A secret of 64 random bytes in base64.
    Key,
}

impl Attribute {
    /// It is a list.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }
}

/// An attribute at this path of the body, a GUID in the simulator.
pub const fn attribute(name: &'static str, path: &'static str, fake: Fake, doc: &'static str) -> Attribute {
    Attribute { name, from: From::Body(path), secret: false, list: false, fake, doc }
}

/// An attribute that follows from names; the simulator puts the same text at `path` of the body (none where it is empty).
pub const fn named(name: &'static str, text: &'static str, doc: &'static str) -> Attribute {
    Attribute { name, from: From::Names(text), secret: false, list: false, fake: Fake::Nothing, doc }
}

/// A secret attribute that an action answers.
pub const fn key(name: &'static str, action: &'static str, path: &'static str, doc: &'static str) -> Attribute {
    Attribute { name, from: From::Action(action, path), secret: true, list: false, fake: Fake::Key, doc }
}

/// Typical durations in seconds (source: the project's durations sheet; most are estimates).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// From the request to the object standing.
    pub create: u32,
    /// From the request to the change being done.
    pub update: u32,
    /// From the request to the object being gone.
    pub delete: u32,
}

/// How a provider answers a write (source: `arm-protocol`, sections 3 and 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// 201 or 200 with the finished object; DELETE 200.
    Sync,
    /// 201 or 200 with a body whose `provisioningState` is not final, and `Azure-AsyncOperation`; DELETE 202 with both headers.
    AsyncBody,
    /// 202 with `Azure-AsyncOperation` and `Location`, the object invisible until done.
    AsyncBoth,
    /// 202 with `Location` only.
    Location,
    /// 201 or 200 with a `provisioningState` that is not final and no header: the resource is polled.
    State,
}

/// Which writes must not run beside this one: Azure answers `AnotherOperationInProgress` or loses one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serial {
    /// Any may.
    No,
    /// No other that is serial on the same outermost parent (all children of one virtual network, one load balancer, one server).
    Root,
    /// No other that is serial on one of the objects this argument refers to.
    On(&'static str),
}

/// What disaster recovery has to know of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Recovery {
    /// It keeps users' data, so that `residency` holds for it.
    pub holds_data: bool,
    /// It moves data or an image from one place to another.
    pub replicates: Option<Replicates>,
    /// It joins the address ranges of what one argument refers to (`between`), which are that kind's argument named second.
    pub joins: Option<(&'static str, &'static str)>,
    /// Deleting it loses data that cannot be made again by `apply`.
    pub loses_data: bool,
    /// The argument that says in how many places its data is kept, and the values with which one of them is in another region.
    pub redundancy: Option<(&'static str, &'static [&'static str])>,
    /// The argument that says how long the provider waits before it fails over by itself.
    pub waits: Option<&'static str>,
    /// Who may sign in is kept on each side for itself.
    pub logins: Option<Logins>,
    /// It is an image that machines start from.
    pub image: bool,
    /// It keeps keys and secrets of other resources.
    pub keeps_keys: bool,
    /// The arguments, by dotted path, that become public names: unique in a region, or everywhere for what has no region.
    pub dns_labels: &'static [&'static str],
}

/// Logins that replication leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logins {
    /// The arguments of the replica that refer to what people sign in to.
    pub sides: &'static [&'static str],
    /// The argument there with which people sign in by password.
    pub login: &'static str,
    /// The argument there with which they sign in by a directory, which both sides ask.
    pub directory: &'static str,
}

impl Recovery {
    /// Nothing.
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
        dns_labels: &[],
    };
    /// It keeps users' data.
    pub const DATA: Self = Self { holds_data: true, loses_data: true, ..Self::NONE };
}

/// From where to where something is replicated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replicates {
    /// The argument that refers to the source, whose site is where from.
    pub from: &'static str,
    /// The argument that says where to: a resource, whose site it is, or a site.
    pub to: &'static str,
    /// Whether it is an image and not users' data.
    pub image: bool,
}

/// Another table for each kind that an argument may refer to.
#[derive(Clone, Copy)]
pub struct Variants {
    /// The argument.
    pub by: &'static str,
    /// The kind referred to, and the table.
    pub of: &'static [(&'static str, &'static Kind)],
}
