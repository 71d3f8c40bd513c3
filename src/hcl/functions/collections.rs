//! Functions over lists and maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::hcl::eval::{Budget, MAX_ELEMENTS, order, to_bool, to_text};
use crate::value::{Map, Number, Value};

use super::{Function, FunctionError, ParamType, any, costly, int, list, map, number, optional, param, pure, types};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("alltrue", &[KNOWN_LIST], |args| all_or_any(args, true), "True if all elements are true."),
    pure("anytrue", &[KNOWN_LIST], |args| all_or_any(args, false), "True if any element is true."),
    pure("chunklist", &[LIST, param("size", ParamType::Int)], chunklist, "The list cut into lists of this size."),
    pure("coalesce", &[], coalesce, "The first value that is neither null nor an empty string.")
        .and_more(param("values", ParamType::Raw)),
    pure("coalescelist", &[], coalescelist, "The first list that is not empty.")
        .and_more(param("lists", ParamType::Any)),
    pure("compact", &[LIST], compact, "The list of strings without empty ones and nulls."),
    pure("concat", &[], concat, "The elements of all the lists, one after the other.")
        .and_more(param("lists", ParamType::List)),
    pure("contains", &[KNOWN_LIST, param("value", ParamType::Known)], contains, "True if the value is in the list."),
    pure(
        "element",
        &[LIST, param("index", ParamType::Int)],
        element,
        "The element at an index that starts over at the end.",
    )
    .at_cost(0),
    costly("flatten", &[LIST], flatten, "The list with the elements of lists within it in their place."),
    pure("index", &[KNOWN_LIST, param("value", ParamType::Known)], index, "The position of the value in the list."),
    pure("keys", &[MAP], keys, "The keys of the map, sorted."),
    costly("length", &[param("value", ParamType::Any)], length, "The number of elements or characters of the value.")
        .at_cost(0),
    pure(
        "lookup",
        &[MAP, param("key", ParamType::Text), optional("default", ParamType::Any)],
        lookup,
        "The entry of the map with this key, or the default.",
    )
    .at_cost(0),
    pure(
        "matchkeys",
        &[param("values", ParamType::List), param("keys", ParamType::Known), param("searchset", ParamType::Known)],
        matchkeys,
        "The values at the positions of the keys that are in the searched set.",
    )
    .at_cost(super::sets::SORT),
    pure("merge", &[], merge, "All entries of the maps; a later map wins.").and_more(param("maps", ParamType::Any)),
    pure("one", &[LIST], one, "The only element of the list, or null if it is empty."),
    pure(
        "range",
        &[param("start", ParamType::Number), optional("limit", ParamType::Number), optional("step", ParamType::Number)],
        range,
        "The numbers from a start (0 if one number is given) up to, but without, a limit.",
    ),
    pure(
        "reverse",
        &[LIST],
        |args| Ok(list(args, 0).iter().rev().cloned().collect::<Vec<_>>().into()),
        "The list backwards.",
    ),
    pure(
        "slice",
        &[LIST, param("start", ParamType::Int), param("end", ParamType::Int)],
        slice,
        "The elements from a position up to, but without, another.",
    ),
    pure("sort", &[param("list", ParamType::Texts)], sort, "The strings, sorted by their characters.")
        .at_cost(super::sets::SORT),
    pure(
        "transpose",
        &[param("map", ParamType::Known)],
        transpose,
        "The map of lists of strings with keys and elements swapped.",
    )
    .at_cost(super::sets::SORT),
    pure(
        "values",
        &[MAP],
        |args| Ok(map(args, 0).values().cloned().collect::<Vec<_>>().into()),
        "The values of the map, by key.",
    ),
    pure(
        "zipmap",
        &[param("keys", ParamType::Texts), param("values", ParamType::List)],
        zipmap,
        "The map of each key to the value at the same position.",
    ),
];

const LIST: super::Param = param("list", ParamType::List);
const KNOWN_LIST: super::Param = param("list", ParamType::Known);
const MAP: super::Param = param("map", ParamType::Map);

/// The elements of an argument read to its ground, which must be a list.
fn known_list(args: &[Value], at: usize) -> Result<&[Value], FunctionError> {
    match args.get(at) {
        Some(Value::List(items)) => Ok(items),
        other => Err(FunctionError::mismatch(at, "a list", other.unwrap_or(&Value::Null))),
    }
}

fn all_or_any(args: &[Value], all: bool) -> Result<Value, FunctionError> {
    for (at, item) in known_list(args, 0)?.iter().enumerate() {
        // As in Terraform, null counts as false.
        let holds = match item {
            Value::Null => false,
            item => {
                to_bool(item).map_err(|fault| FunctionError::arg(0, format!("{} (element {at})", fault.summary)))?
            }
        };
        if holds != all {
            return Ok((!all).into());
        }
    }
    Ok(all.into())
}

