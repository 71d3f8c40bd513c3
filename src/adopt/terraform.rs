//! A state of Terraform: which objects it manages and what they are called there. Nothing else of it is read; it holds secrets in clear.

use serde::Deserialize;
use serde_json::Value as Json;

use super::labels::label;
use crate::address::ArmId;

/// The greatest size of a state that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// The greatest number of objects in a state that is read.
pub const MAX_OBJECTS: usize = 10_000;
/// The longest id that is taken for one.
const MAX_ID: usize = 2_048;
/// What azurerm's resources are called after.
const PREFIX: &str = "azurerm_";

/// An object that a Terraform state manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// The type of the resource, without azurerm's prefix.
    pub type_: String,
    /// The label that its name makes.
    pub label: String,
    /// Its id in Azure.
    pub id: ArmId,
}

/// What a Terraform state manages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Managing {
    /// The objects.
    pub objects: Vec<Managed>,
    /// What cannot be looked at: its address in Terraform, and why.
    pub others: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct File {
    version: Option<u64>,
    encrypted_data: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    resources: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    module: Option<String>,
    #[serde(default)]
    mode: String,
    #[serde(rename = "type", default)]
    type_: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<Json>,
    attributes: Option<Attributes>,
}

#[derive(Deserialize)]
struct Attributes {
    id: Option<Json>,
    resource_manager_id: Option<Json>,
}

/// Reads a Terraform state.
///
/// # Errors
/// What is wrong with it, completing a sentence that begins with its name.
pub fn read(text: &str) -> Result<Managing, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it has {} bytes, and at most {MAX_BYTES} are read", text.len()));
    }
    // What serde says of a value may hold the value, and that may be a secret: only where it stands is told.
    let file: File = serde_json::from_str(text).map_err(|error| {
        let what = if error.is_data() { "is not as in a Terraform state" } else { "is no JSON" };
        format!("line {} column {} {what}", error.line(), error.column())
    })?;
    if file.encrypted_data.is_some() {
        return Err("it is encrypted; write it in clear with `tofu state pull`".to_owned());
    }
    match file.version {
        Some(4) => {}
        Some(other) => {
            return Err(format!("it has version {other}, and version 4 is read, which Terraform writes since 0.12"));
        }
        None => return Err("it says no version, so it is no Terraform state".to_owned()),
    }
    let mut found = Managing::default();
    for block in file.resources.iter().filter(|block| block.mode != "data") {
        for instance in &block.instances {
            if found.objects.len() + found.others.len() >= MAX_OBJECTS {
                return Err(format!("it manages more than {MAX_OBJECTS} objects; adopt parts of it by resource group"));
            }
            let address = address(block, instance);
            match managed(block, instance) {
                Ok(managed) => found.objects.push(managed),
                Err(why) => found.others.push((address, why.to_owned())),
            }
        }
    }
    Ok(found)
}

/// The address in Terraform, with nothing in it that could move a terminal's cursor.
fn address(block: &Block, instance: &Instance) -> String {
    let module = block.module.as_ref().map(|module| format!("{module}.")).unwrap_or_default();
    let key = instance.index_key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
    let whole = format!("{module}{}.{}{key}", block.type_, block.name);
    whole.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn managed(block: &Block, instance: &Instance) -> Result<Managed, &'static str> {
    let type_ = block.type_.strip_prefix(PREFIX).ok_or("it is not of azurerm")?;
    let attributes = instance.attributes.as_ref().ok_or("it has no id")?;
    let text = |value: &Option<Json>| value.as_ref().and_then(Json::as_str).filter(|id| is_arm(id)).map(ArmId::new);
    let id = text(&attributes.id).or_else(|| text(&attributes.resource_manager_id));
    let id = id.ok_or("its id is none of Azure Resource Manager")?;
    let key = match &instance.index_key {
        Some(Json::String(key)) => format!("-{key}"),
        Some(key) => format!("-{key}"),
        None => String::new(),
    };
    Ok(Managed { type_: type_.to_owned(), label: label(&format!("{}{key}", block.name)), id })
}

fn is_arm(id: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '|' | '?' | '#' | '\\' | '"' | '%');
    let starts = id.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"));
    let steps = |id: &str| id.split('/').any(|segment| matches!(segment, "." | ".."));
    id.len() <= MAX_ID && starts && !steps(id) && !id.ends_with('/') && !id.contains("//") && id.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATE: &str = r#"{"version": 4, "terraform_version": "1.9.0", "resources": [
        {"mode": "managed", "type": "azurerm_resource_group", "name": "main", "instances": [
            {"attributes": {"id": "/subscriptions/s/resourceGroups/rg", "password": "hunter2"}}]},
        {"mode": "managed", "module": "module.net", "type": "azurerm_subnet", "name": "each", "instances": [
            {"index_key": "web tier", "attributes": {"id": "/subscriptions/s/resourceGroups/rg/providers/M.N/v/n/subnets/w"}}]},
        {"mode": "managed", "type": "random_password", "name": "db", "instances": [{"attributes": {"id": "none", "result": "hunter2"}}]},
        {"mode": "managed", "type": "azurerm_storage_container", "name": "old", "instances": [{"attributes": {"id": "https://a.example/c",
            "resource_manager_id": "/subscriptions/s/resourceGroups/rg/providers/M.S/a/b/blobServices/default/containers/c"}}]},
        {"mode": "data", "type": "azurerm_client_config", "name": "me", "instances": [{"attributes": {"id": "x"}}]},
        {"mode": "managed", "type": "azurerm_key_vault_secret", "name": "s", "instances": [{"attributes": {"id": "https://v.example/s"}}]}
    ]}"#;

    #[test]
    fn ids_and_names_are_read_and_nothing_else() {
        let found = read(STATE).unwrap();
        let objects: Vec<(&str, &str, &str)> =
            found.objects.iter().map(|one| (&*one.type_, &*one.label, one.id.name())).collect();
        assert_eq!(
            objects,
            [("resource_group", "main", "rg"), ("subnet", "each-web-tier", "w"), ("storage_container", "old", "c")]
        );
        let others: Vec<String> = found.others.iter().map(|(address, why)| format!("{address}: {why}")).collect();
        assert_eq!(
            others,
            [
                "random_password.db: it is not of azurerm",
                "azurerm_key_vault_secret.s: its id is none of Azure Resource Manager"
            ]
        );
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_wrong_is_said_without_what_stands_there() {
        for (text, expected) in [
            ("nonsense", "line 1 column 2 is no JSON"),
            (r#"{"version": "hunter2"}"#, "line 1 column 21 is not as in a Terraform state"),
            (r#"{"version": 3}"#, "it has version 3, and version 4 is read, which Terraform writes since 0.12"),
            ("{}", "it says no version, so it is no Terraform state"),
            (r#"{"encrypted_data": "x"}"#, "it is encrypted; write it in clear with `tofu state pull`"),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_state_stops_the_reader(cut in any::<prop::sample::Index>(), noise in "\\PC{0,8}") {
            let at = cut.index(STATE.len());
            let _ = read(&format!("{}{noise}{}", &STATE[..at], &STATE[at..]));
        }
    }
}
