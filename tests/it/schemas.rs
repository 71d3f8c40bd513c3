//! JSON documents that drplan prints or writes, validated against the schemas in `docs/schemas`.
//!
//! The schemas allow no additional fields, so that an undocumented field fails here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use drplan::cli::{self, Session};
use drplan::host::SeededIds;
use drplan::reference::schemas;
use serde_json::Value as Json;

use crate::transcripts::{CollectedOutput, SEED, words};

/// Documents of Azure's form, not drplan's: `simulator show OBJECT`.
const FOREIGN: &str = "foreign";

/// Validates documents and collects the errors.
#[derive(Default)]
struct SchemaChecker {
    used: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

impl SchemaChecker {
    fn hold(&mut self, name: &str, document: &Json, from: &str) {
        if name == FOREIGN {
            return;
        }
        let schema = schemas::find(name).unwrap_or_else(|| panic!("{from}: no schema {name}"));
        self.used.insert(schema.name);
        let json: Json = serde_json::from_str(schema.text).expect("a schema is JSON");
        let validator =
            jsonschema::options().should_validate_formats(true).build(&json).expect("a schema is a JSON Schema");
        for error in validator.iter_errors(document) {
            let what: String = error.to_string().chars().take(400).collect();
            self.wrong.push(format!("{from} against {name}, at {}: {what}", error.instance_path()));
        }
    }

    fn end(self) -> BTreeSet<&'static str> {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        self.used
    }
}

/// Schema of the document that a command prints to stdout; `None` if it prints none.
fn schema_of(words: &[&str]) -> Option<&'static str> {
    let json = words.windows(2).any(|pair| pair == ["--format", "json"]) || words.contains(&"--format=json");
    let plain: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
    let explains = words.contains(&"--list") || words.contains(&"--explain");
    Some(match (plain.get(1).copied()?, plain.get(2).copied().unwrap_or_default(), json) {
        ("state", "pull", _) => "state",
        ("state", "list", true) => "state-list",
        ("state", "show", true) if plain.get(3).is_some_and(|address| address.starts_with("backup.")) => "restores",
        ("state", "show", true) => "resource",
        ("simulator", "show", false) if plain.len() > 3 => FOREIGN,
        (_, _, false) => return None,
        ("plan" | "show", ..) => "plan",
        ("apply" | "destroy", ..) => "apply",
        ("simulator", "fault", _) => "faults",
        ("failover-group", "abort", _) => "abort",
        ("output", ..) => "output",
        ("diff", ..) => "review",
        ("validate", ..) => "diagnostics",
        ("check", ..) if explains => "rules",
        ("check", ..) => "check",
        ("doctor", ..) => "doctor",
        ("backup", "list", _) => "backup-list",
        ("backup", "status", _) => "backup-status",
        ("backup", "restore", _) if words.contains(&"--dry-run") => "procedure",
        ("backup", "restore", _) => "run",
        ("roles", ..) => "roles",
        ("kinds", ..) => "kinds",
        ("simulator", "show", _) => "simulator",
        ("simulator", "workload", _) => "workload",
        ("failover-group", "up" | "down" | "drill", _) if words.contains(&"--dry-run") => "procedure",
        ("failover-group", "up" | "down" | "drill" | "show" | "resume", _) => "run",
        ("failover-group", "history", _) => "history",
        ("failover-group", "status", _) => "status",
        _ => return None,
    })
}

/// First JSON document in a text.
fn first_document(text: &str) -> Option<Json> {
    let text = text.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::Deserializer::from_str(text).into_iter::<Json>().next()?.ok()
}

#[test]
fn documents_of_transcripts_match_their_schemas() {
    let mut holder = SchemaChecker::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    for entry in fs::read_dir(folder).expect("the transcripts") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a transcript");
        let mut commands = text.split("\n$ ");
        commands.next();
        for command in commands {
            let Some((line, output)) = command.split_once('\n') else { continue };
            let all = words(line);
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            if all.first() != Some(&"drplan") {
                continue;
            }
            if let (Some(name), Some(document)) = (schema_of(&all), first_document(output)) {
                holder.hold(name, &document, &format!("{}: {line}", path.display()));
            }
        }
    }
    holder.end();
}

#[test]
fn documents_of_golden_files_match_their_schemas() {
    let mut holder = SchemaChecker::default();
    for (file, schema) in [("procedure.json", "procedure"), ("status.json", "run")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/views").join(file);
        let text = fs::read_to_string(&path).expect("a golden file");
        holder.hold(schema, &serde_json::from_str(&text).expect("JSON"), file);
    }
    holder.end();
}

/// Runs one command in this directory and returns its stdout.
fn print(line: &str, dir: &Path, ids: &Arc<SeededIds>) -> String {
    let (out, err) = (CollectedOutput::default(), CollectedOutput::default());
    let mut session = Session::detached(
        Box::new(out.clone()),
        Box::new(err.clone()),
        dir.to_owned(),
        Arc::clone(ids) as _,
        drplan::providers::catalog(),
    );
    let _ = cli::run(words(line).iter().map(Into::into), &mut session);
    out.text()
}

