//! The table of a provider type: made once for each type that a stack or a state names, and kept.
//!
//! A table is `'static`, so that a resource of any type is one like any other: everything that goes by tables goes by
//! this one, too. There are as many as different types, which the limits of a stack's text bound.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Map as JsonMap, Value as Json};

use super::facts::{self, Tracking};
use super::{ARGS, BASE, KIND, lingers};
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags::TAGS;

/// Everything that decides a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct TableKey {
    type_: String,
    api: String,
    tracking: Tracking,
    enabled: Option<Toggle>,
    /// The path of `value`.
    value: Option<String>,
}

/// The path of `enabled`, and its values as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Toggle {
    path: String,
    on: String,
    off: String,
}

static TABLES: LazyLock<Mutex<BTreeMap<TableKey, &'static Kind>>> = LazyLock::new(Mutex::default);

/// The table of a resource with these arguments; the common one where its type is missing or malformed.
pub(super) fn of(args: &JsonMap<String, Json>) -> &'static Kind {
    let Some(key) = key(args) else { return &KIND };
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = tables.get(&key).copied() {
        return known;
    }
    let made: &'static Kind = Box::leak(Box::new(table(&key)));
    tables.insert(key, made);
    made
}

fn key(args: &JsonMap<String, Json>) -> Option<TableKey> {
    let (type_, api) = parse(args.get("type")?.as_str()?)?;
    Some(TableKey {
        type_: type_.to_owned(),
        api: api.to_owned(),
        tracking: tracking(type_, args),
        enabled: place_of_enabled(type_, args),
        value: place_of_value(type_, args),
    })
}

/// The parts of `Microsoft.Web/serverfarms@2024-04-01`: a namespace with one or more types, and a date that a word may
/// follow.
pub(super) fn parse(text: &str) -> Option<(&str, &str)> {
    let (type_, api) = text.split_once('@')?;
    let is_word = |word: &str, more: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let (namespace, types) = type_.split_once('/')?;
    let is_namespace = namespace.contains('.') && namespace.split('.').all(|word| is_word(word, "-"));
    let is_type = types.split('/').all(|word| is_word(word, "-_.$")) && type_.len() <= MAX_LENGTH;
    (is_namespace && is_type && is_api(api)).then_some((type_, api))
}

/// The longest type, in characters; the longest of Azure's has less than half of that.
const MAX_LENGTH: usize = 250;

fn is_api(api: &str) -> bool {
    let (date, rest) = api.split_at_checked(10).unwrap_or((api, ""));
    let is_stage = |stage: &str| {
        !stage.is_empty() && stage.len() <= 30 && stage.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    };
    date.parse::<jiff::civil::Date>().is_ok() && (rest.is_empty() || rest.strip_prefix('-').is_some_and(is_stage))
}

fn tracking(type_: &str, args: &JsonMap<String, Json>) -> Tracking {
    let parent = args.get("parent").and_then(Json::as_str).map(ObjectId::new);
    let is_in_group =
        parent.is_some_and(|parent| !parent.folded().contains("/providers/") && parent.resource_group().is_some());
    match args.get("location").and_then(Json::as_str) {
        None => facts::tracking(type_, is_in_group),
        Some(word) if word.eq_ignore_ascii_case(GLOBAL) => Tracking::Global,
        Some(word) if word.eq_ignore_ascii_case(NOWHERE) => Tracking::Untracked,
        Some(_) => Tracking::Regional,
    }
}

/// The value of `location` for a global resource.
pub(super) const GLOBAL: &str = "global";
/// The value of `location` for a type without one.
pub(super) const NOWHERE: &str = "none";

fn place_of_enabled(type_: &str, args: &JsonMap<String, Json>) -> Option<Toggle> {
    args.get("enabled")?;
    let toggle =
        |path: &str, on: &Json, off: &Json| Toggle { path: path.to_owned(), on: on.to_string(), off: off.to_string() };
    match args.get("switch") {
        Some(switch) => {
            let default = |name: &str, word: &str| switch.get(name).cloned().unwrap_or_else(|| Json::from(word));
            let (on, off) = (default("on", "Enabled"), default("off", "Disabled"));
            let is_scalar = |value: &Json| value.is_string() || value.is_boolean() || value.is_i64();
            let path = switch.get("path")?.as_str().filter(|path| is_path(path))?;
            (is_scalar(&on) && is_scalar(&off)).then(|| toggle(path, &on, &off))
        }
        None => facts::endpoint(type_).map(|(path, on, off)| toggle(path, &on, &off)),
    }
}

fn place_of_value(type_: &str, args: &JsonMap<String, Json>) -> Option<String> {
    args.get("value")?;
    match args.get("switch") {
        Some(switch) => switch.get("path")?.as_str().filter(|path| is_path(path)).map(str::to_owned),
        None => facts::record(type_).map(str::to_owned),
    }
}

