//! What a table cannot say: the functions that a kind may bring along, and what they see. All are pure.

use serde_json::{Map as JsonMap, Value as Json};

use super::table::Kind;
use crate::address::{Address, ArmId};

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

/// See [`Odd::decode`].
pub type Decode = fn(&[Json], &mut JsonMap<String, Json>);
/// See [`Simulated::admit`].
pub type Admit = fn(&dyn Cloudlet, &ArmId, &Json) -> Result<(), Refusal>;

/// See [`Simulated::wakes`].
pub type Wakes = fn(&mut dyn Cloudlet, &ArmId) -> Option<u32>;
/// See [`Simulated::keeps`].
pub type Keeps = fn(&dyn Cloudlet, &ArmId) -> Option<Kept>;
/// See [`Simulated::expands`].
pub type Expand = fn(&dyn Cloudlet, &ArmId) -> Option<Json>;

/// What a table cannot say; each function replaces or completes what the table does. All are pure.
#[derive(Clone, Copy)]
pub struct Odd {
    /// The name, for kinds that derive it (a role assignment's GUID).
    pub name: Option<fn(&Subject<'_>) -> String>,
    /// The objects, for kinds that have none or several. They are written in this order; the last is the one that others refer to, or with
    /// [`Odd::leads`] the first.
    pub objects: Option<fn(&Subject<'_>) -> Vec<Object>>,
    /// Whether the first of several objects is the one that others refer to: where the others are made for it, and need it.
    pub leads: bool,
    /// Completes the bodies that the table made, one for each object, in the same order.
    pub encode: Option<fn(&Subject<'_>, &mut [Json])>,
    /// Completes the arguments that the table read from the answers, one for each object. What it needs of the names is in the bodies' own `id`s.
    pub decode: Option<Decode>,
    /// Whether what was written is ready. Without it: once `provisioningState` is `Succeeded` or absent.
    pub ready: Option<fn(&[Json]) -> Ready>,
    /// Rules between arguments (one of two must be written; this needs that). What is written and not known yet is `null`.
    pub check: Option<fn(&Subject<'_>, &mut Vec<Finding>)>,
}

impl Odd {
    /// Nothing odd.
    pub const NONE: Self =
        Self { name: None, objects: None, leads: false, encode: None, decode: None, ready: None, check: None };

    /// Of a resource's objects, or of what belongs to each, that of the one that others refer to and that the table is of.
    pub fn main<'a, T>(&self, each: &'a [T]) -> Option<&'a T> {
        if self.leads { each.first() } else { each.last() }
    }
}

/// What the simulator does with a kind beyond keeping its body.
#[derive(Clone, Copy)]
pub struct Simulated {
    /// Refuses a body as Azure would.
    pub admit: Option<Admit>,
    /// Called when a write has finished: fills what the provider decides, and moves other objects (the other half of a peering, the mirror of a
    /// failover group).
    pub settle: Option<fn(&mut dyn Cloudlet, &ArmId)>,
    /// Called when the object is gone.
    pub removed: Option<fn(&mut dyn Cloudlet, &ArmId, &Json)>,
    /// The duration of a write in seconds, from what was (`None`: create) and what is to be, where the table's is too coarse.
    pub lasts: Option<fn(Option<&Json>, &Json) -> u32>,
    /// The actions that can be posted to an object beyond those that answer keys.
    pub actions: &'static [Action],
    /// Called when a lost region is back and when an action or a write has ended, for every object of the kind, and again after as many seconds as it says, until it
    /// says none: for what mends itself after an outage, as a replica does that follows again.
    pub wakes: Option<Wakes>,
    /// The regions of which any one answers for it, for what has no region of its own although its body names one.
    pub served: Option<fn(&Json) -> Vec<String>>,
    /// The metrics that Azure Monitor has of it.
    pub metrics: &'static [Metric],
    /// What `$expand` adds under `properties`, by its name.
    pub expands: &'static [(&'static str, Expand)],
    /// How it keeps rows that clients write: which regions take them, and which follow. What several objects say of one store is said once, by
    /// its name.
    pub keeps: Option<Keeps>,
    /// The names and addresses under which the public network finds it, in lower case.
    pub hosts: Option<fn(&Json) -> Vec<String>>,
    /// Where a client that found it goes on.
    pub leads: Option<fn(&dyn Cloudlet, &ArmId) -> Leads>,
    /// How it is probed over the public network, and what shows what came of that.
    pub watched: Option<Watched>,
    /// Segments of children that are shown and may be written in this object's body too, under `properties.{segment}`: a network's `subnets`.
    pub embeds: &'static [&'static str],
    /// Paths of the body that neither the arguments, attributes nor `fixed` name. Where a kind has [`Odd::encode`] and this is empty, the simulator
    /// cannot know the body and lets unknown properties pass.
    pub accepts: &'static [&'static str],
    /// Paths that the stack has to say, and that other clients say otherwise.
    pub spared: &'static [&'static str],
    /// Children that exist as long as the object does, which drplan has no kind for and other clients ask for.
    pub always: &'static [Always],
    /// What a PUT that creates is answered with, where that is not 201 (source: the status codes that Azure's SDKs take).
    pub created: u16,
    /// The requests that are done once they are answered, although a PUT is an operation (source: likewise).
    pub at_once: &'static [AtOnce],
    /// Whether Resource Manager takes a PUT and a DELETE of it by itself, although it is part of another object.
    pub alone: bool,
    /// What actions answer at once beside the attributes that they give.
    pub tells: &'static [Told],
    /// Paths of URLs of its data that other clients look at before they believe that it stands. Where the simulator is served, they lead to it.
    pub data: &'static [&'static str],
    /// What the provider has by itself, and tells in any scope.
    pub catalog: Option<Catalog>,
    /// The word under which what was deleted is kept for a while, as in `deletedVaults`.
    pub bin: Option<&'static str>,
}

