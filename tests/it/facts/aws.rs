//! The tables of AWS against the schemas of CloudFormation: each argument and attribute has a property, and a change
//! that AWS refuses in place replaces the object.

use drplan::kinds::{Arg, AttributeSource, ChangeEffect, Kind, Ty, Wire};
use serde_json::Value as Json;

use super::sheets;

/// Properties that no type has: those of objects that are several types, and what only native calls take.
const OWN: &[&str] = &[
    "location",
    "tags",
    "AWS::EC2::InternetGateway VpcId",
    "AWS::EC2::RouteTable Routes",
    "AWS::EC2::RouteTable SubnetIds",
    "AWS::EC2::Instance AllocationId",
    "AWS::EC2::Instance AssociatePublicIpAddress",
    "AWS::EC2::Instance RootBlockDevice",
    "AWS::EC2::Volume Attachment",
    "AWS::S3::Bucket Policy",
    // Cloud Control leaves the throughput of a machine's volume out, and RunInstances takes it.
    "AWS::EC2::Instance BlockDeviceMappings.Ebs.Throughput",
];

/// The schema of a property by its path, through definitions and lists.
fn property<'s>(root: &'s Json, at: &'s Json, path: &str) -> Option<&'s Json> {
    let at = match at.get("$ref").and_then(Json::as_str) {
        Some(reference) => root.pointer(reference.strip_prefix('#')?)?,
        None => at,
    };
    if let Some(items) = at.get("items") {
        return property(root, items, path);
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    if first.is_empty() {
        return Some(at);
    }
    property(root, at.get("properties")?.get(first)?, rest)
}

fn path_of(wire: Wire) -> Option<String> {
    match wire {
        Wire::At(at) | Wire::Mapped(at, _) | Wire::Scaled(at, _) | Wire::Text(at) | Wire::Negated(at) => {
            Some(at.replace("[0]", "").replace("[]", ""))
        }
        Wire::Odd | Wire::Nowhere => None,
    }
}

fn is_own(kind: &Kind, path: &str) -> bool {
    let named = format!("{} {path}", kind.type_.name);
    let is = |own: &&str| [path, &*named].iter().any(|one| one == own || one.starts_with(&format!("{own}.")));
    OWN.iter().any(is)
}

/// The paths of arguments, each with the effect of a change.
fn paths(table: &[Arg], above: &str, outer: ChangeEffect, into: &mut Vec<(String, ChangeEffect)>) {
    for arg in table {
        let Some(path) = path_of(arg.wire) else { continue };
        let path = [above, &path].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
        let change = if outer == ChangeEffect::Replace { outer } else { arg.change };
        if let Ty::Block(block) = arg.ty {
            paths(block.args, &path, change, into);
        }
        into.push((path, change));
    }
}

fn texts<'s>(schema: &'s Json, key: &str) -> impl Iterator<Item = String> + use<'s> {
    let all = schema.get(key).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    all.map(|text| text.trim_start_matches("/properties/").replace("/*", "").replace('/', "."))
}

#[test]
fn tables_have_the_properties_of_cloudformation() {
    if !sheets::present() {
        crate::skipped("the tables of AWS were NOT checked against CloudFormation; ../shared/reference is absent");
        return;
    }
    let (mut faults, mut seen) = (Vec::new(), 0);
    for kind in drplan::providers::aws::TABLES.kinds {
        let Some(schema) = sheets::cloudformation(kind.type_.name) else { continue };
        seen += 1;
        let mut all = Vec::new();
        paths(kind.args, "", ChangeEffect::Update, &mut all);
        let read = kind.attributes.iter().filter_map(|attribute| match attribute.from {
            AttributeSource::Body(path) => Some((path.to_owned(), ChangeEffect::Update)),
            _ => None,
        });
        let fixed: Vec<String> = texts(&schema, "createOnlyProperties").collect();
        for (path, change) in all.iter().cloned().chain(read) {
            if path.is_empty() || is_own(kind, &path) {
                continue;
            }
            if property(&schema, &schema, &path).is_none() {
                faults.push(format!("{}: {} has no {path}", kind.name, kind.type_.name));
            }
            if change == ChangeEffect::Update && fixed.contains(&path) {
                faults.push(format!("{}: {path} cannot change", kind.name));
            }
        }
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        for name in required.filter(|name| !["KeyName", "Name", "Type"].contains(name)) {
            let is_set = all.iter().any(|(path, _)| path.split('.').next() == Some(name));
            if !is_set {
                faults.push(format!("{}: {name} is required, and no argument sets it", kind.name));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
    assert!(seen >= 18, "only {seen} types were compared");
}

#[test]
fn tables_have_the_arguments_of_terraform_or_say_why_not() {
    if !sheets::present() {
        crate::skipped("the tables of AWS were NOT compared with Terraform's; ../shared/reference is absent");
        return;
    }
    const COMMON: &[&str] = &["id", "region", "tags_all", "timeouts", "name"];
    let schema = sheets::aws();
    let mut faults = Vec::new();
    for kind in drplan::providers::aws::TABLES.kinds {
        let terraform = &kind.terraform;
        // What several providers have is named after none, and is not in the Terraform provider.
        if kind.variants.is_some() {
            continue;
        }
        let Some(of) = schema.get(&format!("aws_{}", terraform.resource)).and_then(|of| of.get("")) else {
            faults.push(format!("{}: there is no aws_{}", kind.name, terraform.resource));
            continue;
        };
        let ours: Vec<String> = kind.args.iter().map(|arg| terraform.name_of(arg.name, arg)).collect();
        let is_ours = |name: &str| {
            ours.iter().any(|own| own == name || own.split('.').next() == Some(name))
                || terraform.renamed.iter().any(|(_, own)| *own == name)
                || terraform.fixed.iter().any(|(own, _)| *own == name)
                || terraform.follows.iter().any(|(own, ..)| *own == name)
        };
        let left = |name: &str| kind.left_out.iter().any(|(left, _)| *left == name);
        for name in of.keys().filter(|name| !COMMON.contains(&name.as_str())) {
            if !is_ours(name) && !left(name) {
                faults.push(format!("{}: {name} is neither an argument nor left out", kind.name));
            }
            if is_ours(name) && left(name) && !terraform.fixed.iter().any(|(own, _)| own == name) {
                faults.push(format!("{}: {name} is an argument and left out", kind.name));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}
