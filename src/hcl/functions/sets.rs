//! Functions over sets. A set is a list that is sorted and has no repeats.

use std::cmp::Ordering;

use crate::hcl::eval::{MAX_ELEMENTS, order};
use crate::value::Value;

use super::{Function, FunctionError, ParamType, list, param, pure, types};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("toset", &[param("value", ParamType::Known)], toset, "The elements, sorted and without repeats.")
        .at_cost(SORT),
    pure("distinct", &[param("list", ParamType::Known)], distinct, "The list without repeats, in its order.")
        .at_cost(SORT),
    pure("setunion", &[SET], setunion, "The elements of any of the sets.")
        .and_more(param("sets", ParamType::Known))
        .at_cost(SORT),
    pure("setintersection", &[SET], setintersection, "The elements that all sets have.")
        .and_more(param("sets", ParamType::Known))
        .at_cost(SORT),
    pure(
        "setsubtract",
        &[SET, param("without", ParamType::Known)],
        setsubtract,
        "The elements of the first set that the second does not have.",
    )
    .at_cost(SORT),
    pure("setproduct", &[param("list", ParamType::List)], setproduct, "Every choice of one element from each list.")
        .and_more(param("lists", ParamType::List)),
];

/// Units of work for eight bytes of a list that is sorted: each is compared with as many others as its length has bits.
pub(super) const SORT: usize = 32;

const SET: super::Param = param("set", ParamType::Known);

/// The elements of an argument, which must be a list, of one type if they are plain.
fn elements(args: &[Value], at: usize) -> Result<Vec<Value>, FunctionError> {
    match args.get(at) {
        Some(Value::List(items)) => Ok(types::unified(items.to_vec())),
        other => Err(FunctionError::mismatch(at, "a list or set", other.unwrap_or(&Value::Null))),
    }
}

fn set(mut items: Vec<Value>) -> Value {
    items.sort_by(compare);
    items.dedup();
    items.into()
}

fn toset(args: &[Value]) -> Result<Value, FunctionError> {
    if let Some(Value::Null) = args.first() {
        return Ok(Value::Null);
    }
    elements(args, 0).map(set)
}

fn distinct(args: &[Value]) -> Result<Value, FunctionError> {
    let items = elements(args, 0)?;
    // Sorted by value and then by position, the first of each run of equals is the first in the list.
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| compare_at(&items, *a, *b).then(a.cmp(b)));
    order.dedup_by(|next, kept| compare_at(&items, *next, *kept).is_eq());
    order.sort_unstable();
    Ok(order.into_iter().filter_map(|at| items.get(at).cloned()).collect::<Vec<_>>().into())
}

fn compare_at(items: &[Value], a: usize, b: usize) -> Ordering {
    match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Ordering::Equal,
    }
}

fn setunion(args: &[Value]) -> Result<Value, FunctionError> {
    let mut all = Vec::new();
    for at in 0..args.len() {
        all.extend(elements(args, at)?);
    }
    Ok(set(types::unified(all)))
}

fn setintersection(args: &[Value]) -> Result<Value, FunctionError> {
    let mut kept = elements(args, 0)?;
    for at in 1..args.len() {
        let other = sorted(elements(args, at)?);
        kept.retain(|item| other.binary_search_by(|probe| compare(probe, item)).is_ok());
    }
    Ok(set(kept))
}

fn setsubtract(args: &[Value]) -> Result<Value, FunctionError> {
    let without = sorted(elements(args, 1)?);
    let mut kept = elements(args, 0)?;
    kept.retain(|item| without.binary_search_by(|probe| compare(probe, item)).is_err());
    Ok(set(kept))
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    items.sort_by(compare);
    items
}

fn setproduct(args: &[Value]) -> Result<Value, FunctionError> {
    if (0..args.len()).any(|at| list(args, at).is_empty()) {
        return Ok(Vec::new().into());
    }
    let count = (0..args.len()).try_fold(1_usize, |count, at| count.checked_mul(list(args, at).len()));
    if count.is_none_or(|count| count.saturating_mul(args.len()) > MAX_ELEMENTS) {
        return Err(FunctionError::too_large());
    }
    let mut choices: Vec<Vec<Value>> = vec![Vec::new()];
    for at in 0..args.len() {
        choices = choices
            .iter()
            .flat_map(|choice| {
                list(args, at).iter().map(|item| choice.iter().chain([item]).cloned().collect::<Vec<Value>>())
            })
            .collect();
    }
    Ok(choices.into_iter().map(Value::from).collect::<Vec<_>>().into())
}

/// An order of all values, by type and then by what they hold; numbers by their size, strings by their bytes.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => order(*a, *b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Block(a), Value::Block(b)) => a.cmp(b),
        (Value::List(a), Value::List(b)) => {
            let first = a.iter().zip(b.iter()).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Map(a), Value::Map(b)) => {
            let entries = a.iter().zip(b.iter());
            let first =
                entries.map(|((ka, a), (kb, b))| ka.cmp(kb).then_with(|| compare(a, b))).find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::List(_) => 4,
        Value::Map(_) => 5,
        Value::Block(_) => 6,
        // Neither reaches a function that reads its arguments to the ground.
        Value::Unknown(_) => 7,
        Value::Sensitive(_) => 8,
    }
}
