//! Template functions that depend only on their arguments. Results are Azure's, except for the text of GUIDs and unique
//! strings, whose algorithm Azure does not publish.

use std::net::Ipv4Addr;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::evaluate::{TemplateError, kind_of, within};
use super::{dates, encodings};
use crate::ranges::Cidr;
use crate::simulator::seed::Seed;

/// The letters of `uniqueString`: base 32, as in Azure.
const UNIQUE_LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The longest string that a function may return, in bytes: that of the largest template.
const LONGEST_TEXT: usize = 4 * 1024 * 1024;

/// The result of a function, by its folded name and its name as written.
pub(in crate::providers::azure::simulated) fn call(
    folded: &str,
    name: &str,
    args: &[Json],
) -> Result<Json, TemplateError> {
    let found = texts(folded, args).or_else(|| encodings::call(folded, args)).or_else(|| collections(folded, args));
    let found = found.or_else(|| numbers(folded, args)).or_else(|| dates::call(folded, args));
    found.unwrap_or_else(|| {
        Err(TemplateError::Wrong(format!("the function `{name}` does not exist with {} arguments", args.len())))
    })
}

pub(in crate::providers::azure::simulated) type FunctionResult = Option<Result<Json, TemplateError>>;

/// String functions.
fn texts(name: &str, args: &[Json]) -> FunctionResult {
    let of = |at: usize| args.get(at).map_or_else(|| Err(missing(name)), text);
    let made = |text: Result<String, TemplateError>| Some(text.map(Json::from));
    match (name, args.len()) {
        ("concat", _) if args.iter().all(|arg| !arg.is_array()) => made(Ok(args.iter().map(plain).collect())),
        ("format", 1..) => made(of(0).and_then(|pattern| format(&pattern, &args[1..]))),
        ("string", 1) => made(Ok(plain(&args[0]))),
        ("tolower", 1) => made(of(0).map(|text| text.to_lowercase())),
        ("toupper", 1) => made(of(0).map(|text| text.to_uppercase())),
        ("trim", 1) => made(of(0).map(|text| text.trim().to_owned())),
        ("replace", 3) => made(of(0).and_then(|text| {
            let (old, new) = (of(1)?, of(2)?);
            fits(text.matches(old.as_str()).count().saturating_mul(new.len()))?;
            Ok(text.replace(&old, &new))
        })),
        ("padleft", 2 | 3) => made(whole(&args[1]).and_then(|width| {
            let pad = args.get(2).map_or(Ok(" ".to_owned()), text)?;
            let (text, mut chars) = (plain(&args[0]), pad.chars());
            let (Some(pad), None) = (chars.next(), chars.next()) else { return Err(missing(name)) };
            let missing = width.saturating_sub(text.chars().count());
            fits(missing.saturating_mul(pad.len_utf8()))?;
            Ok(format!("{}{text}", String::from(pad).repeat(missing)))
        })),
        ("indexof" | "lastindexof", 2) if args[0].is_string() => Some(of(0).and_then(|text| {
            let (text, part) = (text.to_lowercase(), of(1)?.to_lowercase());
            let at = if name == "indexof" { text.find(&part) } else { text.rfind(&part) };
            Ok(at.map_or(json!(-1), |at| json!(text[..at].chars().count())))
        })),
        ("skip" | "take", 2) if args[0].is_string() => made(of(0).and_then(|text| {
            let at = usize::try_from(int(&args[1])?.max(0)).unwrap_or(usize::MAX);
            Ok(if name == "skip" { text.chars().skip(at).collect() } else { text.chars().take(at).collect() })
        })),
        ("fail", 1) => Some(of(0).and_then(|why| Err(TemplateError::Wrong(why)))),
        ("substring", 2 | 3) => made(of(0).and_then(|text| {
            let from = whole(&args[1])?;
            let left = text.chars().count().saturating_sub(from);
            let length = args.get(2).map_or(Ok(left), whole)?;
            if length > left {
                return Err(TemplateError::Wrong("`substring` exceeds the length of the string".to_owned()));
            }
            Ok(text.chars().skip(from).take(length).collect())
        })),
        ("split", 2) => Some(of(0).and_then(|text| {
            let parts: Vec<String> = text.split(of(1)?.as_str()).map(str::to_owned).collect();
            Ok(json!(parts))
        })),
        ("join", 2) => Some(list(&args[0]).and_then(|items| {
            let (items, between): (Vec<String>, String) = (items.iter().map(plain).collect(), of(1)?);
            fits(items.len().saturating_mul(between.len()))?;
            Ok(Json::from(items.join(&between)))
        })),
        ("startswith", 2) => {
            Some(of(0).and_then(|text| Ok(json!(text.to_lowercase().starts_with(&of(1)?.to_lowercase())))))
        }
        ("endswith", 2) => {
            Some(of(0).and_then(|text| Ok(json!(text.to_lowercase().ends_with(&of(1)?.to_lowercase())))))
        }
        ("json", 1) => Some(of(0).and_then(|text| encodings::json_of(&text))),
        ("guid", 1..) => {
            made(Ok(Seed(0)
                .guid(&args.iter().map(plain).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>())))
        }
        ("uniquestring", 1..) => {
            let parts: Vec<String> = args.iter().map(plain).collect();
            let mut rest = Seed(0).stream(&parts.iter().map(String::as_str).collect::<Vec<_>>()).draw();
            let mut letters = [0_u8; 13];
            for letter in letters.iter_mut().rev() {
                let digit = usize::try_from(rest % 32).unwrap_or_default();
                *letter = UNIQUE_LETTERS.get(digit).copied().unwrap_or_default();
                rest /= 32;
            }
            made(Ok(letters.iter().map(|letter| char::from(*letter)).collect()))
        }
        ("parsecidr", 1) => Some(of(0).and_then(|range| parse_cidr(&range))),
        ("cidrsubnet", 3) => Some(of(0).and_then(|range| cidr_subnet(&range, whole(&args[1])?, whole(&args[2])?))),
        ("cidrhost", 2) => Some(of(0).and_then(|range| {
            let (first, _) = cidr(&range)?;
            let host = u32::try_from(whole(&args[1])?).ok().and_then(|at| first.checked_add(at)?.checked_add(1));
            Ok(Json::from(Ipv4Addr::from(host.ok_or_else(|| missing("cidrHost"))?).to_string()))
        })),
        _ => None,
    }
}

