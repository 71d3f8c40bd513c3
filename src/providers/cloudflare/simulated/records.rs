//! DNS records: list, single writes and batches. Every write goes through [`Records`], so that a batch is all or
//! nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::rules;
use super::shape::{self, Property, Shape, optional, required};
use super::store::Collection;
use super::zones;
use crate::simulator::world::World;

/// Types of records.
const TYPES: &[&str] = &[
    "A",
    "AAAA",
    "CNAME",
    "CAA",
    "CERT",
    "DNSKEY",
    "DS",
    "HTTPS",
    "LOC",
    "MX",
    "NAPTR",
    "NS",
    "OPENPGPKEY",
    "PTR",
    "SMIMEA",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
    "URI",
];

const SETTINGS: &[Property] =
    &[optional("ipv4_only", Shape::Bool), optional("ipv6_only", Shape::Bool), optional("flatten_cname", Shape::Bool)];

/// Properties of a record.
const RECORD: &[Property] = &[
    required("name", Shape::Text),
    required("type", Shape::Word(TYPES)),
    required("ttl", Shape::Number),
    optional("content", Shape::Text),
    optional("proxied", Shape::Bool),
    optional("priority", Shape::Whole(0, 65_535)),
    optional("data", Shape::Any),
    optional("comment", Shape::Text),
    optional("tags", Shape::Texts),
    optional("settings", Shape::Object(SETTINGS)),
    optional("private_routing", Shape::Bool),
    optional("id", Shape::ReadOnly),
    optional("zone_id", Shape::ReadOnly),
    optional("zone_name", Shape::ReadOnly),
    optional("proxiable", Shape::ReadOnly),
    optional("meta", Shape::ReadOnly),
    optional("created_on", Shape::ReadOnly),
    optional("modified_on", Shape::ReadOnly),
    optional("comment_modified_on", Shape::ReadOnly),
    optional("tags_modified_on", Shape::ReadOnly),
];

/// The collection of the records of a zone.
pub(super) fn of(zone: &str) -> Collection {
    Collection::of_zone(zone, "dns_records")
}

/// The records of a zone, with changes that are not in the world yet.
pub(super) struct Records {
    zone: String,
    domain: Option<String>,
    collection: Collection,
    lenient: bool,
    all: BTreeMap<String, Json>,
    /// The changed records; `None` for a deleted one.
    changed: BTreeMap<String, Option<Map<String, Json>>>,
}

impl Records {
    pub(super) fn new(world: &World, zone: &str) -> Self {
        let collection = of(zone);
        let id = |body: &Json| body.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        let all = collection.all(world).into_iter().map(|body| (id(&body), body)).collect();
        let domain = zones::domain(world, zone);
        Self { zone: zone.to_owned(), domain, collection, lenient: world.lenient, all, changed: BTreeMap::new() }
    }

    /// Adds a record, and returns its id.
    pub(super) fn post(&mut self, world: &mut World, body: Map<String, Json>) -> Result<String, Refused> {
        let id = self.collection.make(world);
        self.keep(&id, Map::new(), body, true)?;
        Ok(id)
    }

    /// Replaces a record.
    pub(super) fn put(&mut self, id: &str, body: Map<String, Json>) -> Result<(), Refused> {
        self.existing(id)?;
        self.keep(id, Map::new(), body, true)
    }

    /// Changes properties of a record.
    pub(super) fn patch(&mut self, id: &str, body: Map<String, Json>) -> Result<(), Refused> {
        let before = self.existing(id)?;
        self.keep(id, before, body, false)
    }

    /// Removes a record.
    pub(super) fn delete(&mut self, id: &str) -> Result<(), Refused> {
        self.existing(id)?;
        self.all.remove(id);
        self.changed.insert(id.to_owned(), None);
        Ok(())
    }

    fn existing(&self, id: &str) -> Result<Map<String, Json>, Refused> {
        let found = self.all.get(id).and_then(Json::as_object).cloned();
        found.ok_or_else(|| Refused::new(404, 81_044, "Record does not exist."))
    }

