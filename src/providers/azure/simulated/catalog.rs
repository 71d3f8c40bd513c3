//! Built-in entries of providers that can be read in any scope, such as role definitions. The kinds' tables list them.

use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::filter::equality;
use super::types::{self, ProviderType};
use crate::kinds::BuiltInObjects;

/// The catalog of this type (folded).
pub(super) fn find(type_: &str) -> Option<&'static BuiltInObjects> {
    let mut catalogs = types::all().flat_map(ProviderType::writers).filter_map(|kind| kind.simulated.catalog.as_ref());
    catalogs.find(|catalog| catalog.type_.eq_ignore_ascii_case(type_))
}

/// All entries, or those that match `$filter`.
pub(super) fn list(catalog: &BuiltInObjects, filter: Option<&String>) -> Json {
    let wanted =
        filter.and_then(|filter| equality(filter)).filter(|(name, _)| name.eq_ignore_ascii_case(catalog.filter));
    let wanted = wanted.map(|(_, value)| value);
    let is_wanted = |properties: &Json| match (&wanted, properties.get(catalog.filter).and_then(Json::as_str)) {
        (Some(wanted), Some(value)) => wanted.eq_ignore_ascii_case(value),
        _ => true,
    };
    let found = (catalog.entries)().into_iter().filter(|(_, properties)| is_wanted(properties));
    let value: Vec<Json> = found.map(|(name, properties)| entry(catalog, name, properties)).collect();
    json!({ "value": value })
}

/// One entry, by its name.
pub(super) fn one(catalog: &BuiltInObjects, name: &str) -> Option<Json> {
    let found = (catalog.entries)().into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    found.map(|(name, properties)| entry(catalog, name, properties))
}

fn entry(catalog: &BuiltInObjects, name: &str, properties: Json) -> Json {
    let id = format!("/subscriptions/{SUBSCRIPTION}/providers/{}/{name}", catalog.type_);
    json!({ "id": id, "name": name, "type": catalog.type_, "properties": properties })
}
