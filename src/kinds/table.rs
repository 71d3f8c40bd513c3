//! The shape of a kind's table: what can be said of an argument, an attribute, an object.
//!
//! A table is plain data, built by `const` functions so that a kind's file reads as a list. Paths name places in the body of an ARM
//! resource: segments joined by dots; `name[]` goes through a list, `name[0]` into its first element; the empty path is the body itself.

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::{Address, ArmId};

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
    /// It stands in the way of changes to its scope and all that is in it: made after them, and deleted before them.
    pub guards: bool,
    /// Arguments which a failover run may move, so that a plan leaves them alone while roles are swapped.
    pub run_moves: &'static [&'static str],
    /// Chooses another table by the kind that an argument refers to: a geo-replica of a SQL server is not that of a storage account.
    /// Arguments, attributes and everything else are then those of the chosen table; this one's `args` are what all have in common.
    pub variants: Option<Variants>,
    /// What a table cannot say.
    pub odd: Odd,
    /// What the simulator does beyond keeping the body.
    pub simulated: Simulated,
    /// A complete stack (without its `stack` block and sites `east` and `west`, which are given) that ends in the smallest useful block
    /// of this kind, labelled `example`.
    pub example: &'static str,
    /// Arguments of azurerm's resource that are left out on purpose, each with the reason.
    pub left_out: &'static [(&'static str, &'static str)],
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
        guards: false,
        run_moves: &[],
        variants: None,
        odd: Odd::NONE,
        simulated: Simulated::NONE,
        example: "",
        left_out: &[],
    };

    /// The argument with this name.
    pub fn arg(&self, name: &str) -> Option<&'static Arg> {
        self.args.iter().find(|arg| arg.name == name)
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

/// An argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// The name in the stack.
    pub name: &'static str,
    /// The type of its value.
    pub ty: Ty,
    /// Whether it must be written.
    pub need: Need,
    /// Where and how it stands in the body.
    pub wire: Wire,
    /// What a change of it takes.
    pub change: Change,
    /// Whether its value is never shown or kept.
    pub secret: bool,
    /// Whether the provider never answers it (a password, custom data), so that drift of it cannot be seen.
    pub write_only: bool,
    /// Spellings that mean the same.
    pub same: Same,
    /// One sentence of documentation; units where it has any.
    pub doc: &'static str,
}

