//! Objects of AWS in the world: their ids there, their life, and how drplan's ids name them.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::answers::Refused;
use super::hosts::HOME;
use super::state::AwsState;
use super::types::{BUCKET, GLOBAL, GROUP, IMAGE, KEY, NAME, NAMED, OBJECT, RECORD, TEMPLATE, Type, ZONE};
use crate::object::ObjectId;
use crate::simulator::dialect::ProviderName;
use crate::simulator::operations::{Operation, OperationKind, OperationState, PostedAction};
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// The property with the time of creation.
pub(super) const MADE: &str = "CreationTime";
/// Seconds for which a new object of EC2 may be missing in reads.
const UNSEEN: u64 = 3;

/// A name as a segment of an id of the world, whose keys ignore case: `^` precedes a capital.
fn segment(name: &str) -> String {
    let mut made = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '^' => made.push_str("^^"),
            '/' => made.push_str("%2f"),
            '%' => made.push_str("%25"),
            capital if capital.is_uppercase() => made.extend(std::iter::once('^').chain(capital.to_lowercase())),
            other => made.push(other),
        }
    }
    made
}

/// Where objects of a type lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) of: &'static Type,
    pub(super) region: &'a str,
    /// The bucket of an object, or the zone of a record.
    pub(super) within: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn new(of: &'static Type, region: &'a str) -> Self {
        Self { of, region, within: None }
    }

    fn folder(self) -> String {
        let outer = match (self.of, self.within) {
            (of, Some(bucket)) if *of == OBJECT => format!("buckets/{}/", segment(bucket)),
            (_, Some(zone)) => format!("zones/{}/", segment(zone)),
            (_, None) => String::new(),
        };
        format!("{NAME}:{}/{outer}{}", self.region, self.of.word)
    }

    fn id(self, name: &str) -> ObjectId {
        ObjectId::new(format!("{}/{}", self.folder(), segment(name)))
    }

    /// The key of an object.
    pub(super) fn key(self, name: &str) -> String {
        SimulatedObject::key_of(&ProviderName::of(NAME), &self.id(name))
    }

    /// The objects, in the order of their creation.
    pub(super) fn all(self, world: &World) -> Vec<&SimulatedObject> {
        let folder = format!("{NAME}:{}", self.folder());
        let found = world.below(&folder).map(|(_, object)| object);
        let mut all: Vec<_> = found.filter(|object| object.type_ == self.of.name && object.seen()).collect();
        all.sort_by_key(|object| object.body[MADE].as_str().map(str::to_owned));
        all
    }

    /// An object by its id at AWS.
    pub(super) fn find<'w>(self, world: &'w World, name: &str) -> Option<&'w SimulatedObject> {
        world.standing(&self.key(name))
    }

    /// The body of an object by its id at AWS.
    pub(super) fn body<'w>(self, world: &'w World, name: &str) -> Option<&'w Json> {
        self.find(world, name).map(|object| &*object.body)
    }

    /// An object of EC2 that reads find by now.
    ///
    /// # Errors
    /// The code of its type for one that does not exist.
    pub(super) fn get<'w>(self, world: &'w World, name: &str) -> Result<&'w SimulatedObject, Refused> {
        let found = self.find(world, name).filter(|object| is_visible(world, object));
        found.ok_or_else(|| absent(self.of, name))
    }

    /// An object of EC2, for the answer to the request that creates it.
    ///
    /// # Errors
    /// The code of its type for one that does not exist.
    pub(super) fn get_at_once<'w>(self, world: &'w World, name: &str) -> Result<&'w SimulatedObject, Refused> {
        self.find(world, name).ok_or_else(|| absent(self.of, name))
    }

    /// Inserts a new object.
    pub(super) fn insert(self, world: &mut World, name: &str, mut body: Json, stage: Lifecycle) {
        if body.get(MADE).is_none() {
            body[MADE] = json!(time(world));
        }
        world.insert(SimulatedObject {
            id: self.id(name),
            provider: ProviderName::of(NAME),
            type_: self.of.name.to_owned(),
            body: body.into(),
            stage,
            version: 0,
            refers: Default::default(),
            operation: None,
            hollow: false,
        });
    }

    /// Changes the body of an object.
    pub(super) fn change(self, world: &mut World, name: &str, change: impl FnOnce(&mut Json)) {
        world.change(&self.key(name), |object| {
            change(&mut object.body);
            object.version += 1;
        });
    }

    /// Removes an object.
    pub(super) fn remove(self, world: &mut World, name: &str) {
        world.take(&self.key(name));
    }

    /// True while an operation on an object is under way.
    pub(super) fn is_busy(self, world: &World, name: &str) -> bool {
        let operation = world.object(&self.key(name)).and_then(|object| object.operation.as_ref());
        let operation = operation.and_then(|key| world.operation(key));
        operation.is_some_and(|operation| operation.progress == OperationState::Running)
    }
}

