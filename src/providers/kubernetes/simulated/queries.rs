//! Selectors of lists, and pages.

use serde_json::Value as Json;

use super::answers::Refused;
use super::text;
use crate::simulator::request::Request;

/// True for an object that the selectors of a request accept.
///
/// # Errors
/// A selector that cannot be read.
pub(super) fn accepts(request: &Request, body: &Json) -> Result<bool, Refused> {
    let query = |name: &str| request.query.get(name).map(String::as_str).unwrap_or_default();
    Ok(labels(query("labelSelector"), body)? && fields(query("fieldSelector"), body)?)
}

/// The terms of a selector: commas within parentheses separate values.
fn terms(selector: &str) -> Vec<&str> {
    let (mut terms, mut depth, mut from) = (Vec::new(), 0_u32, 0);
    for (at, c) in selector.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                terms.extend(selector.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    terms.extend(selector.get(from..));
    terms.into_iter().map(str::trim).filter(|term| !term.is_empty()).collect()
}

fn labels(selector: &str, body: &Json) -> Result<bool, Refused> {
    let label = |name: &str| body.pointer("/metadata/labels")?.get(name.trim())?.as_str();
    let values = |list: &str| -> Vec<String> {
        list.trim().trim_start_matches('(').trim_end_matches(')').split(',').map(|one| one.trim().to_owned()).collect()
    };
    for term in terms(selector) {
        let is_met = if let Some((name, value)) = term.split_once("!=") {
            label(name) != Some(value.trim())
        } else if let Some((name, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
            label(name) == Some(value.trim())
        } else if let Some((name, list)) = term.split_once(" notin ") {
            label(name).is_none_or(|label| !values(list).iter().any(|value| value == label))
        } else if let Some((name, list)) = term.split_once(" in ") {
            label(name).is_some_and(|label| values(list).iter().any(|value| value == label))
        } else if let Some(name) = term.strip_prefix('!') {
            label(name).is_none()
        } else if term.contains(' ') {
            return Err(Refused::body(format!("unable to parse requirement: {term}")));
        } else {
            label(term).is_some()
        };
        if !is_met {
            return Ok(false);
        }
    }
    Ok(true)
}

fn fields(selector: &str, body: &Json) -> Result<bool, Refused> {
    for term in terms(selector) {
        let (name, value, wanted) = match term.split_once("!=") {
            Some((name, value)) => (name, value, false),
            None => {
                let (name, value) = term.split_once('=').unwrap_or((term, ""));
                (name, value.trim_start_matches('='), true)
            }
        };
        let found = text(body, &format!("/{}", name.replace('.', "/")));
        if (found == value) != wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The page of a list that a request wants, and the mark of the next one.
pub(super) fn page(items: Vec<Json>, request: &Request) -> (Vec<Json>, Option<String>) {
    let number = |name: &str| request.query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (from, limit) = (number("continue").unwrap_or_default(), number("limit").unwrap_or_default());
    let left = items.len().saturating_sub(from);
    let next = (limit > 0 && left > limit).then(|| (from + limit).to_string());
    let most = if limit == 0 { left } else { limit };
    (items.into_iter().skip(from).take(most).collect(), next)
}
