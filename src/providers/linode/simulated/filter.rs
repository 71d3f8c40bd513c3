//! The filter of a list, from the header `X-Filter` (source: Linode's documentation of filtering).

use serde_json::{Map, Value as Json};

use super::answers::Refused;
use crate::simulator::request::Request;

/// The elements that the filter of a request accepts.
///
/// # Errors
/// A filter that is not valid.
pub(super) fn filtered(all: Vec<Json>, request: &Request) -> Result<Vec<Json>, Refused> {
    let Some(text) = request.header("x-filter") else { return Ok(all) };
    let invalid = || Refused::new(400, "Cannot filter: X-Filter is not valid");
    let Ok(Json::Object(filter)) = serde_json::from_str(text) else { return Err(invalid()) };
    let mut kept = Vec::new();
    for one in all {
        if accepts(&filter, &one).ok_or_else(invalid)? {
            kept.push(one);
        }
    }
    Ok(kept)
}

/// `None` for a filter with an operator that the API does not have.
fn accepts(filter: &Map<String, Json>, one: &Json) -> Option<bool> {
    let all_of = |conditions: &Json| -> Option<Vec<bool>> {
        conditions.as_array()?.iter().map(|inner| accepts(inner.as_object()?, one)).collect()
    };
    let mut holds = true;
    for (name, wanted) in filter {
        holds &= match name.as_str() {
            "+and" => all_of(wanted)?.into_iter().all(|holds| holds),
            "+or" => all_of(wanted)?.into_iter().any(|holds| holds),
            "+order" | "+order_by" => true,
            operator if operator.starts_with('+') => return None,
            field => is(one.pointer(&format!("/{}", field.replace('.', "/"))).unwrap_or(&Json::Null), wanted)?,
        };
    }
    Some(holds)
}

fn is(value: &Json, wanted: &Json) -> Option<bool> {
    let Json::Object(operators) = wanted else {
        let is_element = value.as_array().is_some_and(|items| items.contains(wanted));
        return Some(value == wanted || is_element);
    };
    let mut holds = true;
    for (operator, wanted) in operators {
        let order = value.as_f64().zip(wanted.as_f64()).map(|(value, wanted)| value.total_cmp(&wanted));
        holds &= match operator.as_str() {
            "+gt" => order.is_some_and(std::cmp::Ordering::is_gt),
            "+gte" => order.is_some_and(std::cmp::Ordering::is_ge),
            "+lt" => order.is_some_and(std::cmp::Ordering::is_lt),
            "+lte" => order.is_some_and(std::cmp::Ordering::is_le),
            "+neq" => value != wanted,
            "+contains" => value.as_str().zip(wanted.as_str()).is_some_and(|(value, part)| value.contains(part)),
            _ => return None,
        };
    }
    Some(holds)
}