    fn keep(
        &mut self,
        id: &str,
        before: Map<String, Json>,
        body: Map<String, Json>,
        whole: bool,
    ) -> Result<(), Refused> {
        shape::check(&body, RECORD, whole, self.lenient).map_err(|why| Refused::record(9000, why))?;
        let mut record = before;
        record.extend(shape::written(body, RECORD));
        for (name, usual) in
            [("proxied", json!(false)), ("settings", json!({})), ("tags", json!([])), ("meta", json!({}))]
        {
            if record.get(name).is_none_or(Json::is_null) {
                record.insert(name.to_owned(), usual);
            }
        }
        record.entry("comment").or_insert(Json::Null);
        let name = rules::full_name(&record, self.domain.as_deref())?;
        self.domain.get_or_insert_with(|| zones::registrable(&name).unwrap_or(&name).to_owned());
        record.insert("name".to_owned(), json!(name));
        record.insert("proxiable".to_owned(), json!(rules::is_proxiable(&record)));
        rules::valid(&record)?;
        let others = self.all.iter().filter(|(other, _)| *other != id).map(|(_, body)| body);
        rules::beside(&record, others)?;
        self.all.insert(id.to_owned(), Json::Object(record.clone()));
        self.changed.insert(id.to_owned(), Some(record));
        Ok(())
    }

    /// Writes all changes.
    pub(super) fn commit(self, world: &mut World) {
        let Self { zone, domain, collection, lenient: _, all: _, changed } = self;
        if let Some(domain) = domain {
            zones::note(world, &zone, &domain);
        }
        for (id, body) in changed {
            match body {
                Some(body) => drop(collection.put(world, &id, body)),
                None => collection.delete(world, &id),
            }
        }
    }
}

/// One transaction: deletions, then changes, replacements and additions.
pub(super) fn batch(world: &mut World, zone: &str, body: &Map<String, Json>) -> Result<Json, Refused> {
    const LISTS: [&str; 4] = ["deletes", "patches", "puts", "posts"];
    if let Some(other) = body.keys().find(|name| !LISTS.contains(&name.as_str())) {
        return Err(Refused::record(9000, format!("{other}: unknown property")));
    }
    let mut records = Records::new(world, zone);
    let mut done: [Vec<Json>; 4] = Default::default();
    for (at, list) in LISTS.iter().enumerate() {
        let items = match body.get(*list) {
            None | Some(Json::Null) => continue,
            Some(Json::Array(items)) => items,
            Some(_) => return Err(Refused::record(9000, format!("{list}: expected a list"))),
        };
        for item in items {
            let Some(item) = item.as_object() else {
                return Err(Refused::record(9000, format!("{list}: expected objects")));
            };
            let id = item.get("id").and_then(Json::as_str);
            let needed = || id.ok_or_else(|| Refused::record(9000, format!("{list}: `id` is missing")));
            let id = match *list {
                "deletes" => {
                    let id = needed()?;
                    done[at].push(Json::Object(records.existing(id)?));
                    records.delete(id)?;
                    continue;
                }
                "patches" => needed().and_then(|id| records.patch(id, item.clone()).map(|()| id.to_owned()))?,
                "puts" => needed().and_then(|id| records.put(id, item.clone()).map(|()| id.to_owned()))?,
                _ => records.post(world, item.clone())?,
            };
            done[at].push(json!(id));
        }
    }
    records.commit(world);
    let collection = of(zone);
    let shown = |list: Vec<Json>| -> Json {
        let one = |item: Json| match item.as_str() {
            Some(id) => collection.get(world, id).cloned().unwrap_or_default(),
            None => item,
        };
        list.into_iter().map(one).collect()
    };
    let [deletes, patches, puts, posts] = done.map(shown);
    Ok(json!({ "deletes": deletes, "patches": patches, "puts": puts, "posts": posts }))
}