/// Array and object functions.
fn collections(name: &str, args: &[Json]) -> FunctionResult {
    let first = args.first().unwrap_or(&Json::Null);
    match (name, args.len()) {
        ("concat", 1..) => Some(
            args.iter()
                .try_fold(Vec::new(), |mut all, arg| {
                    all.extend_from_slice(list(arg)?);
                    Ok(all)
                })
                .map(Json::Array),
        ),
        ("createarray", _) => Some(Ok(json!(args))),
        ("array", 1) => Some(Ok(if first.is_array() { first.clone() } else { json!([first]) })),
        ("createobject", _) => Some(
            args.chunks(2)
                .map(|pair| match pair {
                    [name, value] => Ok((text(name)?, value.clone())),
                    _ => Err(missing("createObject")),
                })
                .collect::<Result<JsonMap<_, _>, _>>()
                .map(Json::Object),
        ),
        ("length", 1) => Some(match first {
            Json::Array(items) => Ok(json!(items.len())),
            Json::Object(map) => Ok(json!(map.len())),
            other => text(other).map(|text| json!(text.chars().count())),
        }),
        ("empty", 1) => Some(Ok(json!(match first {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(map) => map.is_empty(),
            other => plain(other).is_empty(),
        }))),
        ("contains", 2) => Some(Ok(json!(match (first, &args[1]) {
            (Json::Array(items), item) => items.contains(item),
            (of @ Json::Object(_), name) => within(of, name).is_some(),
            (text, part) => plain(text).contains(&plain(part)),
        }))),
        ("first" | "last", 1) => Some(Ok(match first {
            Json::Array(items) => {
                (if name == "first" { items.first() } else { items.last() }).cloned().unwrap_or_default()
            }
            text => {
                let text = plain(text);
                let one = if name == "first" { text.chars().next() } else { text.chars().last() };
                Json::from(one.map(String::from).unwrap_or_default())
            }
        })),
        ("skip" | "take", 2) => Some(list(first).and_then(|items| {
            let at = usize::try_from(int(&args[1])?.max(0)).unwrap_or(usize::MAX).min(items.len());
            Ok(json!(if name == "skip" { &items[at..] } else { &items[..at] }))
        })),
        ("range", 2) => Some(int(first).and_then(|from| {
            let count = i64::try_from(whole(&args[1])?).unwrap_or(i64::MAX).min(10_000);
            Ok(json!((from..from.saturating_add(count)).collect::<Vec<_>>()))
        })),
        ("flatten", 1) => Some(list(first).and_then(|items| {
            let inner: Result<Vec<&[Json]>, TemplateError> = items.iter().map(list).collect();
            Ok(Json::Array(inner?.concat()))
        })),
        ("intersection", 1..) => Some(Ok(args[1..].iter().fold(first.clone(), intersection))),
        ("shallowmerge", 1) => Some(list(first).and_then(|items| {
            let mut made = JsonMap::new();
            for item in items {
                made.extend(item.as_object().ok_or_else(|| missing("shallowMerge"))?.clone());
            }
            Ok(Json::Object(made))
        })),
        ("objectkeys", 1) => Some(first.as_object().ok_or_else(|| missing("objectKeys")).map(|map| {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by_key(|key| key.to_lowercase());
            json!(keys)
        })),
        ("indexof" | "lastindexof", 2) => Some(list(first).map(|items| {
            let mut places = items.iter().enumerate().filter(|(_, item)| **item == args[1]).map(|(at, _)| at);
            let at = if name == "indexof" { places.next() } else { places.next_back() };
            at.map_or(json!(-1), |at| json!(at))
        })),
        ("indexfromend" | "tryindexfromend", 2) => Some(list(first).and_then(|items| {
            let from = whole(&args[1])?;
            let at = items.len().checked_sub(from).filter(|_| from > 0);
            match at.and_then(|at| items.get(at)) {
                Some(item) => Ok(item.clone()),
                None if name == "tryindexfromend" => Ok(Json::Null),
                None => Err(missing(name)),
            }
        })),
        ("union", 1..) => Some(Ok(args.iter().fold(Json::Null, union))),
        ("items", 1) => Some(first.as_object().ok_or_else(|| missing("items")).map(|map| {
            let mut items: Vec<_> = map.iter().collect();
            items.sort_by_key(|(name, _)| name.to_lowercase());
            items.into_iter().map(|(name, value)| json!({ "key": name, "value": value })).collect()
        })),
        ("tryget", 2..) => {
            Some(Ok(args[1..].iter().try_fold(first.clone(), |of, at| within(&of, at)).unwrap_or_default()))
        }
        ("coalesce", 1..) => Some(Ok(args.iter().find(|arg| !arg.is_null()).cloned().unwrap_or_default())),
        _ => None,
    }
}

