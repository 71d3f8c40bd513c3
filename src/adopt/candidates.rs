//! Bodies to resources: matches each body with the tables of its type, reads its arguments back and joins its objects.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map as JsonMap, Value as Json};

use super::arguments;
use super::look::tables;
use crate::account::Account;
use crate::address::Address;
use crate::kinds::{CloudObject, Kind, Location, Place, Subject, Tables, Ty, body, path};
use crate::object::{Object, ObjectId, Within};

/// An existing resource that a stack can declare.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The table.
    pub kind: &'static Kind,
    /// The kind that selects the table, if there are several.
    pub variant: Option<&'static str>,
    /// Id that others refer to.
    pub id: ObjectId,
    /// The name in the cloud.
    pub name: String,
    /// Its container.
    pub above: Option<ObjectId>,
    /// Region of its body or of its container's.
    pub region: Option<String>,
    /// Its objects.
    pub objects: Vec<Object>,
    /// Arguments to write. A required value that cannot be read is untold.
    pub args: JsonMap<String, Json>,
}

impl Candidate {
    /// Unique key: its object, and for a property the kind of property.
    pub fn key(&self) -> String {
        match self.kind.place {
            Place::Property(_) => format!("{}#{}", self.id.folded(), self.kind.name),
            _ => self.id.folded(),
        }
    }

    /// The keys of all its objects.
    fn keys(&self) -> Vec<String> {
        let of_objects = self.objects.iter().filter(|object| object.within.is_none());
        let mut keys: Vec<String> = of_objects.map(|object| object.id.folded()).collect();
        keys.push(self.key());
        keys
    }
}

/// Container of an object by its id, if the table has one.
fn above(kind: &Kind, id: &ObjectId) -> Option<ObjectId> {
    let text = id.as_str();
    let up = |segments: usize| {
        let end = text.rmatch_indices('/').nth(segments.checked_sub(1)?)?.0;
        text.get(..end).map(ObjectId::new)
    };
    match kind.place {
        Place::Subscription | Place::Root(_) | Place::Beside(..) => None,
        Place::Property(_) => Some(id.clone()),
        Place::Member(of) => {
            let mut args = JsonMap::new();
            of.placed(id, &mut args);
            args.get(of.owner).and_then(Json::as_str).map(ObjectId::new)
        }
        Place::Group | Place::Extension(_) => kind.grammar().scope(id),
        Place::Child(_, segment) | Place::Part(_, _, segment, _) => up(segment.split('/').count() + 1),
    }
}

/// All resources that these bodies can be declared as. Of two that share an object, the one with more objects wins.
pub fn candidates(
    of: &Tables,
    bodies: &BTreeMap<ObjectId, Json>,
    account: &Account,
) -> (Vec<Candidate>, HashSet<String>) {
    let mut all: Vec<(usize, Candidate)> = Vec::new();
    let mut brought: HashSet<String> = HashSet::new();
    for (at, (kind, variant)) in tables(of).enumerate() {
        for (id, part) in places(kind, bodies) {
            let found = CloudObject { id: &id, body: part, all: bodies };
            if kind.adoption.is.is_some_and(|is| !is(&found)) {
                continue;
            }
            let Some(candidate) = candidate(kind, variant, &found, account) else { continue };
            brought.extend(kind.adoption.brings.iter().flat_map(|brings| brings(&found)).map(|id| id.folded()));
            all.push((at, candidate));
        }
    }
    all.sort_by(|(a, one), (b, other)| {
        other.objects.len().cmp(&one.objects.len()).then(a.cmp(b)).then(one.id.cmp(&other.id))
    });
    let mut claimed: HashSet<String> = HashSet::new();
    let mut kept = Vec::new();
    for (at, candidate) in all {
        let keys = candidate.keys();
        let is_property = candidate.kind.place.is_property();
        let taken = keys.iter().any(|key| claimed.contains(key));
        if taken || (!is_property && brought.contains(&candidate.key())) {
            continue;
        }
        claimed.extend(keys);
        kept.push((at, candidate));
    }
    kept.sort_by(|(a, one), (b, other)| a.cmp(b).then(one.id.cmp(&other.id)));
    claimed.extend(brought);
    (kept.into_iter().map(|(_, candidate)| candidate).collect(), claimed)
}

/// Unread objects of candidates, such as the other half of a peering in another network.
pub fn unread(of: &Tables, bodies: &BTreeMap<ObjectId, Json>, account: &Account) -> Vec<Object> {
    let mut missing: Vec<Object> = Vec::new();
    for (kind, _) in tables(of).filter(|(kind, _)| kind.odd.objects.is_some()) {
        for (id, part) in places(kind, bodies) {
            let found = CloudObject { id: &id, body: part, all: bodies };
            if kind.adoption.is.is_some_and(|is| !is(&found)) {
                continue;
            }
            let draft = read(kind, &found, std::slice::from_ref(part));
            let objects = with_subject(kind, &found, &draft, account, body::objects);
            let new =
                objects.into_iter().filter(|object| !bodies.contains_key(&object.id) && !missing.contains(object));
            missing.extend(new.collect::<Vec<_>>());
        }
    }
    missing
}