/// What a provider has by itself.
#[derive(Debug, Clone, Copy)]
pub struct Catalog {
    /// The type, as in `Microsoft.Authorization/roleDefinitions`.
    pub type_: &'static str,
    /// The names of all of it, each with its properties.
    pub entries: fn() -> Vec<(&'static str, Json)>,
    /// The property that `$filter` asks for.
    pub filter: &'static str,
}

/// What an action answers at once: at this path, this text.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// The action, as in `listKeys`.
    pub action: &'static str,
    /// Where in the answer.
    pub path: &'static str,
    /// The text; `None`: a secret that is made up.
    pub text: Option<&'static str>,
}

/// A secret that an action answers.
pub const fn tells(action: &'static str, path: &'static str) -> Told {
    Told { action, path, text: None }
}

/// A text that an action answers.
pub const fn says(action: &'static str, path: &'static str, text: &'static str) -> Told {
    Told { action, path, text: Some(text) }
}

/// A request that may be done once it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtOnce {
    /// A PATCH.
    Patch,
    /// A DELETE.
    Delete,
}

/// A path of the object's body, and what makes a child's properties of what stands there.
pub type Aside = (&'static str, fn(&Json) -> Json);

/// A child that always exists (source: what Terraform's azurerm reads of a resource that it has made).
#[derive(Debug, Clone, Copy)]
pub struct Always {
    /// The word that leads to it, as in `connectionPolicies`.
    pub segment: &'static str,
    /// Its name; empty: there is a list, with nothing in it.
    pub name: &'static str,
    /// Its properties, as JSON text.
    pub properties: &'static str,
    /// For what is there only once it was written, be it with the object: where in the object's body, and its properties made of that.
    pub aside: Option<Aside>,
}

/// A child that always exists, with these properties.
pub const fn always(segment: &'static str, name: &'static str, properties: &'static str) -> Always {
    Always { segment, name, properties, aside: None }
}

/// A list of children with nothing in it.
pub const fn empty_list(segment: &'static str) -> Always {
    Always { segment, name: "", properties: "{}", aside: None }
}

/// A child that is made of what stands at a path of the object's body when that is written.
pub const fn aside(segment: &'static str, name: &'static str, at: &'static str, make: fn(&Json) -> Json) -> Always {
    Always { segment, name, properties: "{}", aside: Some((at, make)) }
}

impl Simulated {
    /// Nothing more.
    pub const NONE: Self = Self {
        admit: None,
        settle: None,
        removed: None,
        lasts: None,
        actions: &[],
        wakes: None,
        served: None,
        metrics: &[],
        expands: &[],
        keeps: None,
        hosts: None,
        leads: None,
        watched: None,
        embeds: &[],
        accepts: &[],
        spared: &[],
        always: &[],
        created: 201,
        at_once: &[],
        alone: false,
        tells: &[],
        data: &[],
        catalog: None,
        bin: None,
    };
}

/// An action of an object in the simulator: a POST that does something.
#[derive(Clone, Copy)]
pub struct Action {
    /// The last segment of the path, as in `failover`.
    pub name: &'static str,
    /// A pair that the query must hold, for actions of one name that do different things.
    pub query: Option<(&'static str, &'static str)>,
    /// Refuses it as Azure would; the last is the body (`null` where there is none).
    pub admit: fn(&dyn Cloudlet, &ArmId, &Json) -> Result<(), Refusal>,
    /// What it does, once its time is over. It is asked again whether it is admitted before that.
    pub done: fn(&mut dyn Cloudlet, &ArmId, &Json),
    /// How long it takes, in seconds.
    pub lasts: u32,
    /// The regions whose control planes must answer, beside that of the object itself: those of both sides, for what both take part in.
    pub reaches: fn(&dyn Cloudlet, &ArmId) -> Vec<String>,
}

/// A metric of an object in the simulator.
#[derive(Clone, Copy)]
pub struct Metric {
    /// The name in the REST API.
    pub name: &'static str,
    /// The unit, as in `Seconds`.
    pub unit: &'static str,
    /// Its newest value; `None` where none is recorded.
    pub value: fn(&dyn Cloudlet, &ArmId) -> Option<f64>,
}

/// Where a store's rows are.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The store: the same from whichever object is asked.
    pub name: String,
    /// The regions that believe that they take writes: one, unless something is wrong.
    pub writers: Vec<String>,
    /// The regions that follow, each with the seconds by which it is behind on an ordinary day.
    pub followers: Vec<(String, f64)>,
}