/// Number and logical functions.
fn numbers(name: &str, args: &[Json]) -> FunctionResult {
    let two = || Ok((int(args.first().unwrap_or(&Json::Null))?, int(args.get(1).unwrap_or(&Json::Null))?));
    let reckon = |how: fn(i64, i64) -> Option<i64>| {
        Some(two().and_then(|(a, b)| how(a, b).map(Json::from).ok_or_else(|| missing(name))))
    };
    let compare = |how: fn(std::cmp::Ordering) -> bool| {
        let ordering = match args {
            [Json::String(a), Json::String(b)] => Ok(a.cmp(b)),
            _ => two().map(|(a, b)| a.cmp(&b)),
        };
        Some(ordering.map(|ordering| json!(how(ordering))))
    };
    let all = || args.iter().map(truth).collect::<Result<Vec<_>, _>>();
    match (name, args.len()) {
        ("null", 0) => Some(Ok(Json::Null)),
        ("true", 0) => Some(Ok(json!(true))),
        ("false", 0) => Some(Ok(json!(false))),
        ("and", 1..) => Some(all().map(|all| json!(all.iter().all(|one| *one)))),
        ("or", 1..) => Some(all().map(|all| json!(all.iter().any(|one| *one)))),
        ("not", 1) => Some(truth(&args[0]).map(|truth| json!(!truth))),
        ("bool", 1) => Some(truth(&args[0]).map(|truth| json!(truth))),
        ("int", 1) => Some(int(&args[0]).map(Json::from)),
        ("float", 1) => {
            let number = args[0].as_f64().or_else(|| args[0].as_str()?.parse().ok());
            Some(number.map(Json::from).ok_or_else(|| missing(name)))
        }
        ("equals", 2) => Some(Ok(json!(args[0] == args[1]))),
        ("less", 2) => compare(std::cmp::Ordering::is_lt),
        ("lessorequals", 2) => compare(std::cmp::Ordering::is_le),
        ("greater", 2) => compare(std::cmp::Ordering::is_gt),
        ("greaterorequals", 2) => compare(std::cmp::Ordering::is_ge),
        ("add", 2) => reckon(i64::checked_add),
        ("sub", 2) => reckon(i64::checked_sub),
        ("mul", 2) => reckon(i64::checked_mul),
        ("div", 2) => reckon(i64::checked_div),
        ("mod", 2) => reckon(i64::checked_rem),
        ("min" | "max", 1..) => {
            let numbers: Result<Vec<i64>, TemplateError> = match args {
                [Json::Array(items)] => items.iter().map(int).collect(),
                _ => args.iter().map(int).collect(),
            };
            Some(numbers.and_then(|numbers| {
                let found = if name == "min" { numbers.iter().min() } else { numbers.iter().max() };
                found.copied().map(Json::from).ok_or_else(|| missing(name))
            }))
        }
        _ => None,
    }
}

