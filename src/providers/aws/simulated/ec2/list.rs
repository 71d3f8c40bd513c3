//! Lists of EC2: filters, pages, and objects by their ids.

use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::store::{self, Place, is_visible};
use super::super::types::Type;
use super::call::Call;
use crate::simulator::fault::matches;
use crate::simulator::world::World;

/// A list of the objects of a type.
pub(super) struct List {
    pub(super) action: &'static str,
    pub(super) of: &'static Type,
    /// The element with the objects.
    pub(super) set: &'static str,
    /// The parameter with their ids.
    pub(super) ids: &'static str,
    /// Filters beside those of tags, with the elements that they compare.
    pub(super) filters: &'static [(&'static str, &'static str)],
    /// An object as the list has it.
    pub(super) shown: fn(&World, &str, &Json) -> Json,
}

/// The answer to a call for a list.
pub(super) fn answer(world: &World, call: &Call<'_>, list: &List) -> Result<Map<String, Json>, Refused> {
    let place = Place::new(list.of, call.region);
    let wanted = call.list(list.ids);
    let mut found = Vec::new();
    if wanted.is_empty() {
        found.extend(place.all(world).into_iter().filter(|object| is_visible(world, object)));
    } else {
        for id in &wanted {
            found.push(place.get(world, id)?);
        }
    }
    let shown = found.into_iter().map(|object| (list.shown)(world, call.region, &object.body)).collect();
    page(filtered(shown, call, list.filters)?, call, list.set, !wanted.is_empty())
}

/// The elements that all filters of a call accept. A filter accepts any of its values, in which `*` is any text.
pub(super) fn filtered(all: Vec<Json>, call: &Call<'_>, known: &[(&str, &str)]) -> Result<Vec<Json>, Refused> {
    let filters = call.form.get("Filter").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut left = all;
    for filter in filters {
        let name = store::text(filter, "Name");
        let values: Vec<&str> = filter["Value"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let is_wanted = |text: &str| values.iter().any(|value| matches(value.as_bytes(), text.as_bytes()));
        let path = known.iter().find(|(own, _)| *own == name).map(|(_, path)| *path);
        match (name.strip_prefix("tag:"), path) {
            (Some(key), _) => left.retain(|one| {
                let tags = one["tagSet"].as_array().into_iter().flatten();
                tags.filter(|tag| tag["key"] == key).filter_map(|tag| tag["value"].as_str()).any(is_wanted)
            }),
            (None, _) if name == "tag-key" => {
                left.retain(|one| texts(one, "tagSet.key").iter().any(|text| is_wanted(text)))
            }
            (None, Some(path)) => left.retain(|one| texts(one, path).iter().any(|text| is_wanted(text))),
            (None, None) => {
                return Err(Refused::bad("InvalidParameterValue", format!("The filter '{name}' is invalid")));
            }
        }
    }
    Ok(left)
}

/// The texts at a path, through all lists on the way.
fn texts(value: &Json, path: &str) -> Vec<String> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match value {
        Json::Array(items) => items.iter().flat_map(|item| texts(item, path)).collect(),
        Json::Null => Vec::new(),
        Json::Object(fields) => fields.get(first).map_or_else(Vec::new, |inner| texts(inner, rest)),
        Json::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// The wanted page of a list.
pub(super) fn page(all: Vec<Json>, call: &Call<'_>, set: &str, by_ids: bool) -> Result<Map<String, Json>, Refused> {
    let from = match call.text("NextToken") {
        "" => 0,
        token => token.parse::<usize>().map_err(|_| Refused::bad("InvalidNextToken", "The token is not valid."))?,
    };
    let most = match call.number("MaxResults")? {
        None => usize::MAX,
        Some(_) if by_ids => {
            let why = "The parameter MaxResults cannot be used with ids.";
            return Err(Refused::bad("InvalidParameterCombination", why));
        }
        Some(most @ 5..=1000) => usize::try_from(most).unwrap_or(usize::MAX),
        Some(most) => {
            let why = format!("Value ( {most} ) for parameter maxResults is invalid. Expecting a value of 5 to 1000.");
            return Err(Refused::bad("InvalidParameterValue", why));
        }
    };
    let next = from.saturating_add(most);
    let more = (next < all.len()).then(|| next.to_string());
    let mut answer = Map::new();
    answer.insert(set.to_owned(), Json::Array(all.into_iter().skip(from).take(most).collect()));
    answer.extend(more.map(|token| ("nextToken".to_owned(), json!(token))));
    Ok(answer)
}