/// The type of an argument.
#[derive(Debug, Clone, Copy)]
pub enum Ty {
    /// `true` or `false`.
    Bool,
    /// A string.
    String,
    /// A number between the two, inclusive.
    Number(f64, f64),
    /// A whole number between the two, inclusive.
    Integer(i64, i64),
    /// One of these strings, in this case.
    Enum(&'static [&'static str]),
    /// An address range, as in `10.0.0.0/16`. Normalised to its network address.
    Cidr,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A duration: `"90s"`, `"5m"`, `"1h30m"`, `"7d"` in the stack (ISO 8601 is taken too), ISO 8601 (`PT1H30M`) in the body.
    Duration,
    /// A list whose order counts.
    List(&'static Ty),
    /// A list whose order does not count and in which nothing stands twice.
    Set(&'static Ty),
    /// A map of values of one type.
    Map(&'static Ty),
    /// A block of one of these kinds, or an id of what the stack does not manage. In arguments it is the id.
    Ref(&'static [&'static str]),
    /// A site of the stack. In arguments it is the site's location (its region).
    Site,
    /// A nested block.
    Block(&'static Block),
    /// Any value; it stands in the body as it is (a map), or as JSON text.
    Any,
}

/// A nested block.
#[derive(Debug)]
pub struct Block {
    /// What can be written in it. Paths are relative to the element or object that the block is in the body.
    pub args: &'static [Arg],
    /// The least number of them.
    pub min: usize,
    /// The greatest number of them; with 1, the block is an object in the body and not a list.
    pub max: usize,
    /// The argument by which elements are told apart in a diff and whose order does not count (`name`); empty: by position.
    pub key: &'static str,
}

impl Block {
    /// Values of each element that no argument decides are put by [`Odd::encode`]; this is only the list of arguments.
    pub const fn one(args: &'static [Arg]) -> Self {
        Self { args, min: 0, max: 1, key: "" }
    }

    /// Any number of blocks, told apart by this argument.
    pub const fn many(key: &'static str, args: &'static [Arg]) -> Self {
        Self { args, min: 0, max: usize::MAX, key }
    }

    /// At least one of them.
    #[must_use]
    pub const fn at_least_one(mut self) -> Self {
        self.min = 1;
        self
    }
}

/// Whether an argument must be written.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// It must.
    Required,
    /// It may; without it the provider decides, and drplan leaves what the provider decided alone.
    Optional,
    /// It may; without it drplan writes this.
    Default(Lit),
}

/// A literal of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lit {
    /// A string.
    Str(&'static str),
    /// A whole number.
    Int(i64),
    /// A bool.
    Bool(bool),
    /// An empty list.
    EmptyList,
    /// An empty map.
    EmptyMap,
}

impl Lit {
    /// The literal as JSON.
    pub fn json(self) -> Json {
        match self {
            Self::Str(text) => Json::from(text),
            Self::Int(int) => Json::from(int),
            Self::Bool(bool) => Json::from(bool),
            Self::EmptyList => Json::Array(Vec::new()),
            Self::EmptyMap => Json::Object(JsonMap::new()),
        }
    }
}

/// Where and how an argument stands in the body.
#[derive(Debug, Clone, Copy)]
pub enum Wire {
    /// At this path, as it is. For a list of ids or values with a path that holds `[]`, one element each:
    /// `properties.publicIpAddresses[].id`.
    At(&'static str),
    /// At this path, translated: pairs of what is written and what the body has.
    Mapped(&'static str, &'static [(Lit, Lit)]),
    /// At this path, multiplied by this: `max_size_gb` is bytes in the body.
    Scaled(&'static str, i64),
    /// At this path, a whole number in the stack and a string in the body.
    Text(&'static str),
    /// A bool at this path that says the opposite.
    Negated(&'static str),
    /// Only the kind's own functions ([`Odd::encode`], [`Odd::decode`]) know.
    Odd,
    /// Not in the body: it decides where the object is, or what drplan does with it.
    Nowhere,
}

/// What a change of an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The object is written again in place.
    Update,
    /// The object is deleted and created.
    Replace,
}

/// Spellings of a value that mean the same to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// Only equal values.
    Exactly,
    /// Without regard to case: ids, locations, some enums.
    AnyCase,
}

/// How many services write a bool: for [`Wire::Mapped`].
pub const ENABLED: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("Enabled")), (Lit::Bool(false), Lit::Str("Disabled"))];

/// An argument with this type at this path of the body: optional, updated in place.
pub const fn arg(name: &'static str, ty: Ty, path: &'static str, doc: &'static str) -> Arg {
    Arg {
        name,
        ty,
        need: Need::Optional,
        wire: Wire::At(path),
        change: Change::Update,
        secret: false,
        write_only: false,
        same: match ty {
            Ty::Ref(_) | Ty::List(Ty::Ref(_)) | Ty::Set(Ty::Ref(_)) | Ty::Site => Same::AnyCase,
            _ => Same::Exactly,
        },
        doc,
    }
}

/// The argument that names the parent, scope or target of the object and so decides its id.
pub const fn place(name: &'static str, kinds: &'static [&'static str], doc: &'static str) -> Arg {
    Arg { need: Need::Required, wire: Wire::Nowhere, change: Change::Replace, ..arg(name, Ty::Ref(kinds), "", doc) }
}

/// The argument `resource_group` of every kind that lives in one.
pub const RESOURCE_GROUP: Arg = place(
    "resource_group",
    &["resource_group"],
    "The resource group it lives in; its site is the default for this one's.",
);

/// The argument `tags` of every kind that takes them.
pub const TAGS: Arg = Arg {
    need: Need::Default(Lit::EmptyMap),
    ..arg("tags", Ty::Map(&Ty::String), "tags", "Tags, added to those of the stack.")
};

impl Arg {
    /// It must be written.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.need = Need::Required;
        self
    }

    /// Without it, this is written.
    #[must_use]
    pub const fn default(mut self, lit: Lit) -> Self {
        self.need = Need::Default(lit);
        self
    }

    /// A change of it replaces the object.
    #[must_use]
    pub const fn replace(mut self) -> Self {
        self.change = Change::Replace;
        self
    }

    /// Its value is never shown or kept, and the provider never answers it.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self.write_only = true;
        self
    }

    /// The provider never answers it.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// It stands in the body as this says.
    #[must_use]
    pub const fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Case does not count.
    #[must_use]
    pub const fn any_case(mut self) -> Self {
        self.same = Same::AnyCase;
        self
    }
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

/// An attribute at this path of the body, a GUID in the simulator.
pub const fn attribute(name: &'static str, path: &'static str, fake: Fake, doc: &'static str) -> Attribute {
    Attribute { name, from: From::Body(path), secret: false, fake, doc }
}

/// An attribute that follows from names; the simulator puts the same text at `path` of the body (none where it is empty).
pub const fn named(name: &'static str, text: &'static str, doc: &'static str) -> Attribute {
    Attribute { name, from: From::Names(text), secret: false, fake: Fake::Nothing, doc }
}

/// A secret attribute that an action answers.
pub const fn key(name: &'static str, action: &'static str, path: &'static str, doc: &'static str) -> Attribute {
    Attribute { name, from: From::Action(action, path), secret: true, fake: Fake::Key, doc }
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
}

impl Recovery {
    /// Nothing.
    pub const NONE: Self = Self { holds_data: false, replicates: None, joins: None, loses_data: false };
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

/// What a kind's own functions see of a resource: nothing here can be changed.
pub struct Subject<'a> {
    /// The kind, the variant already chosen.
    pub kind: &'static Kind,
    /// Its address.
    pub address: &'a Address,
    /// Its name in the cloud.
    pub name: &'a str,
    /// Its id; for a kind with several objects, the id that others refer to.
    pub id: &'a ArmId,
    /// Its region (for a global kind: that of its resource group).
    pub location: &'a str,
    /// The subscription's GUID.
    pub subscription: &'a str,
    /// The tenant's GUID.
    pub tenant: &'a str,
    /// Its arguments in clear, defaults filled in. What is not known yet is absent.
    pub args: &'a JsonMap<String, Json>,
    /// The other resources of the stack.
    pub others: &'a dyn Others,
}

impl<'a> Subject<'a> {
    /// An argument that is a string.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.args.get(name).and_then(Json::as_str)
    }

    /// Calls `f` with the resource that an argument refers to, where the stack has it.
    pub fn with<T>(&self, argument: &str, f: impl FnOnce(&Subject<'_>) -> T) -> Option<T> {
        let id = ArmId::new(self.text(argument)?);
        self.with_id(&id, f)
    }

    /// Calls `f` with the resource that has this id, where the stack has it.
    pub fn with_id<T>(&self, id: &ArmId, f: impl FnOnce(&Subject<'_>) -> T) -> Option<T> {
        let mut f = Some(f);
        let mut out = None;
        self.others.visit(id, &mut |subject| {
            if let Some(f) = f.take() {
                out = Some(f(subject));
            }
        });
        out
    }
}

/// The other resources of the stack, by id.
pub trait Others {
    /// Calls `visit` with the resource that has this id, where there is one.
    fn visit(&self, id: &ArmId, visit: &mut dyn FnMut(&Subject<'_>));
}

/// One object of a resource.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Object {
    /// The id that is written and read. For a part or property, that of the object it is in.
    pub id: ArmId,
    /// The API version.
    pub api: String,
    /// Where in that object it is, if it is not the whole of it.
    pub within: Option<Within>,
}

/// A place within another resource's object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Within {
    /// The element of the list at `list` whose property `key` is `name`.
    Element {
        /// The path of the list.
        list: String,
        /// The property that holds the name.
        key: String,
        /// The name.
        name: String,
    },
    /// These paths.
    Paths(Vec<String>),
}

/// Whether an object that was written is ready for what depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// It is.
    Yes,
    /// Not yet; the words complete "waits until …".
    Waits(String),
    /// It never will be; the words say why.
    Never(String),
}

/// Something a kind's own check found: about the argument named, what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The argument it is about.
    pub argument: &'static str,
    /// What is wrong, without a full stop.
    pub summary: String,
    /// Why it matters, in sentences; may be empty.
    pub why: String,
    /// What to write instead, in sentences.
    pub help: String,
}

