//! Bicep functions over plain values, according to the Bicep documentation.

#![expect(clippy::panic, reason = "a construct that cannot be evaluated fails the test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

/// Result of a call.
pub fn call(name: &str, args: &[Json]) -> Json {
    let text = |at: usize| args[at].as_str().unwrap_or_else(|| panic!("{name}: {:?}", args[at]));
    let int = |at: usize| args[at].as_i64().unwrap_or_else(|| panic!("{name}: {:?}", args[at]));
    let list = |at: usize| args[at].as_array().unwrap_or_else(|| panic!("{name}: {:?}", args[at]));
    match name {
        "items" => {
            let map = args[0].as_object().expect("an object");
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            keys.into_iter().map(|key| json!({ "key": key, "value": map[key] })).collect()
        }
        "union" => args.iter().skip(1).fold(args[0].clone(), union),
        "coalesce" => args.iter().find(|one| !one.is_null()).cloned().unwrap_or_default(),
        "concat" => match &args[0] {
            Json::Array(_) => (0..args.len()).flat_map(|at| list(at).clone()).collect(),
            _ => json!((0..args.len()).map(text).collect::<String>()),
        },
        "length" => json!(match &args[0] {
            Json::Array(items) => items.len(),
            Json::Object(map) => map.len(),
            Json::String(text) => text.chars().count(),
            other => panic!("length: {other}"),
        }),
        "join" => json!(list(0).iter().map(|item| item.as_str().expect("a text")).collect::<Vec<_>>().join(text(1))),
        "split" => text(0).split(text(1)).collect(),
        "replace" => json!(text(0).replace(text(1), text(2))),
        "contains" => json!(match &args[0] {
            Json::Array(items) => items.contains(&args[1]),
            Json::Object(map) => map.contains_key(text(1)),
            _ => text(0).contains(text(1)),
        }),
        "indexOf" => json!(match &args[0] {
            Json::Array(items) => items.iter().position(|item| *item == args[1]).expect("the value is found"),
            _ => text(0).find(text(1)).expect("the value is found"),
        }),
        "toUpper" => json!(text(0).to_uppercase()),
        "toLower" => json!(text(0).to_lowercase()),
        "trim" => json!(text(0).trim()),
        "startsWith" => json!(text(0).starts_with(text(1))),
        "endsWith" => json!(text(0).ends_with(text(1))),
        "substring" => json!(text(0).chars().skip(int(1) as usize).take(int(2) as usize).collect::<String>()),
        "base64" => json!(STANDARD.encode(text(0))),
        "base64ToString" => json!(String::from_utf8(STANDARD.decode(text(0)).expect("base64")).expect("a text")),
        "string" => json!(args[0].as_str().map_or_else(|| args[0].to_string(), str::to_owned)),
        "int" => json!(args[0].as_i64().unwrap_or_else(|| text(0).parse().expect("a number"))),
        "bool" => json!(text(0) == "true"),
        "json" => serde_json::from_str(text(0)).expect("JSON"),
        "range" => (int(0)..int(0) + int(1)).collect(),
        "min" | "max" => {
            let all = args.iter().map(|arg| arg.as_i64().expect("a number"));
            json!(if name == "min" { all.min() } else { all.max() })
        }
        "skip" => match &args[0] {
            Json::Array(items) => items.iter().skip(int(1).max(0) as usize).cloned().collect(),
            _ => json!(text(0).chars().skip(int(1).max(0) as usize).collect::<String>()),
        },
        "take" => match &args[0] {
            Json::Array(items) => items.iter().take(int(1).max(0) as usize).cloned().collect(),
            _ => json!(text(0).chars().take(int(1).max(0) as usize).collect::<String>()),
        },
        "padLeft" => {
            let given = args[0].as_str().map_or_else(|| args[0].to_string(), str::to_owned);
            let fill = args.get(2).and_then(Json::as_str).unwrap_or(" ");
            let missing = (int(1) as usize).saturating_sub(given.chars().count());
            json!(fill.repeat(missing) + &given)
        }
        "flatten" => list(0).iter().flat_map(|inner| inner.as_array().expect("a list").clone()).collect(),
        "empty" => json!(match &args[0] {
            Json::Null => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(map) => map.is_empty(),
            _ => text(0).is_empty(),
        }),
        "intersection" => list(0).iter().filter(|one| list(1).contains(one)).cloned().collect(),
        "last" => list(0).last().cloned().unwrap_or_default(),
        "shallowMerge" => {
            let all = list(0).iter().flat_map(|map| map.as_object().expect("an object").clone());
            Json::Object(all.collect())
        }
        // The names that `guid` makes differ from Azure's, but are as many.
        "guid" => {
            let of: Vec<&str> = (0..args.len()).map(text).collect();
            json!(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, of.join("-").as_bytes()).to_string())
        }
        "parseCidr" => json!({ "cidr": text(0).split_once('/').expect("a range").1.parse::<i64>().expect("a number") }),
        "cidrSubnet" => {
            let (address, _) = network(text(0));
            let bits = int(1) as u32;
            let step = 1_u32 << (32 - bits);
            json!(format!("{}/{bits}", std::net::Ipv4Addr::from(address + step * int(2) as u32)))
        }
        "cidrHost" => json!(std::net::Ipv4Addr::from(network(text(0)).0 + 1 + int(1) as u32).to_string()),
        other => panic!("unsupported function {other}"),
    }
}

fn network(range: &str) -> (u32, u32) {
    let (address, bits) = range.split_once('/').expect("a range");
    let address: std::net::Ipv4Addr = address.parse().expect("an address");
    let bits: u32 = bits.parse().expect("a number");
    (u32::from(address) & u32::MAX.checked_shl(32 - bits).unwrap_or(0), bits)
}

fn union(mut left: Json, right: &Json) -> Json {
    match (&mut left, right) {
        (Json::Object(own), Json::Object(over)) => {
            for (key, value) in over {
                let now: &mut Json = own.entry(key.clone()).or_insert(Json::Object(Map::new()));
                *now = if now.is_object() && value.is_object() { union(now.clone(), value) } else { value.clone() };
            }
            left
        }
        (Json::Array(own), Json::Array(over)) => {
            let mut all = Vec::new();
            own.iter().chain(over).for_each(|one| {
                if !all.contains(one) {
                    all.push(one.clone());
                }
            });
            Json::Array(all)
        }
        _ => panic!("unsupported union of {left} and {right}"),
    }
}
