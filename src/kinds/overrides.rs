//! Pure functions of a kind for everything that a table cannot express, and the data that they see.

use serde_json::{Map as JsonMap, Value as Json};

use super::table::Kind;
use crate::account::Account;
use crate::address::Address;
use crate::object::{Object, ObjectId};
use crate::value::{Map, Value};

/// Read-only view of a resource for a kind's own functions.
pub struct Subject<'a> {
    /// The kind, or the chosen variant.
    pub kind: &'static Kind,
    /// Its address.
    pub address: &'a Address,
    /// Its name in the cloud.
    pub name: &'a str,
    /// Its id. For a kind with several objects, the id that other resources refer to.
    pub id: &'a ObjectId,
    /// Its region. For a global kind, the region of its resource group.
    pub location: &'a str,
    /// The account in which it lies.
    pub account: &'a Account,
    /// Its arguments in plain text with defaults filled in. Values that are not known yet are absent.
    pub args: &'a JsonMap<String, Json>,
    /// The other resources of the stack.
    pub others: &'a dyn OtherResources,
    /// Facts that arguments in plain text do not have.
    pub facts: ResourceFacts<'a>,
}

/// Facts about a resource beside its arguments in plain text. Without a stack, nothing is known.
#[derive(Clone, Copy, Default)]
pub struct ResourceFacts<'a> {
    /// The address by which commands reach it, see [`Kind::host`].
    pub host: Option<&'a str>,
    /// Its arguments as the stack has them.
    pub args: Option<&'a Map>,
}

