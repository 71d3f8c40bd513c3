//! Terraform state: the managed objects and their names. drplan reads nothing else, since it holds secrets in plain
//! text.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map as JsonMap, Value as Json};

use super::labels::label;
use super::{is_called, look};
use crate::kinds::{Place, Tables};
use crate::object::ObjectId;

/// Maximum size of a state, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Maximum number of objects in a state.
pub const MAX_OBJECTS: usize = 10_000;
/// Maximum length of an id.
const MAX_ID: usize = 2_048;

/// How a state of an older version is converted: Terraform reads it, and writes what it pulls in its own version.
const CONVERSION: &str = "; to convert it, save it as terraform.tfstate in an empty directory, and run `terraform state pull > new.tfstate` there with Terraform 0.12 or later";

/// An object that a Terraform state manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedObject {
    /// The type of the resource, without the Terraform provider's prefix.
    pub type_: String,
    /// Label made from its modules, its name and its key.
    pub label: String,
    /// Its address in Terraform, with its modules.
    pub address: String,
    /// Its id in the cloud. For an association, the id of the object that has it.
    pub id: ObjectId,
    /// True if Terraform marked it to be replaced.
    pub tainted: bool,
}

/// Objects in a Terraform state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The objects.
    pub objects: Vec<ManagedObject>,
    /// Objects that drplan cannot read: address in Terraform, and why.
    pub others: Vec<(String, String)>,
    /// Children that were found as blocks of their parents, while the state is read.
    inline: Vec<ManagedObject>,
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
    attributes: Option<JsonMap<String, Json>>,
    deposed: Option<String>,
    status: Option<String>,
}

/// Reads a Terraform state with resources of this provider.
///
/// # Errors
/// The reason, completing a sentence that begins with the file's name.
pub fn read(of: &Tables, text: &str) -> Result<Inventory, String> {
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
            let how = if other < 4 { CONVERSION } else { "" };
            return Err(format!(
                "it has format version {other}; drplan reads version 4, which Terraform writes since 0.12{how}"
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
            match managed(of, block, instance, &address) {
                Ok(managed) => {
                    found.inline.extend(inline(of, &managed, instance));
                    found.objects.push(managed);
                }
                Err(why) => found.others.push((address, why)),
            }
        }
    }
    found.keep_inline();
    Ok(found)
}

impl Inventory {
    /// Adds the inline children that are no resources of their own: the Terraform provider lists those among a parent's
    /// blocks, too.
    fn keep_inline(&mut self) {
        let own: HashSet<ObjectId> = self.objects.iter().map(|one| one.id.clone()).collect();
        let inline = std::mem::take(&mut self.inline);
        self.objects.extend(inline.into_iter().filter(|one| !own.contains(&one.id)));
    }
}

/// Children that the state has as blocks of their parent, such as a network's subnets.
fn inline(of: &Tables, parent: &ManagedObject, instance: &Instance) -> Vec<ManagedObject> {
    let mut found = Vec::new();
    for (kind, _) in look::tables(of) {
        let (Some((outer, block)), Place::Child(_, segment)) = (kind.terraform.inline, kind.place) else { continue };
        if outer != parent.type_ {
            continue;
        }
        let blocks = instance.attributes.as_ref().and_then(|attributes| attributes.get(block)?.as_array());
        let names = blocks.into_iter().flatten().filter_map(|one| one.get("name")?.as_str());
        found.extend(names.filter(|name| is_segment(name)).map(|name| ManagedObject {
            type_: kind.name.to_owned(),
            label: label(&format!("{}-{name}", parent.label)),
            address: format!("{} ({block} {name:?})", parent.address),
            id: parent.id.child(segment, name),
            tainted: false,
        }));
    }
    found
}

/// True for a text that is one segment of an id.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains('/') && text.len() <= MAX_SEGMENT && is_plain(text)
}