/// The error of EC2 for an object that does not exist.
pub(super) fn absent(of: &Type, name: &str) -> Refused {
    let noun = of.word.trim_end_matches('s').replace('-', " ");
    Refused::bad(of.absent, format!("The {noun} ID '{name}' does not exist"))
}

/// True for an object that the lists and reads of EC2 have by now: they follow writes within seconds.
pub(super) fn is_visible(world: &World, object: &SimulatedObject) -> bool {
    let faults = &world.rest.faults;
    let made: Option<jiff::Timestamp> = object.body[MADE].as_str().and_then(|text| text.parse().ok());
    let Some(made) = made.filter(|_| !faults.instant()) else { return true };
    let mut stream = world.seed.stream(&[object.id.as_str(), "seen"]);
    let usual = if stream.below(3) == 0 { stream.below(UNSEEN) + 1 } else { 0 };
    let lag = faults.lag().map_or(0.0, |lag| lag.as_secs_f64() * stream.unit()).max(usual as f64);
    let lag = SignedDuration::try_from_secs_f64(lag).unwrap_or_default();
    world.now >= made + lag
}

/// An id that was not given before.
pub(super) fn give(world: &mut World, prefix: &str) -> String {
    let number = given(world);
    id_of(world, prefix, number)
}

/// The id with this number.
pub(super) fn id_of(world: &World, prefix: &str, number: u64) -> String {
    let digits = world.seed.guid(&[NAME, "id", prefix, &number.to_string()]).replace('-', "");
    format!("{prefix}0{}", digits.get(..16).unwrap_or_default())
}

/// An id in the form of a UUID.
pub(super) fn give_uuid(world: &mut World) -> String {
    let given = given(world);
    world.seed.guid(&[NAME, "uuid", &given.to_string()])
}

/// Counts one more id.
pub(super) fn given(world: &mut World) -> u64 {
    let state: &mut AwsState = world.parts.get_mut();
    state.given += 1;
    let given = state.given;
    world.changes.rest = true;
    given
}

/// Now, as the APIs write it.
pub(super) fn time(world: &World) -> String {
    timestamp(world.now)
}

/// A time, as the APIs write it.
pub(super) fn timestamp(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// A text of a body.
pub(super) fn text<'a>(body: &'a Json, name: &str) -> &'a str {
    body.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// The value of a tag.
pub(super) fn tag<'a>(body: &'a Json, key: &str) -> Option<&'a str> {
    let tags = body.get("Tags").and_then(Json::as_array)?;
    tags.iter().find(|tag| tag["Key"] == key).and_then(|tag| tag["Value"].as_str())
}

/// The region of an object, from its id; `None` for one that lies in none.
pub(super) fn region(object: &SimulatedObject) -> Option<String> {
    let (region, _) = object.id.as_str().strip_prefix(NAME)?.strip_prefix(':')?.split_once('/')?;
    (region != GLOBAL).then(|| region.to_owned())
}

/// The id at AWS of an object, as its body has it.
pub(super) fn own_id(of: &Type, object: &SimulatedObject) -> String {
    text(&object.body, of.id).to_owned()
}

/// An operation on an object, which ends after these seconds.
pub(super) struct Begun<'a> {
    pub(super) action: &'a str,
    pub(super) act: OperationKind,
    pub(super) seconds: u32,
    pub(super) body: Json,
    pub(super) fails: Option<ErrorResponse>,
    /// The object before an update, which a failure restores.
    pub(super) before: Option<Box<SimulatedObject>>,
}