impl<'a> Subject<'a> {
    /// A string argument.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.args.get(name).and_then(Json::as_str)
    }

    /// True if a part of an argument is sensitive.
    pub fn is_sensitive(&self, name: &str) -> bool {
        self.facts.args.and_then(|args| args.get(name)).is_some_and(Value::sensitive_within)
    }

    /// Calls `f` with the resource that an argument refers to, if the stack has it.
    pub fn with<T>(&self, argument: &str, f: impl FnOnce(&Subject<'_>) -> T) -> Option<T> {
        let id = ObjectId::new(self.text(argument)?);
        self.with_id(&id, f)
    }

    /// Calls `f` with the resource that has this id, if the stack has it.
    pub fn with_id<T>(&self, id: &ObjectId, f: impl FnOnce(&Subject<'_>) -> T) -> Option<T> {
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

/// Other resources of the stack, by id.
pub trait OtherResources {
    /// Calls `visit` with the resource that has this id, if there is one.
    fn visit(&self, id: &ObjectId, visit: &mut dyn FnMut(&Subject<'_>));
}

/// Readiness of a written object for its dependants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Ready.
    Yes,
    /// Not ready yet; the text completes "waits until …".
    Waits(String),
    /// Never ready; the text is the reason.
    Never(String),
}

/// A finding of a kind's own check: the argument, the fault, and the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The argument concerned.
    pub argument: &'static str,
    /// The fault, without a full stop.
    pub summary: String,
    /// The consequence, in full sentences; may be empty.
    pub why: String,
    /// The fix, in full sentences.
    pub help: String,
}

/// Values that a provider copies from other objects when it writes an object: the ranges of networks into a peering.
#[derive(Clone, Copy)]
pub struct Copied {
    /// The name under which drift and changes show its state.
    pub shown: &'static str,
    /// The name of the sound state.
    pub sound: &'static str,
    /// The state of the observed objects.
    pub state: fn(&[Json]) -> CopyState,
    /// The query parameter of a write that copies again.
    pub renew: &'static str,
}

/// The state of what was copied, with the provider's word for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyState {
    /// As it should be.
    Sound,
    /// Out of date: another write copies it again.
    Stale(String),
    /// Beyond repair: the objects are replaced.
    Broken(String),
}

/// See [`Overrides::decode`].
pub type Decode = fn(&[Json], &mut JsonMap<String, Json>);
/// See [`SimulatedBehaviour::admit`].
pub type AdmitFn = fn(&dyn SimulatedWorld, &ObjectId, &Json) -> Result<(), Refusal>;

/// See [`Overrides::follow_up`].
pub type FollowUpFn = fn(&Subject<'_>, &JsonMap<String, Json>) -> Vec<FollowUp>;

/// A request after an update.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUp {
    /// The object.
    pub id: ObjectId,
    /// The request.
    pub request: FollowUpRequest,
}

/// The kinds of requests after an update.
#[derive(Debug, Clone, PartialEq)]
pub enum FollowUpRequest {
    /// PUT of this body.
    Put(Json),
    /// POST of this action.
    Post(&'static str),
}

/// See [`SimulatedBehaviour::wakes`].
pub type WakeFn = fn(&mut dyn SimulatedWorld, &ObjectId) -> Option<u32>;
/// See [`SimulatedBehaviour::keeps`].
pub type StoreFn = fn(&dyn SimulatedWorld, &ObjectId) -> Option<StorePlacement>;
/// See [`SimulatedBehaviour::leads`].
pub type LeadFn = fn(&dyn SimulatedWorld, &ObjectId, &str) -> Lead;
/// See [`SimulatedBehaviour::computed`].
pub type ComputeFn = fn(&dyn SimulatedWorld, &ObjectId) -> Vec<(String, Json)>;
/// See [`SimulatedBehaviour::responds`].
pub type ResponseFn = fn(&dyn SimulatedWorld, &ObjectId) -> Result<Json, Refusal>;
/// See [`SimulatedBehaviour::expands`].
pub type ExpandFn = fn(&dyn SimulatedWorld, &ObjectId) -> Option<Json>;

/// See [`SimulatedBehaviour::notes`].
pub type NotesFn = fn(&Json) -> Vec<(&'static str, Json)>;

/// Functions that replace or complete parts of a table. All are pure.
#[derive(Clone, Copy)]
pub struct Overrides {
    /// The name, for kinds that derive it (a role assignment's GUID).
    pub name: Option<fn(&Subject<'_>) -> String>,
    /// Arguments with the name as a text, for kinds that derive it of one. As ids are shown, none of them is sensitive.
    pub named_by: &'static [&'static str],
    /// The objects, for kinds with none or several. drplan writes them in this order. Other resources refer to the
    /// last one, or with [`Overrides::leads`] to the first.
    pub objects: Option<fn(&Subject<'_>) -> Vec<Object>>,
    /// True if other resources refer to the first of several objects: the later ones are created for it and need it.
    pub leads: bool,
    /// Completes the bodies that the table built, one for each object, in the same order.
    pub encode: Option<fn(&Subject<'_>, &mut [Json])>,
    /// Completes the arguments that the table read from the responses, one for each object. Names come from the
    /// bodies' own `id`s.
    pub decode: Option<Decode>,
    /// Readiness of the written objects. Without this function: ready once `provisioningState` is `Succeeded` or
    /// absent.
    pub ready: Option<fn(&[Json]) -> Readiness>,
    /// Values that the provider copies from other objects when it writes these, and that can become stale or break.
    pub copied: Option<Copied>,
    /// Requests after an update, for what a write of the object itself does not change: from the resource as it will be
    /// and its previous arguments.
    pub follow_up: Option<FollowUpFn>,
    /// Rules between arguments (one of two is required; one needs another). Values that are not known yet are `null`.
    pub check: Option<fn(&Subject<'_>, &mut Vec<Finding>)>,
}

impl Overrides {
    /// No functions.
    pub const NONE: Self = Self {
        name: None,
        named_by: &[],
        objects: None,
        leads: false,
        encode: None,
        decode: None,
        ready: None,
        copied: None,
        follow_up: None,
        check: None,
    };

    /// The entry for the main object: the object that other resources refer to and that the table describes. `each`
    /// holds one entry for each object.
    pub fn main<'a, T>(&self, each: &'a [T]) -> Option<&'a T> {
        if self.leads { each.first() } else { each.last() }
    }
}

/// Behaviour of the simulator for a kind, beyond storing its body.
#[derive(Clone, Copy)]
pub struct SimulatedBehaviour {
    /// Refuses a body as the provider would.
    pub admit: Option<AdmitFn>,
    /// Called when a write has ended: fills values that the provider chooses, and changes other objects (the other
    /// half of a peering, the mirror of a failover group).
    pub settle: Option<fn(&mut dyn SimulatedWorld, &ObjectId)>,
    /// Called when the object is deleted.
    pub removed: Option<fn(&mut dyn SimulatedWorld, &ObjectId, &Json)>,
    /// POST actions of an object, in addition to those that return keys.
    pub actions: &'static [SimulatedAction],
    /// Called for every object of the kind when a lost region returns and when an action or a write has ended, and
    /// again after the returned number of seconds, until it returns `None`. For repairs that the provider makes after
    /// an outage, as when a replica follows again.
    pub wakes: Option<WakeFn>,
    /// Metrics that the monitoring of the provider has of the object.
    pub metrics: &'static [Metric],
    /// Additions to `properties` for each value of `$expand`.
    pub expands: &'static [(&'static str, ExpandFn)],
    /// Write-only values that `$expand` shows: its word, and the path of the value.
    pub told: &'static [(&'static str, &'static str)],
    /// Notes about a write, by their words: what hooks need of values that no body shows.
    pub notes: Option<NotesFn>,
    /// Replication of rows that clients write: the regions that take writes, and the regions that follow. Several
    /// objects may describe one store; the store's name identifies it.
    pub keeps: Option<StoreFn>,
    /// Names and addresses of the object on the public network, in lower case.
    pub hosts: Option<fn(&Json) -> Vec<String>>,
    /// Next hop for a client that reached the object by this name or address, which is empty where another object led
    /// there. Without this function, an object with `hosts` is served in its own region.
    pub leads: Option<LeadFn>,
    /// Probing over the public network, and the display of its result.
    pub watched: Option<ProbedEndpoint>,
    /// Segments of children that the object's body shows and accepts under `properties.{segment}`: a network's
    /// `subnets`.
    pub embeds: &'static [&'static str],
    /// List below `properties` that shows and accepts children of several types, each element with its `type`: a
    /// profile's `endpoints`. A list that is left out keeps them.
    pub mixes: Option<&'static str>,
    /// Paths of the body that neither the arguments, the attributes nor `fixed` name. If a kind has
    /// [`Overrides::encode`] and this list is empty, the simulator cannot know the body and accepts unknown
    /// properties.
    pub accepts: &'static [&'static str],
    /// Paths that a stack must set, and that other clients set differently.
    pub spared: &'static [&'static str],
    /// Children that exist as long as the object: drplan has no kind for them, but other clients read them.
    pub always: &'static [ImplicitChild],
    /// Status of a PUT that creates, if other than 201 (source: the status codes that the provider's SDKs accept).
    pub created: u16,
    /// Requests that are complete when answered, although a PUT is a long-running operation (source: as above).
    pub at_once: &'static [ImmediateRequest],
    /// True if the provider accepts a PUT and a DELETE of the object itself, although it is part of another
    /// object.
    pub alone: bool,
    /// Lists in the object's body whose named elements the provider also accepts as children, although a stack has
    /// them as blocks: the path of the list and the segment, as in `properties.routes`, `routes`.
    pub elements: &'static [(&'static str, &'static str)],
    /// Children that follow from the object and are no objects themselves, such as a scale set's instances: their
    /// segment and the function that makes them, each with its name.
    pub computed: &'static [(&'static str, ComputeFn)],
    /// The offers of the provider in a region, as it answers for `locations/{region}/capabilities`.
    pub capabilities: Option<fn(&str) -> Json>,
    /// Actions that answer at once with a whole response, each with the function that makes it or refuses.
    pub responds: &'static [(&'static str, ResponseFn)],
    /// Values in the responses of actions, in addition to the attributes that they return.
    pub tells: &'static [ImmediateAnswer],
    /// Data-plane URL paths that other clients read before they trust that the object exists. When the simulator is
    /// served, these lead to it.
    pub data: &'static [&'static str],
    /// Built-in objects of the provider, listed at any scope.
    pub catalog: Option<BuiltInObjects>,
    /// Segment of soft-deleted objects, as in `deletedVaults`.
    pub bin: Option<&'static str>,
    /// True if the provider moves neither the object to another resource group, nor its parent while it exists.
    pub stays: bool,
}

