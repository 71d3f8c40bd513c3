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

/// What a table cannot say; each function replaces or completes what the table does. All are pure.
#[derive(Clone, Copy)]
pub struct Odd {
    /// The name, for kinds that derive it (a role assignment's GUID).
    pub name: Option<fn(&Subject<'_>) -> String>,
    /// The objects, for kinds that have none or several. They are written in this order; the last is the one that others refer to.
    pub objects: Option<fn(&Subject<'_>) -> Vec<Object>>,
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
    pub const NONE: Self = Self { name: None, objects: None, encode: None, decode: None, ready: None, check: None };
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
