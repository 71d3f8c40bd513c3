//! Facts about azurerm in the kinds' tables, against its schema: names, which lists and blocks are sets, what azurerm
//! requires within blocks, and where attributes are exported.

use drplan::kinds::{Arg, Kind, Need, TerraformShape, Ty};
use serde_json::Value as Json;

use crate::facts::sheets;

/// Kinds that are resources of azurerm, with their variants, and the name there.
fn tables() -> Vec<(&'static Kind, String)> {
    let all = drplan::providers::azure::TABLES.kinds.iter().filter(|kind| kind.typed.is_none());
    let variants = all.flat_map(|kind| match &kind.variants {
        None => vec![*kind],
        Some(variants) => variants.of.iter().map(|(_, kind)| *kind).collect(),
    });
    let is_resource = |kind: &&'static Kind| kind.terraform.shape == TerraformShape::Resource;
    let name = |kind: &'static Kind| {
        let of = kind.terraform.resource;
        format!("azurerm_{}", if of.is_empty() { kind.name } else { of })
    };
    variants.filter(is_resource).map(|kind| (kind, name(kind))).collect()
}

fn part<'a>(schema: &'a Json, key: &str, name: &str) -> Option<&'a Json> {
    schema.get(key)?.get(name)
}

/// Compares the arguments at a level with azurerm's.
fn level(kind: &Kind, prefix: &str, args: &[Arg], schema: &Json, faults: &mut Vec<String>) {
    let of = &kind.terraform;
    let mut written: Vec<(String, &Arg)> = Vec::new();
    for arg in args.iter().filter(|arg| !prefix.is_empty() || !matches!(arg.ty, Ty::Site)) {
        let path = format!("{prefix}{}", arg.name);
        let is_placed = matches!(arg.name, "resource_group" | "presence" | "restores") || of.said.contains(&&*path);
        if prefix.is_empty() && is_placed {
            continue;
        }
        let name = of.name_of(&path, arg);
        let (block, name) = match name.split_once('.').filter(|_| prefix.is_empty()) {
            Some((block, inner)) => (part(schema, "b", block), inner.to_owned()),
            None => (Some(schema), name.rsplit('.').next().unwrap_or(&name).to_owned()),
        };
        let Some(within) = block else {
            faults.push(format!("{}: azurerm has no block for {path}", kind.name));
            continue;
        };
        let (attribute, nested) = (part(within, "a", &name), part(within, "b", &name));
        if attribute.is_none() && nested.is_none() {
            faults.push(format!("{}: azurerm has no {name} for {path}", kind.name));
            continue;
        }
        let is_set = nested.is_some_and(|nested| nested["n"] == "set")
            || attribute.is_some_and(|one| one[1].as_str().is_some_and(|ty| ty.starts_with("set(")));
        let is_listed = of.sets.contains(&&*path) || matches!(arg.ty, Ty::Set(_));
        let is_list = attribute.is_some_and(|one| one[1].as_str().is_some_and(|ty| ty.starts_with("list(")));
        if is_set != is_listed && !(is_list && matches!(arg.ty, Ty::Set(_))) {
            faults.push(format!("{}: {path} is {}a set in azurerm", kind.name, if is_set { "" } else { "not " }));
        }
        if let (Ty::Block(table), Some(nested)) = (&arg.ty, nested) {
            level(kind, &format!("{path}."), table.args, nested, faults);
        }
        written.push((name, arg));
    }
    if prefix.is_empty() {
        return;
    }
    let empty = serde_json::Map::new();
    let attributes = schema.get("a").and_then(Json::as_object).unwrap_or(&empty);
    for (name, flags) in
        attributes.iter().filter(|(_, found)| found[0].as_str().is_some_and(|flags| flags.contains('R')))
    {
        let own = written.iter().find(|(own, _)| own == name);
        if !own.is_some_and(|(_, arg)| matches!(arg.need, Need::Required)) {
            faults
                .push(format!("{}: azurerm requires {prefix}{name} ({flags}), and a stack need not set it", kind.name));
        }
    }
}

#[test]
fn names_and_collections_of_arguments_are_those_of_azurerm() {
    if !sheets::present() {
        crate::skipped("tables about azurerm were NOT checked against its schema; ../shared/reference is absent");
        return;
    }
    let mut faults = Vec::new();
    for (kind, resource) in tables() {
        match sheets::azurerm_of(5, &resource) {
            Some(schema) => level(kind, "", kind.args, schema, &mut faults),
            None => faults.push(format!("azurerm has no {resource}")),
        }
        let paths = paths("", kind.args);
        let unknown = kind.terraform.sets.iter().filter(|path| !paths.iter().any(|one| one == *path));
        faults.extend(unknown.map(|path| format!("{}: {path} is no argument", kind.name)));
        // The code fits azurerm 4.81 as well.
        for (name, major) in kind.terraform.written_only.iter().flat_map(|name| [(name, 4), (name, 5)]) {
            let schema = sheets::azurerm_of(major, &resource);
            for form in [format!("{name}_wo"), format!("{name}_wo_version")] {
                if schema.is_none_or(|schema| schema["a"].get(&form).is_none()) {
                    faults.push(format!("{}: azurerm {major} has no {form}", kind.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

fn paths(prefix: &str, args: &[Arg]) -> Vec<String> {
    args.iter()
        .flat_map(|arg| {
            let path = format!("{prefix}{}", arg.name);
            let inner = match &arg.ty {
                Ty::Block(table) => paths(&format!("{path}."), table.args),
                _ => Vec::new(),
            };
            [path].into_iter().chain(inner)
        })
        .collect()
}

#[test]
fn attributes_are_where_azurerm_exports_them() {
    if !sheets::present() {
        crate::skipped("attributes were NOT checked against azurerm's schema; ../shared/reference is absent");
        return;
    }
    let mut faults = Vec::new();
    for (kind, resource) in tables() {
        let Some(schema) = sheets::azurerm_of(5, &resource) else { continue };
        for attribute in kind.attributes.iter().filter(|one| !kind.terraform.made.contains(&one.name)) {
            let place = kind.terraform.place_of(attribute.name);
            let exists = match place.split_once("[0].") {
                _ if place.is_empty() => part(schema, "a", attribute.name).is_none(),
                Some((block, inner)) => {
                    // What azurerm only exports is an attribute whose type names its parts.
                    let is_typed = |one: &Json| one[1].as_str().is_some_and(|ty| ty.contains(&format!("'{inner}'")));
                    part(schema, "b", block).is_some_and(|block| part(block, "a", inner).is_some())
                        || part(schema, "a", block).is_some_and(is_typed)
                }
                None => part(schema, "a", place).is_some(),
            };
            if !exists {
                faults.push(format!("{resource}: {} is not at `{place}`", attribute.name));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}