/// An incident with every command that prints JSON. `STACK` is replaced by the stack and its values.
const SESSION: &str = "\
drplan backup list shop --format json
drplan apply shop --yes
drplan backup list shop --format json
drplan backup status shop --format json
drplan kinds --format json
drplan kinds mssql_database --format json
drplan kinds geo_replica --format json
drplan kinds failover_group --format json
drplan check --list --format json
drplan validate STACK --format json
drplan validate broken --format json
drplan check STACK --format json
drplan plan STACK --format json
drplan diff before STACK --format json
drplan doctor STACK --format json
drplan plan STACK --out today.plan
drplan show today.plan --format json
drplan apply STACK --yes --format json
drplan state list stacks/web-geo --format json
drplan state show mssql_server.primary stacks/web-geo --format json
drplan plan STACK --format json
drplan output stacks/web-geo --format json
drplan output stacks/web-geo front_door --format json
drplan state pull stacks/web-geo
drplan roles show stacks/web-geo --format json
drplan simulator show --format json
drplan simulator workload start STACK
drplan simulator pass 1m
drplan simulator fault lose canadacentral
drplan simulator fault list --format json
drplan failover-group abort stacks/web-geo --yes --format json
drplan failover-group status stacks/web-geo --format json
drplan failover-group up STACK --forced --lost primary --dry-run --format json
drplan failover-group up STACK --forced --lost primary --accept-data-loss 30s --yes --format json
drplan failover-group status stacks/web-geo --format json
drplan failover-group history stacks/web-geo --format json
drplan roles show stacks/web-geo --format json
drplan plan STACK --format json
drplan simulator workload show --format json
drplan simulator show --format json
drplan state pull stacks/web-geo
drplan simulator fault restore canadacentral
drplan failover-group down STACK --yes --format json
drplan failover-group drill STACK --dry-run --format json
drplan failover-group drill STACK --yes --format json
drplan plan STACK --destroy --format json
";

#[test]
fn every_document_matches_its_schema() {
    let dir = tempfile::tempdir().expect("a directory");
    let ids = Arc::new(SeededIds::new(SEED));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate::docs::copy(&root.join("stacks"), &dir.path().join("stacks"));
    for (from, to, old, new) in [
        ("templates/init/minimal", "broken", "canadacentral", "canadacentrl"),
        ("stacks/web-geo", "before", "ttl           = 30", "ttl           = 60"),
    ] {
        crate::docs::copy(&root.join(from), &dir.path().join(to));
        let file = dir.path().join(to).join("stack.hcl");
        let text = fs::read_to_string(&file).expect("a stack");
        fs::write(&file, text.replace(old, new)).expect("a file");
    }
    let with_backup = format!("{}{}", crate::kinds::SITES, include_str!("../../src/reference/examples/backup.hcl"));
    fs::create_dir(dir.path().join("shop")).expect("a directory");
    fs::write(dir.path().join("shop/stack.hcl"), with_backup).expect("a file");
    let mut holder = SchemaChecker::default();
    for line in SESSION.lines() {
        let line = line.replace("STACK", "stacks/web-geo --vars stacks/web-geo/demo.vars.hcl");
        let printed = print(&line, dir.path(), &ids);
        let all = words(&line);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let Some(name) = schema_of(&all) else { continue };
        let document = first_document(&printed).unwrap_or_else(|| panic!("{line} printed no JSON:\n{printed}"));
        holder.hold(name, &document, &line);
    }
    let saved = fs::read_to_string(dir.path().join("today.plan")).expect("a saved plan");
    holder.hold("plan-file", &serde_json::from_str(&saved).expect("JSON"), "today.plan");
    // A restore takes a whole session: `tests/transcripts/verify.txt`.
    let none = drplan::view::restores::show_json(&drplan::address::Address::new("backup", "orders"), &[]);
    holder.hold("restores", &none, "state show");
    let used = holder.end();
    let missing: Vec<&str> =
        schemas::ALL.iter().map(|schema| schema.name).filter(|name| !used.contains(name)).collect();
    assert_eq!(missing, ["run"; 0], "schemas without a document in this test");
}

#[test]
fn schemas_allow_no_additional_fields() {
    fn closed(schema: &Json, path: &str, open: &mut Vec<String>) {
        if schema.get("properties").is_some() && schema.get("additionalProperties") != Some(&Json::Bool(false)) {
            open.push(path.to_owned());
        }
        match schema {
            Json::Object(map) => map.iter().for_each(|(name, inner)| closed(inner, &format!("{path}/{name}"), open)),
            Json::Array(items) => {
                items.iter().enumerate().for_each(|(at, inner)| closed(inner, &format!("{path}/{at}"), open));
            }
            _ => {}
        }
    }
    let mut open = Vec::new();
    for schema in schemas::ALL {
        let json: Json = serde_json::from_str(schema.text).expect("JSON");
        assert!(json["description"].is_string() && json["title"].is_string(), "{}", schema.name);
        closed(&json, schema.name, &mut open);
    }
    // The fields of a fault depend on its type.
    assert_eq!(open, ["simulator/properties/faults/items", "faults/properties/faults/items"]);
}
