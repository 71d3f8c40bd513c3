//! Template functions that call a lambda for each element of an array or each property of an object.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::evaluate::{Frame, TemplateError};
use super::expression::Expression;
use super::functions::{text, truth};

/// A lambda: the names of its parameters, and its body.
struct Lambda<'a> {
    names: Vec<&'a str>,
    body: &'a Expression,
}

/// The lambda in an argument.
fn lambda(argument: &Expression) -> Option<Lambda<'_>> {
    let Expression::Call(name, args) = argument else { return None };
    let (body, names) = args.split_last().filter(|_| name.eq_ignore_ascii_case("lambda"))?;
    let names = names.iter().map(|name| match name {
        Expression::Text(name) => Some(name.as_str()),
        _ => None,
    });
    Some(Lambda { names: names.collect::<Option<_>>()?, body })
}

impl Lambda<'_> {
    /// The result for these values: one for each parameter, further values are for parameters that it leaves out.
    fn call(&self, frame: &Frame<'_>, values: &[&Json]) -> Result<Json, TemplateError> {
        let mut inner = frame.clone();
        let bound = self.names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), (*value).clone()));
        inner.bound.extend(bound);
        inner.evaluate(self.body)
    }
}

/// The result of a function by its folded name; `None` for a call without lambdas.
pub(in crate::providers::azure::simulated) fn call(
    frame: &Frame<'_>,
    name: &str,
    args: &[Expression],
) -> Option<Result<Json, TemplateError>> {
    let lambdas: Vec<Lambda<'_>> = args.iter().filter_map(lambda).collect();
    let (first, one) = (args.first()?, lambdas.first()?);
    let list = || match frame.evaluate(first)? {
        Json::Array(items) => Ok(items),
        _ => Err(TemplateError::Wrong(format!("`{name}` takes an array and a lambda"))),
    };
    Some(match (name, args.len(), lambdas.len()) {
        ("map", 2, 1) => list().and_then(|items| {
            items.iter().enumerate().map(|(at, item)| one.call(frame, &[item, &json!(at)])).collect()
        }),
        ("filter", 2, 1) => list().and_then(|items| {
            let mut kept = Vec::new();
            for (at, item) in items.into_iter().enumerate() {
                if truth(&one.call(frame, &[&item, &json!(at)])?)? {
                    kept.push(item);
                }
            }
            Ok(Json::Array(kept))
        }),
        ("reduce", 3, 1) => list().and_then(|items| {
            let start = frame.evaluate(args.get(1).unwrap_or(first))?;
            items.iter().enumerate().try_fold(start, |so_far, (at, item)| one.call(frame, &[&so_far, item, &json!(at)]))
        }),
        ("sort", 2, 1) => list().and_then(|items| sorted(frame, items, one)),
        ("groupby", 2, 1) => list().and_then(|items| {
            let mut groups = JsonMap::new();
            for item in items {
                let key = text(&one.call(frame, &[&item])?)?;
                if let Json::Array(group) = groups.entry(key).or_insert_with(|| json!([])) {
                    group.push(item);
                }
            }
            Ok(Json::Object(groups))
        }),
        ("toobject", 2 | 3, 1 | 2) => list().and_then(|items| {
            let mut made = JsonMap::new();
            for item in items {
                let key = text(&one.call(frame, &[&item])?)?;
                let value = match lambdas.get(1) {
                    Some(value) => value.call(frame, &[&item])?,
                    None => item,
                };
                made.insert(key, value);
            }
            Ok(Json::Object(made))
        }),
        ("mapvalues", 2, 1) => frame.evaluate(first).and_then(|of| match of {
            Json::Object(map) => {
                let values = map.into_iter().map(|(key, value)| Ok((key, one.call(frame, &[&value])?)));
                Ok(Json::Object(values.collect::<Result<_, TemplateError>>()?))
            }
            _ => Err(TemplateError::Wrong("`mapValues` takes an object and a lambda".to_owned())),
        }),
        _ => return None,
    })
}

/// The elements in the order in which the lambda says that one comes before another. Equal elements keep their order.
fn sorted(frame: &Frame<'_>, items: Vec<Json>, before: &Lambda<'_>) -> Result<Json, TemplateError> {
    let mut sorted: Vec<Json> = Vec::with_capacity(items.len());
    for item in items {
        // By bisection: the number of calls stays low, and the lambda may contradict itself.
        let (mut low, mut high) = (0, sorted.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(other) = sorted.get(middle) else { break };
            if truth(&before.call(frame, &[&item, other])?)? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        sorted.insert(low, item);
    }
    Ok(Json::Array(sorted))
}