fn chunklist(args: &[Value]) -> Result<Value, FunctionError> {
    let items = list(args, 0);
    let size = usize::try_from(int(args, 1).unwrap_or_default())
        .map_err(|_| FunctionError::arg(1, "the size must not be negative"))?;
    let size = if size == 0 { items.len().max(1) } else { size };
    Ok(items.chunks(size).map(|chunk| Value::from(chunk.to_vec())).collect::<Vec<_>>().into())
}

fn coalesce(args: &[Value]) -> Result<Value, FunctionError> {
    let texts = types::wants_text(args.iter());
    for arg in args {
        match arg.unmark().0 {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            plain if texts && matches!(plain, Value::Number(_) | Value::Bool(_)) => {
                let text = to_text(plain).map_or(Value::Null, Value::String);
                return Ok(if arg.sensitive_within() { text.sensitive() } else { text });
            }
            _ => return Ok(arg.clone()),
        }
    }
    Err(FunctionError::call("all values are null or empty").help("Write a last argument that always has a value."))
}

fn coalescelist(args: &[Value]) -> Result<Value, FunctionError> {
    for (at, arg) in args.iter().enumerate() {
        match arg {
            Value::Null => {}
            Value::List(items) if items.is_empty() => {}
            Value::List(_) => return Ok(arg.clone()),
            other => return Err(FunctionError::mismatch(at, "a list", other)),
        }
    }
    Err(FunctionError::call("all lists are null or empty").help("Write a last argument that is not empty."))
}

fn compact(args: &[Value]) -> Result<Value, FunctionError> {
    let mut kept = Vec::new();
    for (at, item) in list(args, 0).iter().enumerate() {
        match item.unmark().0 {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            // Whether an unknown string will be empty, and so how long the result is, is not known.
            Value::Unknown(_) => return Ok(item.clone()),
            Value::List(_) | Value::Map(_) | Value::Block(_) => {
                return Err(FunctionError::arg(0, format!("{} (element {at}) is not a string", item.type_name())));
            }
            _ => kept.push(item.clone()),
        }
    }
    Ok(types::unified(kept).into())
}

fn concat(args: &[Value]) -> Result<Value, FunctionError> {
    let length: usize = (0..args.len()).map(|at| list(args, at).len()).sum();
    if length > MAX_ELEMENTS {
        return Err(FunctionError::too_large());
    }
    Ok((0..args.len()).flat_map(|at| list(args, at)).cloned().collect::<Vec<_>>().into())
}

fn contains(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(known_list(args, 0)?.contains(&any(args, 1)).into())
}

fn element(args: &[Value]) -> Result<Value, FunctionError> {
    let items = list(args, 0);
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let at = int(args, 1).unwrap_or_default();
    if at < 0 {
        return Err(FunctionError::arg(1, "the index must not be negative"));
    }
    let at = at.checked_rem(length).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| items.get(at)).cloned().ok_or_else(|| FunctionError::arg(0, "an empty list has no elements"))
}

fn flatten(args: &[Value], budget: &Budget) -> Result<Value, FunctionError> {
    budget.charge(args.first().map_or(0, Value::size) / 8)?;
    let mut out = Vec::new();
    match flatten_into(list(args, 0), false, &mut out)? {
        Some(unknown) => Ok(unknown),
        None => Ok(out.into()),
    }
}

/// Adds the elements, those of lists within included. Gives a list within that is unknown: then so is the result.
fn flatten_into(items: &[Value], sensitive: bool, out: &mut Vec<Value>) -> Result<Option<Value>, FunctionError> {
    for item in items {
        let (plain, marked) = item.unmark();
        let sensitive = sensitive || marked;
        match plain {
            Value::List(inner) => {
                if let Some(unknown) = flatten_into(inner, sensitive, out)? {
                    return Ok(Some(unknown));
                }
            }
            // It may be a list, so how many elements there are is not known.
            Value::Unknown(_) if sensitive => return Ok(Some(plain.clone().sensitive())),
            Value::Unknown(_) => return Ok(Some(plain.clone())),
            _ if out.len() >= MAX_ELEMENTS => return Err(FunctionError::too_large()),
            plain => out.push(if sensitive { plain.clone().sensitive() } else { plain.clone() }),
        }
    }
    Ok(None)
}

fn index(args: &[Value]) -> Result<Value, FunctionError> {
    let sought = any(args, 1);
    let found = known_list(args, 0)?.iter().position(|item| *item == sought);
    found
        .and_then(|at| i64::try_from(at).ok())
        .map(Value::from)
        .ok_or_else(|| FunctionError::arg(1, "this is not in the list").help("Check with `contains` first."))
}

fn keys(args: &[Value]) -> Result<Value, FunctionError> {
    Ok(map(args, 0).keys().map(|key| Value::String(Arc::clone(key))).collect::<Vec<_>>().into())
}

fn length(args: &[Value], budget: &Budget) -> Result<Value, FunctionError> {
    let length = match any(args, 0) {
        Value::String(text) => {
            budget.charge(text.len() / 2)?;
            text.chars().count()
        }
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        other => return Err(FunctionError::mismatch(0, "a string, list or map", &other)),
    };
    Ok(i64::try_from(length).unwrap_or(i64::MAX).into())
}

