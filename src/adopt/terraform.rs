//! Terraform state: the managed objects and their names. drplan reads nothing else, since it holds secrets in plain
//! text.

use serde::Deserialize;
use serde_json::Value as Json;

use super::labels::label;
use super::look::tables;
use super::resource_of;
use crate::address::ArmId;
use crate::kinds::Place;

/// Maximum size of a state, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Maximum number of objects in a state.
pub const MAX_OBJECTS: usize = 10_000;
/// Maximum length of an id.
const MAX_ID: usize = 2_048;
/// Prefix of azurerm's resource types.
const PREFIX: &str = "azurerm_";

/// An object that a Terraform state manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedObject {
    /// The type of the resource, without azurerm's prefix.
    pub type_: String,
    /// Label made from its name.
    pub label: String,
    /// Its id in Azure.
    pub id: ArmId,
}

/// Objects in a Terraform state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The objects.
    pub objects: Vec<ManagedObject>,
    /// Objects that drplan cannot read: address in Terraform, and why.
    pub others: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct TerraformStateFile {
    version: Option<u64>,
    encrypted_data: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    resources: Vec<TerraformStateResource>,
}

#[derive(Deserialize)]
struct TerraformStateResource {
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
/// The reason, completing a sentence that begins with the file's name.
pub fn read(text: &str) -> Result<Inventory, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it has {} bytes, more than the maximum of {MAX_BYTES}", text.len()));
    }
    // serde's message may quote a value, which may be a secret, so only the position is reported.
    let file: TerraformStateFile = serde_json::from_str(text).map_err(|error| {
        let what = if error.is_data() { "does not match the format of a Terraform state" } else { "is not JSON" };
        format!("line {} column {} {what}", error.line(), error.column())
    })?;
    if file.encrypted_data.is_some() {
        return Err("it is encrypted; write it in plain text with `tofu state pull`".to_owned());
    }
    match file.version {
        Some(4) => {}
        Some(other) => {
            return Err(format!(
                "it has format version {other}; drplan reads version 4, which Terraform writes since 0.12"
            ));
        }
        None => return Err("it has no format version, so it is not a Terraform state".to_owned()),
    }
    let mut found = Inventory::default();
    for block in file.resources.iter().filter(|block| block.mode != "data") {
        for instance in &block.instances {
            if found.objects.len() + found.others.len() >= MAX_OBJECTS {
                return Err(format!("it has more than {MAX_OBJECTS} objects; import parts of it by resource group"));
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

/// Address in Terraform, without control characters.
fn address(block: &TerraformStateResource, instance: &Instance) -> String {
    let module = block.module.as_ref().map(|module| format!("{module}.")).unwrap_or_default();
    let key = instance.index_key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
    let whole = format!("{module}{}.{}{key}", block.type_, block.name);
    whole.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn managed(block: &TerraformStateResource, instance: &Instance) -> Result<ManagedObject, &'static str> {
    let type_ = block.type_.strip_prefix(PREFIX).ok_or("not a resource of azurerm")?;
    let attributes = instance.attributes.as_ref().ok_or("it has no id")?;
    let text = |value: &Option<Json>| value.as_ref().and_then(Json::as_str).filter(|id| is_arm(id)).map(ArmId::new);
    let link = || link(type_, attributes.id.as_ref()?.as_str()?);
    let id = text(&attributes.id).or_else(|| text(&attributes.resource_manager_id)).or_else(link);
    let id = id.ok_or("its id is not an Azure Resource Manager id")?;
    let key = match &instance.index_key {
        Some(Json::String(key)) => format!("-{key}"),
        Some(key) => format!("-{key}"),
        None => String::new(),
    };
    Ok(ManagedObject { type_: type_.to_owned(), label: label(&format!("{}{key}", block.name)), id })
}

/// Id of a link between two resources, which azurerm identifies by the ids of both.
fn link(type_: &str, id: &str) -> Option<ArmId> {
    let (within, member) = id.split_once('|').filter(|(within, member)| is_arm(within) && is_arm(member))?;
    let within = ArmId::new(within);
    match tables().find(|(kind, _)| resource_of(kind) == type_)?.0.place {
        Place::Member(of) => Some(of.joined(&within, member)),
        Place::Property(_) => Some(within),
        _ => None,
    }
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
    fn only_ids_and_names_are_read() {
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
                "random_password.db: not a resource of azurerm",
                "azurerm_key_vault_secret.s: its id is not an Azure Resource Manager id"
            ]
        );
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn errors_name_the_position_and_no_value() {
        for (text, expected) in [
            ("nonsense", "line 1 column 2 is not JSON"),
            (r#"{"version": "hunter2"}"#, "line 1 column 21 does not match the format of a Terraform state"),
            (r#"{"version": 3}"#, "it has format version 3; drplan reads version 4, which Terraform writes since 0.12"),
            ("{}", "it has no format version, so it is not a Terraform state"),
            (r#"{"encrypted_data": "x"}"#, "it is encrypted; write it in plain text with `tofu state pull`"),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn malformed_states_are_rejected_without_a_panic(cut in any::<prop::sample::Index>(), noise in "\\PC{0,8}") {
            let at = cut.index(STATE.len());
            let _ = read(&format!("{}{noise}{}", &STATE[..at], &STATE[at..]));
        }
    }
}
