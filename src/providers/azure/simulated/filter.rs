//! `$filter` of lists of resources, as far as clients use it: equalities joined by `and`, of which one may have several
//! alternatives joined by `or`, with parentheses (source: documentation of the generic list operation, and the filters
//! by which azurerm looks for the partners of a database).

use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use crate::simulator::request::ErrorResponse;
use crate::simulator::world::SimulatedObject;

/// A filter: for each condition, the alternatives of a property and its required value.
pub(super) struct Filter(Vec<Vec<(String, String)>>);

impl Filter {
    /// Parses a filter. Without one, every object matches.
    ///
    /// # Errors
    /// 400 for a clause that is not an equality, as from Resource Manager.
    pub(super) fn read(text: Option<&str>) -> Result<Self, ErrorResponse> {
        let clauses = text.into_iter().flat_map(|text| text.split(" and ")).map(str::trim);
        let clauses = clauses.filter(|clause| !clause.is_empty());
        let one = |clause: &str| {
            let (name, value) = equality(clause.trim_matches(['(', ')', ' ']))?;
            Some((name.to_ascii_lowercase(), value))
        };
        let clauses = clauses.map(|clause| clause.split(" or ").map(one).collect::<Option<Vec<_>>>());
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
        let mut named = self.0.iter().flatten().filter(|(name, _)| name == "tagname");
        let tag = named.next().map(|(_, value)| value.as_str());
        let is = |(name, value): &(String, String)| match name.as_str() {
            "resourcegroup" => group.eq_ignore_ascii_case(value),
            "resourcetype" => object.type_.eq_ignore_ascii_case(value),
            "name" => id.rsplit('/').next().is_some_and(|own| own.eq_ignore_ascii_case(value)),
            "location" => {
                object.location().is_some_and(|own| own.replace(' ', "").eq_ignore_ascii_case(&value.replace(' ', "")))
            }
            "tagname" => tags.is_some_and(|tags| tags.contains_key(value)),
            "tagvalue" => {
                tag.is_some_and(|tag| tags.and_then(|tags| tags.get(tag)).and_then(Json::as_str) == Some(value))
            }
            _ => true,
        };
        self.0.iter().all(|alternatives| alternatives.iter().any(is))
    }
}

/// A property and its required value: `name eq 'value'`.
pub(super) fn equality(clause: &str) -> Option<(&str, String)> {
    let (name, value) = clause.split_once(" eq ")?;
    let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    Some((name.trim(), value.replace("''", "'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_and_parentheses_are_read() {
        let text = "(resourceType eq 'Microsoft.Sql/servers') and ((name eq 'a') or (name eq 'b'))";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let wanted =
            vec![vec![pair("resourcetype", "Microsoft.Sql/servers")], vec![pair("name", "a"), pair("name", "b")]];
        assert!(Filter::read(Some(text)).is_ok_and(|filter| filter.0 == wanted));
        assert!(Filter::read(Some("name ne 'a'")).is_err());
    }
}