/// The value as a string.
pub(in crate::providers::azure::simulated) fn text(value: &Json) -> Result<String, TemplateError> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| TemplateError::Wrong(format!("expected a string, got {}", kind_of(value))))
}

/// The value as a boolean.
pub(in crate::providers::azure::simulated) fn truth(value: &Json) -> Result<bool, TemplateError> {
    match value {
        Json::Bool(truth) => Ok(*truth),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Json::Number(number) => Ok(number.as_i64() != Some(0)),
        other => Err(TemplateError::Wrong(format!("expected a boolean, got {}", kind_of(other)))),
    }
}

pub(in crate::providers::azure::simulated) fn int(value: &Json) -> Result<i64, TemplateError> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| TemplateError::Wrong(format!("expected an integer, got {}", kind_of(value))))
}

fn whole(value: &Json) -> Result<usize, TemplateError> {
    usize::try_from(int(value)?).map_err(|_| TemplateError::Wrong("the number must not be negative".to_owned()))
}

fn list(value: &Json) -> Result<&[Json], TemplateError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| TemplateError::Wrong(format!("expected an array, got {}", kind_of(value))))
}

/// A value formatted as a string.
pub(in crate::providers::azure::simulated) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// Refuses a string longer than any template can need.
fn fits(length: usize) -> Result<(), TemplateError> {
    if length <= LONGEST_TEXT { Ok(()) } else { Err(TemplateError::Wrong("a string exceeds 4 MB".to_owned())) }
}

/// `format`: a pattern with its `{0}` placeholders replaced.
fn format(pattern: &str, args: &[Json]) -> Result<String, TemplateError> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        filled.push_str(before);
        if let Some(after) = after.strip_prefix("{{").or_else(|| after.strip_prefix("}}")) {
            filled.push_str(&rest[at..=at]);
            rest = after;
            continue;
        }
        let (place, after) = after[1..].split_once('}').ok_or_else(|| missing("format"))?;
        let number = place.split([':', ',']).next().unwrap_or_default();
        let arg = number.parse::<usize>().ok().and_then(|at| args.get(at));
        filled.push_str(&plain(
            arg.ok_or_else(|| TemplateError::Wrong(format!("`format` has no argument {{{place}}}")))?,
        ));
        fits(filled.len())?;
        rest = after;
    }
    filled.push_str(rest);
    fits(filled.len())?;
    Ok(filled)
}