fn lookup(args: &[Value]) -> Result<Value, FunctionError> {
    let (map, key) = (map(args, 0), super::text(args, 1));
    match map.get(key).or_else(|| args.get(2)) {
        Some(value) => Ok(value.clone()),
        None => {
            Err(FunctionError::arg(1, format!("the map has no `{key}`")).help("Write a default as the third argument."))
        }
    }
}

fn matchkeys(args: &[Value]) -> Result<Value, FunctionError> {
    let (values, keys, sought) = (list(args, 0), known_list(args, 1)?, known_list(args, 2)?);
    if values.len() != keys.len() {
        return Err(FunctionError::arg(1, "there must be as many keys as values"));
    }
    let mut sought: Vec<&Value> = sought.iter().collect();
    sought.sort_by(|a, b| super::sets::compare(a, b));
    let is_sought = |key: &Value| sought.binary_search_by(|probe| super::sets::compare(probe, key)).is_ok();
    let kept = values.iter().zip(keys).filter(|(_, key)| is_sought(key)).map(|(value, _)| value.clone());
    Ok(kept.collect::<Vec<_>>().into())
}

fn merge(args: &[Value]) -> Result<Value, FunctionError> {
    let mut out = Map::new();
    for (at, arg) in args.iter().enumerate() {
        match arg {
            Value::Null => {}
            Value::Map(map) => out.extend(map.iter().map(|(key, value)| (Arc::clone(key), value.clone()))),
            other => return Err(FunctionError::mismatch(at, "a map", other)),
        }
    }
    Ok(out.into())
}

fn one(args: &[Value]) -> Result<Value, FunctionError> {
    match list(args, 0) {
        [] => Ok(Value::Null),
        [only] => Ok(only.clone()),
        more => Err(FunctionError::arg(0, format!("expected a list of one element or none, found {}", more.len()))),
    }
}

fn range(args: &[Value]) -> Result<Value, FunctionError> {
    let zero = Number::Int(0);
    let (start, limit) = if args.len() > 1 { (number(args, 0), number(args, 1)) } else { (zero, number(args, 0)) };
    let down = order(limit, start).is_lt();
    let step = if args.len() > 2 { number(args, 2) } else { Number::Int(if down { -1 } else { 1 }) };
    if step == zero || (down && order(step, zero).is_gt()) || (!down && order(step, zero).is_lt()) {
        return Err(FunctionError::arg(2, "this step does not lead from the start to the limit"));
    }
    let mut out = Vec::new();
    let mut next = start;
    while if down { order(next, limit).is_gt() } else { order(next, limit).is_lt() } {
        if out.len() == MAX_ELEMENTS {
            return Err(FunctionError::too_large());
        }
        out.push(Value::Number(next));
        next = crate::hcl::eval::add(next, step).map_err(|_| FunctionError::too_large())?;
    }
    Ok(out.into())
}

fn slice(args: &[Value]) -> Result<Value, FunctionError> {
    let items = list(args, 0);
    let position = |at| int(args, at).and_then(|position| usize::try_from(position).ok());
    let outside = |at| {
        FunctionError::arg(at, format!("the position must be between 0 and {}, the length of the list", items.len()))
    };
    let start = position(1).filter(|start| *start <= items.len()).ok_or_else(|| outside(1))?;
    let end = position(2).filter(|end| *end <= items.len()).ok_or_else(|| outside(2))?;
    items
        .get(start..end)
        .map(|part| part.to_vec().into())
        .ok_or_else(|| FunctionError::arg(1, "the start must not be after the end"))
}

fn sort(args: &[Value]) -> Result<Value, FunctionError> {
    let mut texts: Vec<Value> = list(args, 0).to_vec();
    texts.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    Ok(texts.into())
}

fn transpose(args: &[Value]) -> Result<Value, FunctionError> {
    let Some(Value::Map(map)) = args.first() else {
        return Err(FunctionError::arg(0, "expected a map of lists of strings"));
    };
    let mut out: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, items) in map.iter() {
        let Value::List(items) = items else {
            return Err(FunctionError::arg(0, format!("the entry `{key}` is not a list")));
        };
        for item in items.iter() {
            let text =
                to_text(item).map_err(|fault| FunctionError::arg(0, format!("{} (in `{key}`)", fault.summary)))?;
            out.entry(text).or_default().push(Value::String(Arc::clone(key)));
        }
    }
    Ok(out.into_iter().map(|(key, items)| (key, items.into())).collect::<Map>().into())
}

fn zipmap(args: &[Value]) -> Result<Value, FunctionError> {
    let (keys, values) = (list(args, 0), list(args, 1));
    if keys.len() != values.len() {
        return Err(FunctionError::arg(1, format!("there are {} keys and {} values", keys.len(), values.len())));
    }
    let entries = keys.iter().zip(values);
    Ok(entries.map(|(key, value)| (Arc::from(key.as_str().unwrap_or_default()), value.clone())).collect::<Map>().into())
}