/// What a table cannot say; each function replaces or completes what the table does. All are pure.
#[derive(Clone, Copy)]
pub struct Odd {
    /// The name, for kinds that derive it (a role assignment's GUID).
    pub name: Option<fn(&Subject<'_>) -> String>,
    /// The objects, for kinds that have none or several. The first is the one others refer to, unless `id` says otherwise.
    pub objects: Option<fn(&Subject<'_>) -> Vec<Object>>,
    /// Completes the bodies that the table made, one for each object, in the same order.
    pub encode: Option<fn(&Subject<'_>, &mut [Json])>,
    /// Completes the arguments that the table read from the answers, one for each object. What it needs of the names is in the bodies' own `id`s.
    pub decode: Option<fn(&[Json], &mut JsonMap<String, Json>)>,
    /// Whether what was written is ready. Without it: once `provisioningState` is `Succeeded` or absent.
    pub ready: Option<fn(&[Json]) -> Ready>,
    /// Rules between arguments (one of two must be written; this needs that). Also called with arguments missing that are not known yet.
    pub check: Option<fn(&Subject<'_>, &mut Vec<Finding>)>,
}

impl Odd {
    /// Nothing odd.
    pub const NONE: Self = Self { name: None, objects: None, encode: None, decode: None, ready: None, check: None };
}

/// What the simulator does with a kind beyond keeping its body.
#[derive(Clone, Copy)]
pub struct Simulated {
    /// Refuses a body as Azure would.
    pub admit: Option<fn(&dyn Cloudlet, &ArmId, &Json) -> Result<(), Refusal>>,
    /// Called when a write has finished: fills what the provider decides, and moves other objects (the other half of a peering, the mirror of a
    /// failover group).
    pub settle: Option<fn(&mut dyn Cloudlet, &ArmId)>,
    /// Called when the object is gone.
    pub removed: Option<fn(&mut dyn Cloudlet, &ArmId, &Json)>,
    /// The duration of a write in seconds, from what was (`None`: create) and what is to be, where the table's is too coarse.
    pub lasts: Option<fn(Option<&Json>, &Json) -> u32>,
    /// Segments of children that are shown and may be written in this object's body too, under `properties.{segment}`: a network's `subnets`.
    pub embeds: &'static [&'static str],
    /// Paths of the body that neither the arguments, attributes nor `fixed` name. Where a kind has [`Odd::encode`] and this is empty, the simulator
    /// cannot know the body and lets unknown properties pass.
    pub accepts: &'static [&'static str],
}

impl Simulated {
    /// Nothing more.
    pub const NONE: Self = Self { admit: None, settle: None, removed: None, lasts: None, embeds: &[], accepts: &[] };
}

/// A refusal by the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The code, as in `VnetAddressSpacesOverlap`.
    pub code: &'static str,
    /// The message.
    pub message: String,
}

/// The simulated world as a kind's functions see it. Ids compare without regard to case.
pub trait Cloudlet {
    /// The body of an object that stands.
    fn get(&self, id: &ArmId) -> Option<&Json>;
    /// The body, to be changed.
    fn get_mut(&mut self, id: &ArmId) -> Option<&mut Json>;
    /// Puts an object there at once, finished.
    fn put(&mut self, id: &ArmId, body: Json);
    /// Takes an object away at once.
    fn remove(&mut self, id: &ArmId);
    /// The ids of the objects directly below this one (or, with an empty id, of all).
    fn below(&self, id: &ArmId) -> Vec<ArmId>;
    /// A GUID that follows from the seed and this text.
    fn guid(&self, of: &str) -> String;
}

/// Joins groups of arguments into one table, for kinds that share some: `&concat::<{ A.len() + B.len() }>(&[A, B])`.
pub const fn concat<const N: usize>(groups: &[&[Arg]]) -> [Arg; N] {
    let mut all = [arg("", Ty::Any, "", ""); N];
    let (mut filled, mut group) = (0, 0);
    while group < groups.len() {
        let mut at = 0;
        while at < groups[group].len() {
            all[filled] = groups[group][at];
            filled += 1;
            at += 1;
        }
        group += 1;
    }
    assert!(filled == N, "the length given is the sum of the groups' lengths");
    all
}