/// `union`: two arrays without duplicates, or two objects merged.
fn union(all: Json, more: &Json) -> Json {
    match (all, more) {
        (Json::Array(mut items), Json::Array(more)) => {
            for item in more {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            }
            Json::Array(items)
        }
        (Json::Object(mut map), Json::Object(more)) => {
            for (name, value) in more {
                let old = map.get(name).cloned().unwrap_or_default();
                map.insert(name.clone(), if old.is_object() { union(old, value) } else { value.clone() });
            }
            Json::Object(map)
        }
        (_, more) => more.clone(),
    }
}

/// `intersection`: the common elements of two arrays, or the common properties of two objects.
fn intersection(all: Json, more: &Json) -> Json {
    match (all, more) {
        (Json::Array(items), Json::Array(more)) => items.into_iter().filter(|item| more.contains(item)).collect(),
        (Json::Object(map), Json::Object(more)) => {
            Json::Object(map.into_iter().filter(|(name, value)| more.get(name) == Some(value)).collect())
        }
        (all, _) if all.is_object() => json!({}),
        _ => json!([]),
    }
}

/// The first address of a range, and its prefix length.
fn cidr(range: &str) -> Result<(u32, u32), TemplateError> {
    let wrong = || TemplateError::Wrong(format!("`{range}` is not an address range such as `10.0.0.0/16`"));
    let range = Cidr::parse(range).map_err(|_| wrong())?;
    let first = u32::try_from(range.first()).ok().filter(|_| !range.is_v6()).ok_or_else(wrong)?;
    Ok((first, range.length()))
}

fn parse_cidr(range: &str) -> Result<Json, TemplateError> {
    let (first, length) = cidr(range)?;
    let size = 1_u64 << (32 - length);
    let at = |offset: u64| Ipv4Addr::from(u32::try_from(u64::from(first) + offset).unwrap_or(u32::MAX)).to_string();
    Ok(json!({
        "network": at(0), "cidr": length, "broadcast": at(size - 1), "firstUsable": at(1.min(size - 1)), "lastUsable": at(size.saturating_sub(2)),
        "netmask": Ipv4Addr::from(u32::MAX.checked_shl(32 - length).unwrap_or(0)).to_string(),
    }))
}

fn cidr_subnet(range: &str, length: usize, at: usize) -> Result<Json, TemplateError> {
    let (first, own) = cidr(range)?;
    let new = u32::try_from(length).ok().filter(|new| (own..=32).contains(new)).ok_or_else(|| missing("cidrSubnet"))?;
    let at = u32::try_from(at)
        .ok()
        .filter(|at| u64::from(*at) < 1_u64 << (new - own))
        .ok_or_else(|| missing("cidrSubnet"))?;
    let start = u64::from(first) + (u64::from(at) << (32 - new));
    let start = u32::try_from(start).map_err(|_| missing("cidrSubnet"))?;
    Ok(Json::from(format!("{}/{new}", Ipv4Addr::from(start))))
}