/// Built-in objects of a provider.
#[derive(Debug, Clone, Copy)]
pub struct BuiltInObjects {
    /// The type, as in `Authorization/roleDefinitions`.
    pub type_: &'static str,
    /// Names of all built-in objects, each with its properties.
    pub entries: fn() -> Vec<(&'static str, Json)>,
    /// The property that `$filter` selects by.
    pub filter: &'static str,
}

/// A text in the response of an action.
#[derive(Debug, Clone, Copy)]
pub struct ImmediateAnswer {
    /// The action, as in `listKeys`.
    pub action: &'static str,
    /// Path in the response.
    pub path: &'static str,
    /// The text. `None`: a generated secret.
    pub text: Option<&'static str>,
}

/// A secret in the response of an action.
pub const fn tells(action: &'static str, path: &'static str) -> ImmediateAnswer {
    ImmediateAnswer { action, path, text: None }
}

/// A text in the response of an action.
pub const fn says(action: &'static str, path: &'static str, text: &'static str) -> ImmediateAnswer {
    ImmediateAnswer { action, path, text: Some(text) }
}

/// A request that may be complete when answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImmediateRequest {
    /// A PATCH.
    Patch,
    /// A DELETE.
    Delete,
}

/// A path of the object's body, and the function that builds a child's properties from the value there.
pub type DerivedProperties = (&'static str, fn(&Json) -> Json);

/// A POST action of an implicit child: its name, and the function that makes the new properties from the current ones.
pub type ChildAction = (&'static str, fn(&Json) -> Json);

/// A child that always exists (source: reads that the Terraform provider makes of a resource that it created).
#[derive(Debug, Clone, Copy)]
pub struct ImplicitChild {
    /// The path segment, as in `connectionPolicies`.
    pub segment: &'static str,
    /// Its name. Empty: an empty list exists.
    pub name: &'static str,
    /// Its properties, as JSON text.
    pub properties: &'static str,
    /// For a child that exists only once it was written, perhaps with the object: the path in the object's body, and
    /// the function that builds its properties.
    pub aside: Option<DerivedProperties>,
    /// POST actions: the name, and the function that makes the new properties from the current ones.
    pub actions: &'static [ChildAction],
}

impl ImplicitChild {
    /// Sets the actions.
    #[must_use]
    pub const fn acts(mut self, actions: &'static [ChildAction]) -> Self {
        self.actions = actions;
        self
    }
}

/// A child that always exists, with these properties.
pub const fn always(segment: &'static str, name: &'static str, properties: &'static str) -> ImplicitChild {
    ImplicitChild { segment, name, properties, aside: None, actions: &[] }
}

/// An empty list of children.
pub const fn empty_list(segment: &'static str) -> ImplicitChild {
    ImplicitChild { segment, name: "", properties: "{}", aside: None, actions: &[] }
}

/// A child built from the value at a path of the object's body when the object is written.
pub const fn aside(
    segment: &'static str,
    name: &'static str,
    at: &'static str,
    make: fn(&Json) -> Json,
) -> ImplicitChild {
    ImplicitChild { segment, name, properties: "{}", aside: Some((at, make)), actions: &[] }
}

impl SimulatedBehaviour {
    /// No additional behaviour.
    pub const NONE: Self = Self {
        admit: None,
        settle: None,
        removed: None,
        actions: &[],
        wakes: None,
        metrics: &[],
        expands: &[],
        told: &[],
        notes: None,
        keeps: None,
        hosts: None,
        leads: None,
        watched: None,
        embeds: &[],
        mixes: None,
        accepts: &[],
        spared: &[],
        always: &[],
        created: 201,
        at_once: &[],
        alone: false,
        elements: &[],
        computed: &[],
        capabilities: None,
        responds: &[],
        tells: &[],
        data: &[],
        catalog: None,
        bin: None,
        stays: false,
    };
}

/// A POST action of an object in the simulator.
#[derive(Clone, Copy)]
pub struct SimulatedAction {
    /// The last segment of the path, as in `failover`.
    pub name: &'static str,
    /// A required pair of the query, for different actions of one name.
    pub query: Option<(&'static str, &'static str)>,
    /// Refuses the action as the provider would. The last argument is the body (`null` for none).
    pub admit: fn(&dyn SimulatedWorld, &ObjectId, &Json) -> Result<(), Refusal>,
    /// Effect of the action when its duration has passed. The simulator calls `admit` again before that.
    pub done: fn(&mut dyn SimulatedWorld, &ObjectId, &Json),
    /// Duration in seconds.
    pub lasts: u32,
    /// Regions whose control planes must answer, in addition to the object's own: both sites, for actions that
    /// involve both.
    pub reaches: fn(&dyn SimulatedWorld, &ObjectId) -> Vec<String>,
    /// True if the action needs only the control plane of the object's region: it moves data away from there.
    pub leaves: bool,
    /// True if the action needs free capacity, as a creation does.
    pub allocates: bool,
}

/// A metric of an object in the simulator.
#[derive(Clone, Copy)]
pub struct Metric {
    /// The name in the REST API.
    pub name: &'static str,
    /// The unit, as in `Seconds`.
    pub unit: &'static str,
    /// The newest value. `None` if none is recorded.
    pub value: fn(&dyn SimulatedWorld, &ObjectId) -> Option<f64>,
}

impl Metric {
    /// A metric of which the simulator records no values.
    pub const fn without_data(name: &'static str, unit: &'static str) -> Self {
        Self { name, unit, value: |_, _| None }
    }
}

/// Regions of a store's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct StorePlacement {
    /// Name of the store: the same for every object that describes it.
    pub name: String,
    /// Regions that consider themselves writable: one, unless something is wrong; none while the role changes hands.
    pub writers: Vec<String>,
    /// Regions that follow, each with its replication lag in seconds in normal operation.
    pub followers: Vec<(String, f64)>,
}

/// Next hop for a client that reached an object by a name or address.
#[derive(Debug, Clone, PartialEq)]
pub enum Lead {
    /// One of these names, cached for this many seconds.
    Names(Vec<String>, u32),
    /// The first of these names that serves, or the last one: clients get it as an answer that they cache for this many
    /// seconds.
    FirstServing(Vec<String>, u32),
    /// The same, behind a proxy: clients stay with the name, whose own answer they cache for this many seconds, and a
    /// change of the names reaches them at once.
    Proxied(Vec<String>, u32),
    /// Any of these objects.
    Objects(Vec<ObjectId>),
    /// Served here: the region, and the number of instances.
    Serves(String, u32),
    /// No next hop; the text is the reason.
    Nowhere(&'static str),
}

impl Lead {
    /// To the region of a store that takes writes.
    pub fn to_writer(kept: Option<StorePlacement>) -> Self {
        Self::to_region(kept.and_then(|kept| kept.writers.into_iter().next()))
    }

    /// To a region that follows a store.
    pub fn to_follower(kept: Option<StorePlacement>) -> Self {
        Self::to_region(kept.and_then(|kept| kept.followers.into_iter().next()).map(|(region, _)| region))
    }

    /// To this region, where an object serves in one.
    pub fn to_region(region: Option<String>) -> Self {
        region.map_or(Self::Nowhere("no region serves it"), |region| Self::Serves(region, 1))
    }
}

/// Probing over the public network, as of an endpoint of Traffic Manager.
#[derive(Clone, Copy)]
pub struct ProbedEndpoint {
    /// Probe settings. `None` while probing is off.
    pub how: fn(&dyn SimulatedWorld, &ObjectId) -> Option<ProbeSettings>,
    /// Shows the health in the object's body and in related bodies; `None` where nothing is known of the answer.
    pub show: fn(&mut dyn SimulatedWorld, &ObjectId, Option<bool>),
}

/// Probe settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// Name or address to probe.
    pub host: String,
    /// Healthy HTTP statuses, as ranges.
    pub healthy: Vec<(u16, u16)>,
    /// Seconds between two probes.
    pub interval: u32,
    /// Seconds until a probe fails.
    pub timeout: u32,
    /// Consecutive failures that are tolerated.
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
pub trait SimulatedWorld {
    /// The body of an existing object.
    fn get(&self, id: &ObjectId) -> Option<&Json>;
    /// The body of an existing object, for changes.
    fn get_mut(&mut self, id: &ObjectId) -> Option<&mut Json>;
    /// Creates or replaces an object immediately, in its final state.
    fn put(&mut self, id: &ObjectId, body: Json);
    /// Deletes an object immediately.
    fn remove(&mut self, id: &ObjectId);
    /// The ids of the objects directly below this one. With an empty id: all ids.
    fn below(&self, id: &ObjectId) -> Vec<ObjectId>;
    /// A GUID that follows from the seed and this text.
    fn guid(&self, of: &str) -> String;
    /// True while the data plane of a region is lost.
    fn is_dark(&self, region: &str) -> bool;
    /// Replicates everything that a store has accepted to this region, as a planned failover does before it moves the
    /// role.
    fn pass_on(&mut self, store: &str, region: &str);
    /// Replication lag of a region in seconds. `None` for a region that does not follow the store.
    fn lag(&self, store: &str, region: &str) -> Option<f64>;
    /// Time of the world, in seconds since the epoch.
    fn now(&self) -> i64;
    /// True while an action of this name is in progress on an object. Never in a world where actions take no time.
    fn is_acting(&self, _id: &ObjectId, _action: &str) -> bool {
        false
    }
    /// The note of a hook about an object, under this word: state that no body shows.
    fn noted(&self, _id: &ObjectId, _word: &str) -> Option<&Json> {
        None
    }
    /// Notes something about an object until it is deleted; `None` removes the note.
    fn note(&mut self, _id: &ObjectId, _word: &str, _value: Option<Json>) {}
    /// Objects in whose bodies a client wrote this id. Empty in a world that does not track it.
    fn users(&self, _id: &ObjectId) -> Vec<ObjectId> {
        Vec::new()
    }
    /// The body in effect: the body before the write in progress. `None` during creation and deletion, and after a
    /// failed creation. In a world where writes take no time, the current body.
    fn working(&self, id: &ObjectId) -> Option<&Json> {
        self.get(id)
    }
}

/// A number between two bounds that follows from the world's seed and this text: a replica's lag in normal operation.
pub fn between(cloud: &dyn SimulatedWorld, of: &str, low: f64, high: f64) -> f64 {
    let guid = cloud.guid(of);
    let drawn = guid.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0);
    low + (high - low) * f64::from(drawn) / f64::from(u32::MAX)
}