/// Begins an operation on an object.
pub(super) fn begin(world: &mut World, at: Place<'_>, name: &str, begun: Begun<'_>) {
    let Begun { action, act, seconds, body, fails, before } = begun;
    let key = format!("aws-operation-{}", given(world));
    let id = at.id(name);
    let lasts = world.lasts(id.as_str(), &key, seconds);
    let service = at.of.name.split("::").nth(1).unwrap_or_default().to_ascii_lowercase();
    let operation = Operation {
        key: key.clone(),
        id,
        provider: ProviderName::of(NAME),
        act,
        began: world.now,
        due: world.now + lasts,
        progress: OperationState::Running,
        location: if at.region == GLOBAL { HOME } else { at.region }.to_owned(),
        service,
        api: String::new(),
        serial: Vec::new(),
        fails,
        before,
        posted: Some(PostedAction { action: action.to_owned(), query: Default::default(), body }),
        leaving: None,
    };
    world.change(&at.key(name), |object| object.operation = Some(key));
    world.keep_operation(operation);
}

/// The bucket with a name, in whichever region.
pub(super) fn bucket<'w>(world: &'w World, name: &str) -> Option<&'w SimulatedObject> {
    world.under(&bucket_word(name)).find_map(|key| world.standing(key))
}

/// The word of the index of the world for a bucket.
pub(super) fn bucket_word(name: &str) -> String {
    format!("{NAME}:bucket:{name}")
}

/// The key of the object that drplan knows by this id, which follows from its name.
pub(super) fn known(world: &World, id: &ObjectId) -> Option<String> {
    let path = id.as_str().strip_prefix(NAME)?.strip_prefix(':')?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [region, "buckets", bucket, "objects", key] => {
            let place = Place { of: &OBJECT, region, within: Some(bucket) };
            let key = place.key(&key.replace("%2F", "/").replace("%2f", "/").replace("%25", "%"));
            world.object(&key).map(SimulatedObject::key)
        }
        ["global", "zones", zone, "records", of, name] => {
            let place = Place { of: &RECORD, region: GLOBAL, within: Some(&zone_id(world, zone)?) };
            let name = name.trim_end_matches('.');
            world.object(&place.key(&format!("{of}|{name}."))).map(SimulatedObject::key)
        }
        [region, word, name] => {
            let of = NAMED.iter().copied().find(|of| of.word == *word)?;
            let name = name.replace("%2F", "/").replace("%2f", "/").replace("%25", "%");
            named(world, Place::new(of, region), &name).map(SimulatedObject::key)
        }
        _ => None,
    }
}

/// The id of the zone with this name or id.
pub(super) fn zone_id(world: &World, zone: &str) -> Option<String> {
    let wanted = format!("{}.", zone.trim_end_matches('.'));
    let zones = Place::new(&ZONE, GLOBAL).all(world);
    let is_it = |body: &Json| text(body, "Id") == zone || text(body, "Name") == wanted;
    zones.into_iter().find(|object| is_it(&object.body)).map(|object| text(&object.body, "Id").to_owned())
}

/// The object that a user knows by this name: the real one where its type has names, else the tag.
fn named<'w>(world: &'w World, place: Place<'_>, name: &str) -> Option<&'w SimulatedObject> {
    let of = place.of;
    if of.prefix.is_empty() && *of != KEY {
        return place.find(world, name).filter(|_| *of != BUCKET || !name.is_empty());
    }
    let property = match of {
        of if *of == GROUP => Some("GroupName"),
        of if *of == IMAGE => Some("Name"),
        of if *of == TEMPLATE => Some("LaunchTemplateName"),
        _ => None,
    };
    let is_it = |body: &Json| match property {
        Some(property) => text(body, property) == name,
        None => tag(body, "Name") == Some(name),
    };
    let is_gone = |body: &Json| body.pointer("/State/Name").is_some_and(|state| state == "terminated");
    place.all(world).into_iter().rfind(|object| is_it(&object.body) && !is_gone(&object.body))
}
