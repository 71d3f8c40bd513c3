//! The sheets of facts as they are read from disk; no rule about tables is here.

#![expect(clippy::panic, reason = "a sheet that is there and cannot be read fails the test")]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value as Json;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/reference")
}

/// Whether the sheets are on this machine.
pub fn present() -> bool {
    folder().is_dir()
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name} cannot be read: {error}"))
}

fn json(name: &str) -> Json {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name} is no JSON: {error}"))
}

/// A resource of azurerm's schema.
pub fn azurerm(resource: &str) -> Option<&'static Json> {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(|| json("azurerm5-schema.json")).get("resources")?.get(resource)
}

/// A resource of azurerm's schema of this major version.
pub fn azurerm_of(major: u8, resource: &str) -> Option<&'static Json> {
    static FOURTH: OnceLock<Json> = OnceLock::new();
    match major {
        4 => FOURTH.get_or_init(|| json("azurerm4-schema.json")).get("resources")?.get(resource),
        _ => azurerm(resource),
    }
}

/// The arguments that azurerm's documentation says force a new resource: resource, block, argument.
pub fn forcing() -> &'static [[String; 3]] {
    static ROWS: OnceLock<Vec<[String; 3]>> = OnceLock::new();
    ROWS.get_or_init(|| {
        rows("azurerm-4.81-arguments.csv")
            .into_iter()
            .filter_map(|row| match row.as_slice() {
                [resource, block, argument, _required, forces_new, ..] if forces_new == "yes" => {
                    Some([resource.clone(), block.clone(), argument.clone()])
                }
                _ => None,
            })
            .collect()
    })
}

/// The provider's types and the API versions that the sheets have them at: the schema where there is one.
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

/// The rows of a CSV file without its head; fields may be in quotes, and two quotes within them are one.
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