/// Objects of a kind in the bodies: id and part of the body of each.
fn places<'a>(kind: &'static Kind, bodies: &'a BTreeMap<ObjectId, Json>) -> Vec<(ObjectId, &'a Json)> {
    let types = |argument: &str| -> Vec<&'static str> {
        let of = |kind: &'static Kind| match kind.place {
            Place::Part(..) => kind.type_.name.rsplit_once('/').map_or("", |(whole, _)| whole),
            _ => kind.type_.name,
        };
        kind.refers(argument).iter().filter_map(|name| kind.provider().kind(name)).map(of).collect()
    };
    let of_types = |types: Vec<&'static str>| {
        bodies.iter().filter(move |(id, _)| {
            kind.grammar().type_of(id).is_some_and(|type_| types.iter().any(|other| other.eq_ignore_ascii_case(&type_)))
        })
    };
    match kind.place {
        Place::Part(argument, list, segment, key) => of_types(types(argument))
            .flat_map(|(id, body)| {
                let named = |element: &'a Json| Some((id.child(segment, element.get(key)?.as_str()?), element));
                path::items(body, list).iter().filter_map(named).collect::<Vec<_>>()
            })
            .collect(),
        Place::Property(argument) => of_types(types(argument)).map(|(id, body)| (id.clone(), body)).collect(),
        Place::Member(of) => {
            of_types(types(of.owner)).flat_map(|(id, body)| of.found(kind.grammar(), id, body)).collect()
        }
        _ => of_types(vec![kind.type_.name]).map(|(id, body)| (id.clone(), body)).collect(),
    }
}

/// Arguments in these bodies, with those that name the container.
fn read(kind: &'static Kind, found: &CloudObject<'_>, bodies: &[Json]) -> JsonMap<String, Json> {
    let mut args = body::read(kind, bodies);
    if let Place::Member(of) = kind.place {
        of.placed(found.id, &mut args);
    }
    if kind.place.template().is_some() {
        for (name, text) in kind.grammar().arguments(found.id) {
            if kind.arg(name).is_some() {
                args.entry(name).or_insert_with(|| Json::from(text));
            }
        }
    }
    let argument = kind.place.argument().and_then(|argument| kind.arg(argument));
    if let (Some(argument), Some(above)) = (argument, above(kind, found.id))
        && matches!(argument.ty, Ty::Ref(_))
    {
        args.insert(argument.name.to_owned(), Json::from(above.as_str()));
    }
    if let Some(complete) = kind.adoption.arguments {
        complete(found, &mut args);
    }
    args
}

fn with_subject<T>(
    kind: &'static Kind,
    found: &CloudObject<'_>,
    args: &JsonMap<String, Json>,
    account: &Account,
    f: impl FnOnce(&Subject<'_>) -> T,
) -> T {
    let address = Address::new(kind.name, "found");
    let location = region_of(kind, found.id, found.body, found.all).unwrap_or_default();
    f(&Subject {
        kind,
        address: &address,
        name: found.id.name(),
        id: found.id,
        location: &location,
        account,
        args,
        others: &body::NoOtherResources,
        facts: Default::default(),
    })
}

pub(super) fn candidate(
    kind: &'static Kind,
    variant: Option<&'static str>,
    found: &CloudObject<'_>,
    account: &Account,
) -> Option<Candidate> {
    let draft = read(kind, found, std::slice::from_ref(found.body));
    let objects = with_subject(kind, found, &draft, account, body::objects);
    let mut bodies = Vec::with_capacity(objects.len());
    for object in &objects {
        let whole = found.all.get(&object.id)?;
        // The name of a part may differ in case between body and id, so use the part already found.
        let part = match &object.within {
            Some(Within::Element { .. }) => Some(found.body),
            _ => body::part(object, whole),
        };
        bodies.push(part?.clone());
    }
    let mut args = read(kind, found, &bodies);
    arguments::prune(kind.args, &mut args);
    arguments::ask_required(kind.args, &mut args);
    let above = match kind.place.argument().and_then(|argument| args.get(argument)) {
        Some(Json::String(id)) => Some(ObjectId::new(id.as_str())),
        Some(Json::Array(items)) => items.first().and_then(Json::as_str).map(ObjectId::new),
        _ => above(kind, found.id),
    };
    Some(Candidate {
        kind,
        variant,
        id: found.id.clone(),
        name: found.id.name().replace(body::SLASH, "/"),
        region: region_of(kind, found.id, found.body, found.all),
        above,
        objects,
        args,
    })
}

/// Region of an object, or of its container if it has none of its own.
fn region_of(kind: &Kind, id: &ObjectId, body: &Json, all: &BTreeMap<ObjectId, Json>) -> Option<String> {
    let of = |body: &Json| {
        let name = path::text(body, "location").filter(|name| !name.eq_ignore_ascii_case("global"))?;
        Some(kind.provider().region(name).map_or_else(|| name.to_owned(), |region| region.name.to_owned()))
    };
    if kind.location == Location::Regional
        && let Some(own) = of(body)
    {
        return Some(own);
    }
    let mut at = id.as_str();
    while let Some((rest, _)) = at.rsplit_once('/') {
        at = rest;
        if let Some(region) = all.get(&ObjectId::new(at)).and_then(of) {
            return Some(region);
        }
    }
    None
}