/// Where a client goes on that found an object by a name or address.
#[derive(Debug, Clone, PartialEq)]
pub enum Leads {
    /// To one of these names, which it keeps for so many seconds.
    Names(Vec<String>, u32),
    /// To these objects: any of them.
    Objects(Vec<ArmId>),
    /// It is served here, by so many instances in this region.
    Serves(String, u32),
    /// Nowhere; the words say why.
    Nowhere(&'static str),
}

/// What is probed over the public network, as an endpoint of Traffic Manager is.
#[derive(Clone, Copy)]
pub struct Watched {
    /// How; `None` while it is not probed.
    pub how: fn(&dyn Cloudlet, &ArmId) -> Option<Watch>,
    /// Shows in its body, and in those around it, whether it is well.
    pub show: fn(&mut dyn Cloudlet, &ArmId, bool),
}

/// How something is probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The name or address that is asked.
    pub host: String,
    /// The statuses that are healthy.
    pub healthy: Vec<(u16, u16)>,
    /// Seconds between two probes.
    pub interval: u32,
    /// Seconds until a probe has failed.
    pub timeout: u32,
    /// How many in a row may fail.
    pub tolerated: u32,
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
    /// Whether what runs in a region does not work (its data plane is lost).
    fn is_dark(&self, region: &str) -> bool;
    /// Passes everything that a store has taken on to this region, as a planned failover does before it moves a role.
    fn pass_on(&mut self, store: &str, region: &str);
    /// By how many seconds a region is behind in following a store; `None` where it does not follow.
    fn lag(&self, store: &str, region: &str) -> Option<f64>;
    /// The time of the world: seconds since the epoch.
    fn now(&self) -> i64;
    /// The objects in whose bodies a client wrote this id; none in a world that does not keep account of them.
    fn users(&self, _id: &ArmId) -> Vec<ArmId> {
        Vec::new()
    }
    /// The body of what works: that before the write under way; `None` while it is made or goes, and where it never came to be. In a world
    /// where nothing takes time, what stands.
    fn working(&self, id: &ArmId) -> Option<&Json> {
        self.get(id)
    }
}

/// A number between two that follows from the world's seed and this text: how far a replica is behind on an ordinary day.
pub fn between(cloud: &dyn Cloudlet, of: &str, low: f64, high: f64) -> f64 {
    let guid = cloud.guid(of);
    let drawn = guid.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0);
    low + (high - low) * f64::from(drawn) / f64::from(u32::MAX)
}
