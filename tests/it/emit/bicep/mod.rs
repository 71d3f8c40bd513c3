//! Emitted Bicep for every kind's example and every starter stack: it parses, its names resolve, the linter's rules
//! hold, it writes what `apply` creates within the provider's types, and it contains no secret.

pub(super) mod eval;
mod functions;
mod inputs;
pub(super) mod lint;
mod order;

use drplan::providers::azure::ids::AzureId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drplan::emit::EmitResult;
use drplan::kinds::{Kind, Place};
use drplan::object::ObjectId;
use drplan::stack::{Presence, Stack};
use serde_json::{Map, Value as Json};

use super::{SECRET, Source, as_bicep, evaluated, sources};
use crate::facts::sheets;
use crate::failover::incident::UP;
use crate::failover::scene::scene;
use crate::lab::{Lab, failures, simulated, unmarked};
use crate::stacks;
use eval::{BicepFiles, DeploymentInputs, WrittenResource, deploy};

fn stack_of(source: &Source) -> Stack {
    evaluated(&source.lab, &source.text, &source.name).stack
}

#[test]
fn names_resolve_and_linter_rules_hold() {
    let mut found = Vec::new();
    for source in sources() {
        let emitted = as_bicep(&stack_of(&source));
        assert_eq!(emitted, as_bicep(&stack_of(&source)), "{}: emitted twice", source.name);
        let faults = lint::faults(&BicepFiles::parse(&emitted.files));
        found.extend(faults.into_iter().map(|fault| format!("{}: {fault}", source.name)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Values of the stack's variables, as environment variables that hold secrets.
fn environment(stack: &Stack) -> impl Fn(&str) -> String {
    let secrets: BTreeMap<String, String> = stack
        .variables
        .iter()
        .filter_map(|(name, variable)| Some((format!("DRPLAN_VAR_{name}"), variable.value.as_str()?.to_owned())))
        .collect();
    move |name| secrets.get(name).cloned().unwrap_or_else(|| "?provided".to_owned())
}

/// Resources and outputs of a deployment of emitted code.
fn deployed(
    stack: &Stack,
    emitted: &EmitResult,
    active: bool,
    standing: &BTreeMap<ObjectId, Json>,
) -> (Vec<WrittenResource>, Map<String, Json>) {
    let files = BicepFiles::parse(&emitted.files);
    let parameters = if active { "failover.bicepparam" } else { "main.bicepparam" };
    let inputs = DeploymentInputs {
        subscription: &stack.account.id,
        tenant: &stack.account.tenant,
        environment: &environment(stack),
        cloud: &|id| standing.get(id).cloned(),
    };
    deploy(&files, parameters, &inputs)
}

/// Differences between written and existing bodies. Skips properties that the provider never returns, according to the
/// kinds.
fn differences(path: &str, written: &Json, stands: Option<&Json>, silent: &BTreeSet<String>, found: &mut Vec<String>) {
    let last = path.rsplit(['.', ']']).next().unwrap_or(path);
    match (written, stands) {
        (Json::String(text), Some(_)) if text.starts_with('?') => {}
        (Json::Null, None) => {}
        (_, None) if silent.contains(last) => {}
        (Json::Object(all), Some(Json::Object(other))) => {
            for (key, value) in all {
                differences(&format!("{path}.{key}"), value, other.get(key), silent, found);
            }
        }
        (Json::Object(all), None) => {
            for (key, value) in all {
                differences(&format!("{path}.{key}"), value, None, silent, found);
            }
        }
        (Json::Array(all), Some(Json::Array(other))) if all.len() == other.len() => {
            for (at, value) in all.iter().enumerate() {
                // Regions are sorted by priority.
                let region = |one: &Json| {
                    one.get("locationName").and_then(Json::as_str).map(|name| name.replace(' ', "").to_lowercase())
                };
                let same = other.iter().find(|other| region(value).is_some() && region(other) == region(value));
                differences(&format!("{path}[{at}]"), value, same.or(other.get(at)), silent, found);
            }
        }
        // A list that shows children as well, which are written beside it.
        (Json::Array(all), Some(Json::Array(other))) if shows_children(path) && all.len() < other.len() => {
            for value in all {
                let same = other.iter().find(|other| other["name"] == value["name"]);
                differences(&format!("{path}[{}]", value["name"]), value, same, silent, found);
            }
        }
        // Members of a virtual endpoint are written as names of servers; the response has the server in front.
        (Json::Array(all), Some(Json::Array(other))) if last == "members" && other.ends_with(all) => {}
        // Some services return the display name of a region.
        (Json::String(a), Some(Json::String(b))) if a.eq_ignore_ascii_case(&b.replace(' ', "")) => {}
        (Json::String(a), Some(Json::String(b))) if a.eq_ignore_ascii_case(b) => {}
        (a, Some(b)) if a == b => {}
        (a, b) => {
            found.push(format!("{path}: {a} is written instead of {}", b.map_or("nothing".to_owned(), Json::to_string)))
        }
    }
}

/// True for a list of a body in which children of the object appear.
fn shows_children(path: &str) -> bool {
    let mut lists = drplan::providers::azure::TABLES.shown_lists();
    lists.any(|list| path.ends_with(&format!(".{list}")))
}

/// Last path segments of properties that the provider never returns, for the kinds of a stack.
fn silent(stack: &Stack) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for resource in stack.resources.values() {
        collect(resource.kind.args, &mut out);
    }
    out
}

fn collect(args: &[drplan::kinds::Arg], into: &mut BTreeSet<String>) {
    use drplan::kinds::{Ty, Wire};
    for arg in args {
        if let (true, Wire::At(path) | Wire::Mapped(path, _) | Wire::Negated(path)) = (arg.write_only, arg.wire) {
            into.extend(path.rsplit('.').next().map(str::to_owned));
        }
        if let Ty::Block(block) = arg.ty {
            collect(block.args, into);
        }
    }
}

/// A resource with the id that it has after `apply`: an assignment has a name that a template can know, which is
/// another one.
fn as_named(one: &WrittenResource, standing: &BTreeMap<ObjectId, Json>) -> WrittenResource {
    let of = |body: &Json, name: &str| body["properties"][name].as_str().unwrap_or_default().to_lowercase();
    let is_same = |(id, body): &(&ObjectId, &Json)| {
        let place = |id: &ObjectId| id.as_str().rsplit_once('/').map(|(place, _)| place.to_lowercase());
        let role = of(body, "roleDefinitionId");
        let principal = of(&one.body, "principalId");
        !role.is_empty()
            && place(id) == place(&one.id)
            && role == of(&one.body, "roleDefinitionId")
            && (principal.starts_with('?') || principal == of(body, "principalId"))
    };
    match standing.iter().find(is_same) {
        Some((id, _)) => WrittenResource { id: id.clone(), ..one.clone() },
        None => one.clone(),
    }
}

/// Faults of a deployment compared with existing objects: the same objects, with the same values.
fn against(
    stack: &Stack,
    written: &[WrittenResource],
    standing: &BTreeMap<ObjectId, Json>,
    expected: &BTreeSet<ObjectId>,
) -> Vec<String> {
    let mut found = Vec::new();
    let written: Vec<WrittenResource> = written.iter().map(|one| as_named(one, standing)).collect();
    let written = written.as_slice();
    let ids: BTreeSet<ObjectId> = written.iter().map(|one| one.id.clone()).collect();
    found.extend(expected.difference(&ids).map(|id| format!("{id} is not written")));
    found.extend(ids.difference(expected).map(|id| format!("{id} is written, but not in the stack")));
    if ids.len() != written.len() {
        found.push("an object is written twice".to_owned());
    }
    let silent = silent(stack);
    for one in written {
        match standing.get(&one.id) {
            None => found.push(format!("{} does not exist", one.id)),
            Some(body) => differences(one.id.name(), &one.body, Some(body), &silent, &mut found),
        }
    }
    found
}

/// Objects of a stack that are written in full: all, or only the permanent ones.
fn objects(stack: &Stack, all: bool) -> BTreeSet<ObjectId> {
    let resources = stack.resources.values().filter(|one| all || one.presence == Presence::Permanent);
    // Bicep has no other provider's resources.
    let resources = resources.filter(|one| one.kind.provider() == &drplan::providers::azure::TABLES);
    resources
        .flat_map(|one| &one.objects)
        .filter(|object| object.within.is_none())
        .map(|object| object.id.clone())
        .collect()
}

/// Existing objects after an apply of a stack.
fn standing(source: &Source) -> BTreeMap<ObjectId, Json> {
    simulated(async {
        let applied = source.lab.apply(&source.text).await.expect("the state can be written");
        failures(&applied, &source.name).unwrap_or_else(|why| panic!("{why}"));
        let azure = drplan::providers::azure::TABLES.grammar;
        let objects = source.lab.simulator.show().objects.into_iter().filter(|(id, _)| azure.is_id(id.as_str()));
        unmarked(objects.collect())
    })
}

#[test]
fn emitted_code_creates_the_resources_of_apply() {
    let (mut found, mut types) = (Vec::new(), Types::default());
    for source in sources() {
        let stack = stack_of(&source);
        let emitted = as_bicep(&stack);
        let standing = standing(&source);
        let (written, _) = deployed(&stack, &emitted, false, &standing);
        let mut faults = against(&stack, &written, &standing, &objects(&stack, false));
        faults.extend(types.faults(&written));
        faults.extend(order::faults(&stack, &BicepFiles::parse(&emitted.files), &written));
        found.extend(faults.into_iter().map(|fault| format!("{}: {fault}", source.name)));
    }
    types.done();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn emitted_code_keeps_the_roles_of_a_failover() {
    let (mut found, mut types) = (Vec::new(), Types::default());
    for name in ["web-geo", "shop", "postgres-warm", "images"] {
        let incident = simulated(async {
            let incident = scene(name, UP).begin().await;
            incident.done(UP).await;
            incident
        });
        let standing = unmarked(incident.lab.simulator.show().objects);
        let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name));
        let stack = evaluated(&lab, &text, name).stack;
        let emitted = as_bicep(&stack);
        let (written, _) = deployed(&stack, &emitted, true, &standing);
        // A replica whose peer is the primary is not written.
        let promoted = |id: &ObjectId| {
            let groups = stack.failover_groups.values();
            let all = groups.flat_map(|group| &group.promote).filter_map(|address| stack.resources.get(address));
            all.flat_map(|one| &one.objects).any(|object| object.within.is_none() && object.id == *id)
        };
        let expected = objects(&stack, true).into_iter().filter(|id| !promoted(id)).collect();
        let mut faults = against(&stack, &written, &standing, &expected);
        faults.extend(types.faults(&written));
        found.extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    types.done();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A schema that rejects read-only properties.
fn writable(schema: &Json) -> Json {
    match schema {
        Json::Object(map) => {
            let entry = |(key, value): (&String, &Json)| match (key.as_str(), value) {
                ("properties", Json::Object(properties)) => {
                    let of = |value: &Json| match value.get("readOnly") {
                        Some(Json::Bool(true)) => Json::Bool(false),
                        _ => writable(value),
                    };
                    let all = properties.iter().map(|(name, value)| (name.clone(), of(value))).collect();
                    (key.clone(), Json::Object(all))
                }
                // The validator does not support the two patterns that use look-behind.
                ("pattern", _) => ("description".to_owned(), Json::from("")),
                _ => (key.clone(), writable(value)),
            };
            Json::Object(map.iter().map(entry).collect())
        }
        Json::Array(items) => items.iter().map(writable).collect(),
        plain => plain.clone(),
    }
}

/// The kinds, and the tables of those that have several.
fn tables() -> impl Iterator<Item = &'static Kind> {
    drplan::providers::azure::TABLES.tables().map(|table| table.kind)
}

/// Provider types, each compiled once.
#[derive(Default)]
struct Types {
    validators: BTreeMap<String, Option<jsonschema::Validator>>,
    checked: usize,
}

impl Types {
    /// Faults of written resources against the provider's types.
    fn faults(&mut self, written: &[WrittenResource]) -> Vec<String> {
        let mut found = Vec::new();
        for one in written.iter().filter(|_| sheets::present()) {
            let type_ = one.id.arm_type().unwrap_or_default();
            let validator = self.validators.entry(type_.clone()).or_insert_with(|| {
                // A type without a kind has the version that its block names.
                tables().find(|kind| kind.type_.name.eq_ignore_ascii_case(&type_))?;
                let (api, schema) = sheets::arm_type(&type_)?;
                // A type without a schema has the version of the one around it, if that is newer.
                assert!(api == one.api || (schema.is_none() && api < one.api), "API version of {type_}: {}", one.api);
                Some(jsonschema::validator_for(&writable(&schema?)).expect("a schema"))
            });
            let Some(validator) = validator else { continue };
            self.checked += 1;
            let mut body = one.body.clone();
            body["name"] = Json::from(one.id.name());
            found.extend(
                validator.iter_errors(&body).map(|error| format!("{type_}: {} {error}", error.instance_path())),
            );
        }
        found
    }

    /// Reports a skipped check.
    fn done(&self) {
        match sheets::present() {
            true => assert!(self.checked > 20, "only {} bodies were checked", self.checked),
            false => crate::skipped(
                "emitted Bicep was NOT checked against the provider's types; ../shared/reference is absent",
            ),
        }
    }
}

#[test]
fn emitted_code_contains_no_secret() {
    let source = sources().pop().expect("the wide stack");
    for (name, text) in as_bicep(&stack_of(&source)).files {
        for secret in [SECRET, "a-default-that-is-secret", "written-1n-clear"] {
            assert!(!text.contains(secret), "{name}:\n{text}");
        }
    }
}

#[test]
fn changed_argument_changes_only_its_line() {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo"));
    let before = as_bicep(&evaluated(&lab, &text, "web-geo").stack);
    let after = as_bicep(&evaluated(&lab, &text.replace("max_size_gb = 50", "max_size_gb = 60"), "web-geo").stack);
    let mut changed = Vec::new();
    for (name, text) in &before.files {
        let diff = similar::TextDiff::from_lines(text, &after.files[name]);
        let lines = diff.iter_all_changes().filter(|change| change.tag() == similar::ChangeTag::Insert);
        changed.extend(lines.map(|change| (name.clone(), change.value().trim().to_owned())));
    }
    assert_eq!(changed, [("modules/web-primary.bicep".to_owned(), "maxSizeBytes: 64424509440".to_owned())]);
}

#[test]
fn loops_are_emitted_as_loops() {
    let source = sources().pop().expect("the wide stack");
    let emitted = as_bicep(&stack_of(&source));
    let group = &emitted.files["modules/app-group.bicep"];
    for part in [
        "resource onePublicIp 'Microsoft.Network/publicIPAddresses@2025-09-01' = [\n  for each in ",
        "securityRules: [\n      for securityRule in items(rules): {",
        "protocol: securityRule.value.protocol",
        "resource appNetworkInterface 'Microsoft.Network/networkInterfaces@2025-09-01' = [\n  for (each, i) in zones: {",
        "id: zoneSubnet[i].id",
    ] {
        assert!(group.contains(part), "no `{part}` in\n{group}");
    }
}

#[test]
fn every_resource_is_emitted_or_reported() {
    for source in sources() {
        let stack = stack_of(&source);
        let emitted = as_bicep(&stack);
        for resource in
            stack.resources.values().filter(|one| matches!(one.kind.place, Place::Part(..) | Place::Property(_)))
        {
            let told = emitted.limitations.iter().any(|one| one.what.starts_with(resource.address.block().as_str()));
            let has_owner = resource.objects.iter().all(|object| stack.by_id(&object.id).is_some());
            assert!(told || has_owner, "{}: {} is neither emitted nor reported", source.name, resource.address);
        }
    }
}

/// Bicep has no variable for a local that depends on a resource. Written out, each of these is twice the one before.
#[test]
fn expressions_that_are_repeated_use_up_the_budget() {
    let mut text = String::from(
        "stack \"twice\" {}\nsite \"east\" {\n  provider = \"azure\"\n  location = \"canadaeast\"\n}\n\
         resource_group \"r\" {\n  site = site.east\n}\nuser_assigned_identity \"reader\" {\n  resource_group = \
         resource_group.r\n}\noutput \"all\" {\n  value = local.level60\n}\nlocals {\n  level0 = \
         user_assigned_identity.reader.principal_id\n",
    );
    for level in 1..=60 {
        let inner = level - 1;
        text += &format!("  level{level} = \"${{local.level{inner}}}${{local.level{inner}}}\"\n");
    }
    let stack = evaluated(&Lab::new(7), &(text + "}\n"), "twice").stack;
    let refused = drplan::providers::azure::bicep::emit(&stack).expect_err("the code would have no end");
    assert_eq!(refused.iter().map(|one| one.code).collect::<Vec<_>>(), ["too-large"], "{refused:?}");
}
