//! Emitted Bicep, for every kind's example and every stack to start from: it can be read, its names resolve, the rules of the linter hold, what it writes fits the
//! provider's types and is what `apply` makes, and no secret is in it.

mod eval;
mod functions;
mod lint;
mod order;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drplan::address::ArmId;
use drplan::emit::{Emitted, bicep};
use drplan::kinds::Place;
use drplan::stack::{Presence, Stack};
use serde_json::{Map, Value as Json};

use super::{SECRET, Source, evaluated, sources};
use crate::facts::sheets;
use crate::failover::incident::UP;
use crate::failover::scene::Scene;
use crate::lab::{failures, simulated};
use crate::stacks;
use eval::{Files, World, Written, deploy};

fn stack_of(source: &Source) -> Stack {
    evaluated(&source.lab, &source.text, &source.name).stack
}

#[test]
fn names_resolve_and_the_rules_of_the_linter_hold() {
    let mut found = Vec::new();
    for source in sources() {
        let emitted = bicep(&stack_of(&source));
        assert_eq!(emitted, bicep(&stack_of(&source)), "{}: emitted twice", source.name);
        let faults = lint::faults(&Files::parse(&emitted.files));
        found.extend(faults.into_iter().map(|fault| format!("{}: {fault}", source.name)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What the stack says of its variables, for the environment that secrets are read from.
fn environment(stack: &Stack) -> impl Fn(&str) -> String {
    let secrets: BTreeMap<String, String> = stack
        .variables
        .iter()
        .filter_map(|(name, variable)| Some((format!("DRPLAN_VAR_{name}"), variable.value.as_str()?.to_owned())))
        .collect();
    move |name| secrets.get(name).cloned().unwrap_or_else(|| "?asked for".to_owned())
}

/// What a deployment of what is emitted writes, and its outputs.
fn deployed(
    stack: &Stack,
    emitted: &Emitted,
    active: bool,
    standing: &BTreeMap<ArmId, Json>,
) -> (Vec<Written>, Map<String, Json>) {
    let files = Files::parse(&emitted.files);
    let parameters = if active { "failover.bicepparam" } else { "main.bicepparam" };
    let world = World {
        subscription: &stack.subscription,
        tenant: &stack.tenant,
        environment: &environment(stack),
        cloud: &|id| standing.get(id).cloned(),
    };
    deploy(&files, parameters, &world)
}

/// Where what is written differs from what stands. What the provider never answers is passed over where the kinds say so.
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
                // Regions come in the order of their ranks.
                let region = |one: &Json| {
                    one.get("locationName").and_then(Json::as_str).map(|name| name.replace(' ', "").to_lowercase())
                };
                let same = other.iter().find(|other| region(value).is_some() && region(other) == region(value));
                differences(&format!("{path}[{at}]"), value, same.or(other.get(at)), silent, found);
            }
        }
        // The members of a virtual endpoint are asked for without the server that has it, which is answered before them.
        (Json::Array(all), Some(Json::Array(other))) if last == "members" && other.ends_with(all) => {}
        // Some services answer regions in words.
        (Json::String(a), Some(Json::String(b))) if a.eq_ignore_ascii_case(&b.replace(' ', "")) => {}
        (Json::String(a), Some(Json::String(b))) if a.eq_ignore_ascii_case(b) => {}
        (a, Some(b)) if a == b => {}
        (a, b) => found
            .push(format!("{path}: {a} is written, and {} stands", b.map_or("nothing".to_owned(), Json::to_string))),
    }
}

/// The last segments of paths that the provider never answers, by the kinds of a stack.
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

/// The faults of what is written against what stands: the same objects, with the same values.
fn against(
    stack: &Stack,
    written: &[Written],
    standing: &BTreeMap<ArmId, Json>,
    expected: &BTreeSet<ArmId>,
) -> Vec<String> {
    let mut found = Vec::new();
    let ids: BTreeSet<ArmId> = written.iter().map(|one| one.id.clone()).collect();
    found.extend(expected.difference(&ids).map(|id| format!("{id} is not written")));
    found.extend(ids.difference(expected).map(|id| format!("{id} is written, and is not the stack's")));
    if ids.len() != written.len() {
        found.push("an object is written twice".to_owned());
    }
    let silent = silent(stack);
    for one in written {
        match standing.get(&one.id) {
            None => found.push(format!("{} does not stand", one.id)),
            Some(body) => differences(one.id.name(), &one.body, Some(body), &silent, &mut found),
        }
    }
    found
}

/// The objects of a stack that are written whole: all, or those that always stand.
fn objects(stack: &Stack, all: bool) -> BTreeSet<ArmId> {
    let resources = stack.resources.values().filter(|one| all || one.presence == Presence::Permanent);
    resources
        .flat_map(|one| &one.objects)
        .filter(|object| object.within.is_none())
        .map(|object| object.id.clone())
        .collect()
}

/// What stands once a stack was applied.
fn standing(source: &Source) -> BTreeMap<ArmId, Json> {
    simulated(async {
        let applied = source.lab.apply(&source.text).await.expect("it can be recorded");
        failures(&applied, &source.name).unwrap_or_else(|why| panic!("{why}"));
        source.lab.simulator.show().objects
    })
}

