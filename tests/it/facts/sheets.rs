//! Access to the sheets of facts on disk. Rules about tables are in the other modules.

#![expect(clippy::panic, reason = "a sheet that exists but cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value as Json;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/reference")
}

/// True if the sheets exist on this machine.
pub fn present() -> bool {
    folder().is_dir()
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name} cannot be read: {error}"))
}

fn json(name: &str) -> Json {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name} is not JSON: {error}"))
}

/// The resources of Cloudflare's provider 5: the arguments of each that are not nested, and whether each is required.
pub fn cloudflare() -> BTreeMap<String, BTreeMap<String, bool>> {
    arguments("cloudflare-terraform.csv", |fields| fields.get(4) == Some(&"yes"))
}

/// The resources of Linode's provider 3: the same.
pub fn linode() -> BTreeMap<String, BTreeMap<String, bool>> {
    arguments("linode-terraform.csv", |fields| fields.get(4) == Some(&"yes"))
}

/// The resources of AWS's provider 6: the arguments of each block of each, by its path, and whether each is required.
pub fn aws() -> BTreeMap<String, BTreeMap<String, BTreeMap<String, bool>>> {
    let mut resources: BTreeMap<String, BTreeMap<String, BTreeMap<String, bool>>> = BTreeMap::new();
    for line in text("aws-terraform.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if let [resource, block, argument, _, required, ..] = fields[..]
            && required != "computed"
        {
            let of = resources.entry(resource.to_owned()).or_default().entry(block.to_owned()).or_default();
            of.insert(argument.to_owned(), required == "yes");
        }
    }
    resources
}

/// The schema of a type of CloudFormation; `None` where there is none.
pub fn cloudformation(type_: &str) -> Option<Json> {
    let name = type_.strip_prefix("AWS::")?.replace("::", "_");
    let file = folder().join(format!("aws-types/{name}.json"));
    file.is_file().then(|| json(&format!("aws-types/{name}.json")))
}

fn arguments(sheet: &str, is_required: fn(&[&str]) -> bool) -> BTreeMap<String, BTreeMap<String, bool>> {
    let mut resources: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    for line in text(sheet).lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if let [resource, "", argument, ..] = fields[..] {
            resources.entry(resource.to_owned()).or_default().insert(argument.to_owned(), is_required(&fields));
        }
    }
    resources
}

/// A resource of azurerm's schema.
pub fn azurerm(resource: &str) -> Option<&'static Json> {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    static MORE: OnceLock<Json> = OnceLock::new();
    let first = SCHEMA.get_or_init(|| json("azurerm5-schema.json")).get("resources")?.get(resource);
    first.or_else(|| MORE.get_or_init(|| json("azurerm5-schema-more.json")).get("resources")?.get(resource))
}

/// The resource of the azapi provider, in the form of azurerm's schemas (source: its documentation, version 2).
fn azapi(resource: &str) -> Option<&'static Json> {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    let all = SCHEMA.get_or_init(|| {
        serde_json::json!({ "azapi_resource": {
            "a": {
                "type": ["R", "string"], "name": ["O", "string"], "parent_id": ["O", "string"],
                "location": ["O", "string"], "body": ["O", "object"], "sensitive_body": ["O", "object"],
                "response_export_values": ["O", "object"], "tags": ["O", "map(string)"],
                "id": ["C", "string"], "output": ["C", "object"],
            },
            "b": { "identity": { "max": 1, "a": { "type": ["R", "string"], "identity_ids": ["O", "list(string)"] } } },
        } })
    });
    all.get(resource)
}

/// A resource of azurerm's schema of this major version, or of azapi's.
pub fn azurerm_of(major: u8, resource: &str) -> Option<&'static Json> {
    static FOURTH: OnceLock<Json> = OnceLock::new();
    match major {
        _ if resource.starts_with("azapi_") => azapi(resource),
        4 => {
            static MORE: OnceLock<Json> = OnceLock::new();
            let first = FOURTH.get_or_init(|| json("azurerm4-schema.json")).get("resources")?.get(resource);
            first.or_else(|| MORE.get_or_init(|| json("azurerm4-schema-more.json")).get("resources")?.get(resource))
        }
        _ => azurerm(resource),
    }
}

/// Arguments that force a new resource according to azurerm's documentation: resource, block, argument.
pub fn forcing() -> &'static [[String; 3]] {
    static ROWS: OnceLock<Vec<[String; 3]>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let all = rows("azurerm-4.81-arguments.csv").into_iter().chain(rows("azurerm-more-arguments.csv"));
        all.filter_map(|row| match row.as_slice() {
            [resource, block, argument, _required, forces_new, ..] if forces_new == "yes" => {
                Some([resource.clone(), block.clone(), argument.clone()])
            }
            _ => None,
        })
        .collect()
    })
}

/// API version of a provider type in the sheets, and its schema if any.
pub fn arm_type(name: &str) -> Option<(String, Option<Json>)> {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        fs::read_dir(folder().join("azure-types"))
            .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
            .unwrap_or_default()
    });
    let wanted = name.replace('/', "_");
    let schema = files.iter().find_map(|file| {
        let (type_, api) = file.strip_suffix(".json")?.split_once('@')?;
        type_.eq_ignore_ascii_case(&wanted).then(|| (api.to_owned(), Some(json(&format!("azure-types/{file}")))))
    });
    schema.or_else(|| {
        rows("resource-kinds.csv").into_iter().find_map(|row| match row.as_slice() {
            [_, type_, api, ..] if type_.eq_ignore_ascii_case(name) => Some((api.clone(), None)),
            _ => None,
        })
    })
}

/// Rows of a CSV file without the header; fields may be quoted, and a doubled quote is a literal one.
fn rows(name: &str) -> Vec<Vec<String>> {
    text(name).lines().skip(1).map(fields).collect()
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                fields.last_mut().into_iter().for_each(|field| field.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().into_iter().for_each(|field| field.push(other)),
        }
    }
    fields
}
