//! `$filter` of lists of resources, as far as clients use it: equalities joined by `and` (source: documentation of the
//! generic list operation).

use serde_json::Value as Json;

use super::request::ErrorResponse;
use super::world::SimulatedObject;

/// A filter: properties and their required values.
pub(super) struct Filter(Vec<(String, String)>);

impl Filter {
    /// Parses a filter. Without one, every object matches.
    ///
    /// # Errors
    /// 400 for a clause that is not an equality, as from Resource Manager.
    pub(super) fn read(text: Option<&str>) -> Result<Self, ErrorResponse> {
        let clauses = text.into_iter().flat_map(|text| text.split(" and ")).map(str::trim);
        let clauses = clauses.filter(|clause| !clause.is_empty());
        let clauses = clauses.map(|clause| equality(clause).map(|(name, value)| (name.to_ascii_lowercase(), value)));
        clauses.collect::<Option<Vec<_>>>().map(Self).ok_or_else(|| {
            let text = text.unwrap_or_default();
            ErrorResponse::gateway(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{text}' specified in the query string."),
            )
        })
    }

    /// True for an object that matches.
    pub(super) fn takes(&self, object: &SimulatedObject) -> bool {
        let id = object.id.as_str();
        let group = object.id.resource_group().unwrap_or_default();
        let tags = object.body.get("tags").and_then(Json::as_object);
        let wanted = |name: &str| self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        self.0.iter().all(|(name, value)| match name.as_str() {
            "resourcegroup" => group.eq_ignore_ascii_case(value),
            "resourcetype" => object.type_.eq_ignore_ascii_case(value),
            "name" => id.rsplit('/').next().is_some_and(|own| own.eq_ignore_ascii_case(value)),
            "location" => {
                object.location().is_some_and(|own| own.replace(' ', "").eq_ignore_ascii_case(&value.replace(' ', "")))
            }
            "tagname" => tags.is_some_and(|tags| tags.contains_key(value)),
            "tagvalue" => wanted("tagname")
                .is_some_and(|tag| tags.and_then(|tags| tags.get(tag)).and_then(Json::as_str) == Some(value)),
            _ => true,
        })
    }
}

/// A property and its required value: `name eq 'value'`.
pub(super) fn equality(clause: &str) -> Option<(&str, String)> {
    let (name, value) = clause.split_once(" eq ")?;
    let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    Some((name.trim(), value.replace("''", "'")))
}