#[test]
fn it_makes_what_apply_makes_and_fits_the_providers_types() {
    let (mut found, mut types) = (Vec::new(), Types::default());
    for source in sources() {
        let stack = stack_of(&source);
        let emitted = bicep(&stack);
        let standing = standing(&source);
        let (written, _) = deployed(&stack, &emitted, false, &standing);
        let mut faults = against(&stack, &written, &standing, &objects(&stack, false));
        faults.extend(types.faults(&written));
        faults.extend(order::faults(&stack, &Files::parse(&emitted.files), &written));
        found.extend(faults.into_iter().map(|fault| format!("{}: {fault}", source.name)));
    }
    types.done();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn while_a_failover_is_on_it_makes_what_the_run_left() {
    let (mut found, mut types) = (Vec::new(), Types::default());
    for name in ["web-geo", "shop", "postgres-warm", "images"] {
        let incident = simulated(async {
            let incident = Scene { stack: name, ask: UP }.begin().await;
            incident.done(UP).await;
            incident
        });
        let standing = incident.lab.simulator.show().objects;
        let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name));
        let stack = evaluated(&lab, &text, name).stack;
        let emitted = bicep(&stack);
        let (written, _) = deployed(&stack, &emitted, true, &standing);
        // A replica whose other side takes writes is left alone meanwhile.
        let promoted = |id: &ArmId| {
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

/// A schema in which what is read only is refused.
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
                // Two patterns look behind, which the validator cannot.
                ("pattern", _) => ("description".to_owned(), Json::from("")),
                _ => (key.clone(), writable(value)),
            };
            Json::Object(map.iter().map(entry).collect())
        }
        Json::Array(items) => items.iter().map(writable).collect(),
        plain => plain.clone(),
    }
}

/// The provider's types, each made ready once.
#[derive(Default)]
struct Types {
    validators: BTreeMap<String, Option<jsonschema::Validator>>,
    checked: usize,
}

impl Types {
    /// Where what is written does not fit them.
    fn faults(&mut self, written: &[Written]) -> Vec<String> {
        let mut found = Vec::new();
        for one in written.iter().filter(|_| sheets::present()) {
            let type_ = one.id.arm_type().unwrap_or_default();
            let validator = self.validators.entry(type_.clone()).or_insert_with(|| {
                let (api, schema) = sheets::arm_type(&type_)?;
                assert_eq!(api, one.api, "the version of {type_}");
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

    /// Says aloud where nothing could be checked.
    fn done(&self) {
        match sheets::present() {
            true => assert!(self.checked > 20, "only {} bodies were checked", self.checked),
            false => crate::skipped(
                "emitted Bicep was NOT held against the provider's types; the sheets are not on this machine",
            ),
        }
    }
}

#[test]
fn no_secret_is_in_it() {
    let source = sources().pop().expect("the wide one");
    for (name, text) in bicep(&stack_of(&source)).files {
        for secret in [SECRET, "a-default-that-is-secret", "written-1n-clear"] {
            assert!(!text.contains(secret), "{name}:\n{text}");
        }
    }
}

#[test]
fn a_changed_argument_changes_its_line_only() {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-geo"));
    let before = bicep(&evaluated(&lab, &text, "web-geo").stack);
    let after = bicep(&evaluated(&lab, &text.replace("max_size_gb = 50", "max_size_gb = 60"), "web-geo").stack);
    let mut changed = Vec::new();
    for (name, text) in &before.files {
        let diff = similar::TextDiff::from_lines(text, &after.files[name]);
        let lines = diff.iter_all_changes().filter(|change| change.tag() == similar::ChangeTag::Insert);
        changed.extend(lines.map(|change| (name.clone(), change.value().trim().to_owned())));
    }
    assert_eq!(changed, [("modules/web-primary.bicep".to_owned(), "maxSizeBytes: 64424509440".to_owned())]);
}

#[test]
fn loops_stay_loops() {
    let source = sources().pop().expect("the wide one");
    let emitted = bicep(&stack_of(&source));
    let group = &emitted.files["modules/app-group.bicep"];
    for part in [
        "resource onePublicIp 'Microsoft.Network/publicIPAddresses@2025-09-01' = [for each in ",
        "securityRules: [for securityRule in items(rules): {",
        "protocol: securityRule.value.protocol",
        "resource appNetworkInterface 'Microsoft.Network/networkInterfaces@2025-09-01' = [for (each, i) in ",
        "id: zoneSubnet[i].id",
    ] {
        assert!(group.contains(part), "no `{part}` in\n{group}");
    }
}

#[test]
fn every_resource_is_said_or_told_of() {
    for source in sources() {
        let stack = stack_of(&source);
        let emitted = bicep(&stack);
        for resource in
            stack.resources.values().filter(|one| matches!(one.kind.place, Place::Part(..) | Place::Property(_)))
        {
            let told = emitted.unsaid.iter().any(|one| one.what.starts_with(resource.address.block().as_str()));
            let has_owner = resource.objects.iter().all(|object| stack.by_id(&object.id).is_some());
            assert!(told || has_owner, "{}: {} is said nowhere", source.name, resource.address);
        }
    }
}