/// Address in Terraform, without control characters.
fn address(block: &TerraformStateResource, instance: &Instance) -> String {
    let module = block.module.as_ref().map(|module| format!("{module}.")).unwrap_or_default();
    let key = instance.index_key.as_ref().map(|key| format!("[{key}]")).unwrap_or_default();
    let whole = format!("{module}{}.{}{key}", block.type_, block.name);
    whole.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn managed(
    of: &Tables,
    block: &TerraformStateResource,
    instance: &Instance,
    address: &str,
) -> Result<ManagedObject, String> {
    let name = of.terraform_name();
    let type_ = block.type_.strip_prefix(name).and_then(|type_| type_.strip_prefix('_'));
    let type_ = type_.ok_or_else(|| format!("not a resource of {name}"))?;
    if instance.deposed.is_some() {
        return Err("deposed: Terraform replaced it, and would delete it with its next apply".to_owned());
    }
    let attributes = instance.attributes.as_ref().ok_or_else(|| "it has no id".to_owned())?;
    // An association has the ids of both its objects: it is a member of a list of the first, or a property of it.
    let first =
        |id: &str| id.split('|').all(|id| is_id(of, id)).then(|| id.split('|').next().map(ObjectId::new)).flatten();
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let member = text("id").and_then(|id| member(of, type_, id));
    let id = member.or_else(|| text("id").and_then(first)).or_else(|| text("resource_manager_id").and_then(first));
    let id = id.ok_or_else(|| format!("its id is not {}", of.id_in_words()))?;
    let mut words = module_words(block.module.as_deref().unwrap_or_default());
    words.push(block.name.clone());
    words.extend(instance.index_key.as_ref().map(|key| key.as_str().map_or_else(|| key.to_string(), str::to_owned)));
    Ok(ManagedObject {
        type_: type_.to_owned(),
        label: label(&words.join("-")),
        address: address.to_owned(),
        id,
        tainted: instance.status.as_deref() == Some("tainted"),
    })
}

/// Id of a membership, which the Terraform provider identifies by the ids of both its objects.
fn member(of: &Tables, type_: &str, id: &str) -> Option<ObjectId> {
    let (within, member) = id.split_once('|').filter(|(within, member)| is_id(of, within) && is_id(of, member))?;
    match look::tables(of).find(|(kind, _)| is_called(kind, type_))?.0.place {
        Place::Member(among) => Some(among.joined(of.grammar, &ObjectId::new(within), member)),
        _ => None,
    }
}

/// The names and keys of a module's path: `region`, `east` and `net` for `module.region["east"].module.net`.
fn module_words(path: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut within = false;
    for c in path.chars() {
        match c {
            '[' => {
                within = true;
                words.push(String::new());
            }
            ']' => within = false,
            '.' if !within => words.push(String::new()),
            '"' => {}
            c => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    // Each step of the path is the word `module`, a name and perhaps a key. No module has that name twice in a row.
    let mut named = Vec::new();
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let next = if word == "module" { words.next() } else { None };
        named.push(next.unwrap_or(word));
    }
    named
}

/// Maximum length of one segment of an id.
const MAX_SEGMENT: usize = 260;

/// True for the id of an object in an account, without characters that no id has.
fn is_id(of: &Tables, id: &str) -> bool {
    let has_account = || of.grammar.account(&ObjectId::new(id)).is_some();
    let steps = |id: &str| id.split('/').any(|segment| matches!(segment, "." | ".."));
    let is_clean = id.len() <= MAX_ID && !steps(id) && !id.ends_with('/') && !id.contains("//") && is_plain(id);
    is_clean && of.grammar.is_id(id) && has_account()
}

fn is_plain(id: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '|' | '?' | '#' | '\\' | '"' | '%');
    id.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::providers::azure::TABLES;

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
        let found = read(&TABLES, STATE).unwrap();
        let objects: Vec<(&str, &str, &str)> =
            found.objects.iter().map(|one| (&*one.type_, &*one.label, one.id.name())).collect();
        assert_eq!(
            objects,
            [("resource_group", "main", "rg"), ("subnet", "net-each-web-tier", "w"), ("storage_container", "old", "c")]
        );
        let others: Vec<String> = found.others.iter().map(|(address, why)| format!("{address}: {why}")).collect();
        assert_eq!(
            others,
            ["random_password.db: not a resource of azurerm", "azurerm_key_vault_secret.s: its id is not an Azure id"]
        );
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn errors_name_the_position_and_no_value() {
        for (text, expected) in [
            ("nonsense", "line 1 column 2 is not JSON"),
            (r#"{"version": "hunter2"}"#, "line 1 column 21 does not match the format of a Terraform state"),
            (r#"{"version": 5}"#, "it has format version 5; drplan reads version 4, which Terraform writes since 0.12"),
            ("{}", "it has no format version, so it is not a Terraform state"),
            (r#"{"encrypted_data": "x"}"#, "it is encrypted; write it in plain text with `tofu state pull`"),
        ] {
            assert_eq!(read(&TABLES, text), Err(expected.to_owned()));
        }
    }

    #[test]
    fn an_old_state_says_how_to_convert_it() {
        let why = read(&TABLES, r#"{"version": 3, "modules": []}"#).unwrap_err();
        assert!(why.starts_with("it has format version 3; drplan reads version 4"), "{why}");
        assert!(why.contains("run `terraform state pull > new.tfstate`"), "{why}");
    }

    /// A resource of a state.
    fn resource(rest: &str) -> Inventory {
        read(&TABLES, &format!(r#"{{"version": 4, "resources": [{{"mode": "managed", {rest}}}]}}"#)).unwrap()
    }

    #[test]
    fn labels_begin_with_the_modules() {
        for (module, key, expected) in [
            ("module.primary", "", "primary-a"),
            (r#"module.region[\"west.2\"].module.net[0]"#, r#""index_key": 3,"#, "region-west-2-net-0-a-3"),
            ("module.module", "", "module-a"),
        ] {
            let found = resource(&format!(
                r#""module": "{module}", "type": "azurerm_lb", "name": "a", "instances": [{{{key} "attributes": {{"id": "/subscriptions/s/resourceGroups/g/providers/M.N/l/a"}}}}]"#
            ));
            assert_eq!(found.objects[0].label, expected);
            assert!(found.objects[0].address.starts_with("module."), "{:?}", found.objects[0].address);
        }
    }

    #[test]
    fn associations_and_inline_blocks_belong_to_their_object() {
        let found = resource(
            r#""type": "azurerm_network_interface_security_group_association", "name": "a", "instances": [
                {"attributes": {"id": "/subscriptions/s/resourceGroups/g/providers/M.N/nics/n|/subscriptions/s/resourceGroups/g/providers/M.N/nsgs/s"}}]"#,
        );
        assert_eq!(found.objects[0].id.name(), "n");
        let found = resource(
            r#""type": "azurerm_virtual_network", "name": "hub", "instances": [{"attributes": {
                "id": "/subscriptions/s/resourceGroups/g/providers/M.N/v/n", "subnet": [{"name": "app"}, {"name": "../x"}]}}]"#,
        );
        let objects: Vec<(&str, &str, &str)> =
            found.objects.iter().map(|one| (&*one.type_, &*one.label, one.id.name())).collect();
        assert_eq!(objects, [("virtual_network", "hub", "n"), ("subnet", "hub-app", "app")]);
    }

    #[test]
    fn deposed_and_tainted_instances_are_told_apart() {
        let instance =
            |rest: &str| format!(r#"{{{rest}, "attributes": {{"id": "/subscriptions/s/resourceGroups/g"}}}}"#);
        let found = resource(&format!(
            r#""type": "azurerm_resource_group", "name": "a", "instances": [{}, {}]"#,
            instance(r#""status": "tainted""#),
            instance(r#""deposed": "8a1f""#)
        ));
        assert_eq!(found.objects.len(), 1);
        assert!(found.objects[0].tainted);
        assert_eq!(found.others[0].0, "azurerm_resource_group.a");
        assert!(found.others[0].1.starts_with("deposed: "), "{:?}", found.others);
    }

    proptest! {
        #[test]
        fn malformed_states_are_rejected_without_a_panic(cut in any::<prop::sample::Index>(), noise in "\\PC{0,8}") {
            let at = cut.index(STATE.len());
            let _ = read(&TABLES, &format!("{}{noise}{}", &STATE[..at], &STATE[at..]));
        }
    }
}