pub(in crate::providers::azure::simulated) fn missing(name: &str) -> TemplateError {
    TemplateError::Wrong(format!("`{name}` does not accept these arguments"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 40] = [
        "concat",
        "format",
        "string",
        "replace",
        "base64tostring",
        "substring",
        "split",
        "join",
        "json",
        "guid",
        "parsecidr",
        "cidrsubnet",
        "cidrhost",
        "createobject",
        "first",
        "last",
        "skip",
        "take",
        "range",
        "union",
        "items",
        "tryget",
        "mod",
        "min",
        "padleft",
        "indexof",
        "lastindexof",
        "flatten",
        "intersection",
        "shallowmerge",
        "objectkeys",
        "indexfromend",
        "uri",
        "uricomponent",
        "uricomponenttostring",
        "datauritostring",
        "base64tojson",
        "uniquestring",
        "datetimeadd",
        "datetimefromepoch",
    ];

    fn any_value() -> impl Strategy<Value = Json> {
        let number = prop_oneof![Just(i64::MIN), Just(i64::MAX), -2..40_i64].prop_map(Json::from);
        let text = prop_oneof!["[é{}0-9,:/.]{0,9}", Just("10.0.0.0/8".to_owned())].prop_map(Json::from);
        let leaf = prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), number, text];
        leaf.prop_recursive(2, 8, 3, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from);
            let object = prop::collection::btree_map("[ab]", inner, 0..3);
            prop_oneof![list, object.prop_map(|map| Json::Object(map.into_iter().collect()))]
        })
    }

    proptest! {
        #[test]
        fn any_arguments_are_accepted_or_refused_without_panic(name in 0..NAMES.len(), args in prop::collection::vec(any_value(), 0..4)) {
            drop(call(NAMES[name], NAMES[name], &args));
        }
    }

    fn gives(name: &str, args: Json) -> Json {
        call(&name.to_ascii_lowercase(), name, args.as_array().unwrap()).unwrap()
    }

    #[test]
    fn common_functions_give_azures_results() {
        assert_eq!(gives("format", json!(["{0}-{1:D2}{{}}", "a", 7])), json!("a-7{}"));
        assert_eq!(gives("concat", json!([[1], [2]])), json!([1, 2]));
        assert_eq!(
            gives("union", json!([{ "a": { "b": 1 } }, { "a": { "c": 2 } }])),
            json!({ "a": { "b": 1, "c": 2 } })
        );
        assert_eq!(gives("cidrSubnet", json!(["10.1.0.0/16", 24, 3])), json!("10.1.3.0/24"));
        assert_eq!(gives("cidrHost", json!(["10.1.0.0/16", 3])), json!("10.1.0.4"));
        assert_eq!(gives("items", json!([{ "b": 1, "a": 2 }]))[0], json!({ "key": "a", "value": 2 }));
        assert_eq!(gives("tryGet", json!([{ "a": [1] }, "a", 0])), json!(1));
        assert_eq!(gives("substring", json!(["abcd", 1, 2])), json!("bc"));
    }

    #[test]
    fn texts_and_lists_share_their_functions() {
        for (name, args, expected) in [
            ("take", json!(["abc", 2]), json!("ab")),
            ("skip", json!(["abc", 1]), json!("bc")),
            ("take", json!([[1, 2, 3], -1]), json!([])),
            ("indexOf", json!(["aBc", "C"]), json!(2)),
            ("indexOf", json!([["a", "b"], "b"]), json!(1)),
            ("lastIndexOf", json!([["a", "b", "a"], "a"]), json!(2)),
            ("lastIndexOf", json!(["abab", "x"]), json!(-1)),
            ("padLeft", json!([7, 3, "0"]), json!("007")),
            ("padLeft", json!(["abcd", 3]), json!("abcd")),
            ("flatten", json!([[[1], [2, 3]]]), json!([1, 2, 3])),
            ("objectKeys", json!([{ "b": 1, "A": 2 }]), json!(["A", "b"])),
            ("intersection", json!([[1, 2, 3], [2, 3], [3]]), json!([3])),
            ("intersection", json!([{ "a": 1, "b": 2 }, { "a": 1, "b": 3 }]), json!({ "a": 1 })),
            ("shallowMerge", json!([[{ "a": { "x": 1 } }, { "a": { "y": 1 } }]]), json!({ "a": { "y": 1 } })),
        ] {
            assert_eq!(gives(name, args), expected, "{name}");
        }
    }

    #[test]
    fn unique_strings_are_thirteen_letters_of_azures_alphabet() {
        let one = gives("uniqueString", json!(["a", "b"]));
        let one = one.as_str().unwrap();
        assert_eq!(one.len(), 13);
        assert!(one.bytes().all(|letter| UNIQUE_LETTERS.contains(&letter)), "{one}");
        assert_ne!(json!(one), gives("uniqueString", json!(["ab"])));
    }

    #[test]
    fn invalid_arguments_are_refused() {
        for (name, args) in [
            ("substring", json!(["abcd", 3, 2])),
            ("div", json!([1, 0])),
            ("cidrSubnet", json!(["10.1.0.0/16", 24, 256])),
            ("format", json!(["{1}", "a"])),
            ("replace", json!(["x".repeat(4096), "x", "y".repeat(4096)])),
            ("int", json!(["a"])),
            ("nothing", json!([])),
        ] {
            assert!(call(&name.to_ascii_lowercase(), name, args.as_array().unwrap()).is_err(), "{name}");
        }
    }
}