/// True for names joined by dots, each perhaps with the position of an element: `properties.aRecords[0].ipv4Address`.
pub(super) fn is_path(text: &str) -> bool {
    text.len() <= MAX_LENGTH
        && text.split('.').all(|segment| {
            let (name, index) = segment.split_once('[').map_or((segment, None), |(name, index)| (name, Some(index)));
            let is_index = |index: &str| matches!(index.as_bytes(), [digit, b']'] if digit.is_ascii_digit());
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_@$".contains(c));
            is_name && index.is_none_or(is_index)
        })
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn literal(json: &str) -> Lit {
    match serde_json::from_str(json) {
        Ok(Json::Bool(value)) => Lit::Bool(value),
        Ok(Json::Number(value)) => Lit::Int(value.as_i64().unwrap_or_default()),
        Ok(Json::String(text)) => Lit::Str(leak(&text)),
        _ => Lit::Str(""),
    }
}

fn table(key: &TableKey) -> Kind {
    let type_ = leak(&key.type_);
    let location = match key.tracking {
        Tracking::Regional => Location::Regional,
        Tracking::Global => Location::Global,
        Tracking::Untracked => Location::None,
    };
    let mut args = ARGS.to_vec();
    for arg in &mut args {
        match arg.name {
            "tags" if key.tracking != Tracking::Untracked => arg.need = TAGS.need,
            "enabled" => {
                if let Some(toggle) = &key.enabled {
                    let pairs = [(Lit::Bool(true), literal(&toggle.on)), (Lit::Bool(false), literal(&toggle.off))];
                    arg.wire = Wire::Mapped(leak(&toggle.path), Box::leak(Box::new(pairs)));
                }
            }
            "value" => {
                if let Some(path) = &key.value {
                    arg.wire = Wire::At(leak(path));
                }
            }
            _ => {}
        }
    }
    let enabled = |value| key.enabled.as_ref().map(|_| ("enabled", Lit::Bool(value)));
    let moves = Moves {
        fence: enabled(false),
        open: enabled(true),
        record: key.value.as_ref().map(|_| "value"),
        lingers: Some(lingers),
        ..Moves::NONE
    };
    let (_, segment) = type_.rsplit_once('/').unwrap_or(("", type_));
    Kind {
        type_: KindType { name: type_, version: leak(&key.api) },
        place: if type_.matches('/').count() > 1 {
            Place::Child("parent", segment)
        } else {
            Place::Extension("parent")
        },
        location,
        args: Box::leak(args.into_boxed_slice()),
        moves,
        run_moves: match (&key.enabled, &key.value) {
            (None, None) => &[],
            (Some(_), None) => &["enabled"],
            (None, Some(_)) => &["value"],
            (Some(_), Some(_)) => &["enabled", "value"],
        },
        terraform: match key.tracking {
            Tracking::Global => Terraform { fixed: &[("location", "\"global\"")], ..BASE.terraform },
            Tracking::Regional | Tracking::Untracked => BASE.terraform,
        },
        ..BASE
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args(json: Json) -> JsonMap<String, Json> {
        json.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn types_are_a_namespace_types_and_a_version() {
        for good in [
            "Microsoft.Web/serverfarms@2024-04-01",
            "Microsoft.Cdn/profiles/originGroups/origins@2025-12-01",
            "NGINX.NGINXPLUS/nginxDeployments@2024-11-01-preview",
            "Microsoft.App/containerApps@2024-03-01",
        ] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "Microsoft.Web/serverfarms",
            "Microsoft.Web@2024-04-01",
            "Web/serverfarms@2024-04-01",
            "Microsoft.Web/serverfarms@latest",
            "Microsoft.Web/serverfarms@2024-13-01",
            "Microsoft.Web/serverfarms@2024-04-01-",
            "Microsoft.Web//serverfarms@2024-04-01",
            "/subscriptions/x@2024-04-01",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn one_table_per_type_follows_parent_and_location() {
        let group = "/subscriptions/s/resourceGroups/g";
        let plan = args(json!({ "type": "Microsoft.Web/serverfarms@2024-04-01", "parent": group }));
        assert!(std::ptr::eq(of(&plan), of(&plan)));
        assert_eq!((of(&plan).location, of(&plan).type_.version), (Location::Regional, "2024-04-01"));
        let location = |type_: &str, parent: &str, location: Json| {
            of(&args(json!({ "type": format!("{type_}@2024-04-01"), "parent": parent, "location": location }))).location
        };
        assert_eq!(location("Microsoft.Cdn/profiles", group, Json::Null), Location::Global);
        assert_eq!(location("Microsoft.Insights/diagnosticSettings", group, Json::Null), Location::None);
        let site = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a";
        assert_eq!(location("Microsoft.Web/sites/config", site, Json::Null), Location::None);
        assert_eq!(location("Microsoft.Web/sites/slots", site, Json::Null), Location::Regional);
        assert_eq!(location("Microsoft.Contoso/odd", group, json!("none")), Location::None);
        assert_eq!(location("Microsoft.Contoso/odd", group, json!("global")), Location::Global);
        assert_eq!(location("Microsoft.Contoso/odd/child", site, json!("westus")), Location::Regional);
    }

    #[test]
    fn an_endpoint_is_switched_at_the_place_of_its_type_or_block() {
        let origin = json!({ "type": "Microsoft.Cdn/profiles/originGroups/origins@2025-12-01", "enabled": true });
        let wire = |json: Json| of(&args(json)).arg("enabled").map(|arg| arg.wire);
        assert!(matches!(wire(origin), Some(Wire::Mapped("properties.enabledState", _))));
        let own = json!({ "type": "Microsoft.Contoso/a/b@2025-12-01", "enabled": true,
            "switch": { "path": "properties.mode[0].state", "on": "Up", "off": 0 } });
        match wire(own) {
            Some(Wire::Mapped("properties.mode[0].state", pairs)) => {
                assert_eq!(pairs, [(Lit::Bool(true), Lit::Str("Up")), (Lit::Bool(false), Lit::Int(0))]);
            }
            other => panic!("{other:?}"),
        }
        let unknown = json!({ "type": "Microsoft.Contoso/a/b@2025-12-01", "enabled": true });
        assert!(matches!(wire(unknown), Some(Wire::Nowhere)));
    }
}
