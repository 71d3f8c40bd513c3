//! Emitted Terraform against the schemas of azurerm 4.81 and 5: unknown, missing, read-only and wrongly typed
//! arguments, the number of blocks, and references that do not resolve.

use std::collections::{BTreeMap, BTreeSet};

use drplan::hcl::ast::{Body, Expr, ExprKind, HclBlock, Root, TraversalStep};
use serde_json::Value as Json;

use super::{emitted, terraform_cases, trees};
use crate::facts::sheets;

const META: &[&str] = &["count", "for_each", "depends_on", "lifecycle", "provider"];

struct SchemaReader<'a> {
    case: &'a str,
    major: u8,
    resource: &'a str,
    faults: &'a mut Vec<String>,
}

impl SchemaReader<'_> {
    fn tell(&mut self, path: &str, what: &str) {
        self.faults.push(format!("{}, azurerm {}: {}.{path} {what}", self.case, self.major, self.resource));
    }

    fn level(&mut self, prefix: &str, body: &Body, schema: &Json) {
        let empty = serde_json::Map::new();
        let of = |key: &str| schema.get(key).and_then(Json::as_object).unwrap_or(&empty).clone();
        let (attributes, blocks) = (of("a"), of("b"));
        let is_meta = |name: &str| prefix.is_empty() && META.contains(&name);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for attribute in body.attributes.iter().filter(|one| !is_meta(&one.name.text)) {
            let name = attribute.name.text.to_string();
            let path = format!("{prefix}{name}");
            match attributes.get(&name) {
                Some(found) => {
                    let flags = found[0].as_str().unwrap_or_default();
                    if !flags.contains('R') && !flags.contains('O') {
                        self.tell(&path, "is read-only");
                    }
                    let ty = found[1].as_str().unwrap_or_default();
                    if !fits(&attribute.expr, ty) {
                        self.tell(&path, &format!("is not a {ty}"));
                    }
                }
                None => self.tell(&path, "is unknown"),
            }
            *seen.entry(name).or_default() += 1;
        }
        for block in &body.blocks {
            let dynamic = &*block.ident.text == "dynamic";
            let name = if dynamic { block.labels[0].text.to_string() } else { block.ident.text.to_string() };
            if is_meta(&name) {
                continue;
            }
            let path = format!("{prefix}{name}");
            let content = if dynamic { block.body.blocks("content").next() } else { Some(block) };
            let content = content.expect("content");
            if let Some(inner) = blocks.get(&name) {
                self.level(&format!("{path}."), &content.body, inner);
            } else if attributes
                .get(&name)
                .is_none_or(|found| !found[1].as_str().unwrap_or_default().contains("object"))
            {
                // An attribute that is a set of objects may be written as blocks.
                self.tell(&path, "is not a block");
            }
            *seen.entry(name).or_default() += 1;
        }
        for (name, found) in &attributes {
            if found[0].as_str().is_some_and(|flags| flags.contains('R')) && !seen.contains_key(name) {
                self.tell(&format!("{prefix}{name}"), "is missing");
            }
        }
        for (name, found) in &blocks {
            let number = |key: &str| found.get(key).and_then(Json::as_u64);
            let times = seen.get(name).copied().unwrap_or_default() as u64;
            if times < number("min").unwrap_or(0) {
                self.tell(&format!("{prefix}{name}"), "is missing");
            }
            if number("max").is_some_and(|max| max > 0 && times > max) {
                self.tell(&format!("{prefix}{name}"), "occurs too often");
            }
        }
    }
}

/// True if a literal may have a type; other expressions are not checked.
fn fits(expr: &Expr, ty: &str) -> bool {
    let list = ["list(", "set("].iter().find_map(|word| ty.strip_prefix(word)?.strip_suffix(')'));
    match &expr.kind {
        ExprKind::Bool(_) => ty == "bool",
        ExprKind::Number(_) => ty == "number",
        ExprKind::String(_) | ExprKind::Template(_) => ty == "string" || ty == "dynamic",
        ExprKind::List(items) => {
            list.is_some_and(|of| items.iter().all(|item| fits(item, of))) || ty.contains("object")
        }
        ExprKind::Object(_) => ty.starts_with("map(") || ty.contains("object"),
        ExprKind::Traversal { root: Root::Name(root), steps } if root.text.starts_with("azurerm_") => {
            // A resource without an attribute is an object.
            steps.iter().filter(|step| matches!(step, TraversalStep::Attr(_))).count() > 1 || ty.contains("object")
        }
        _ => true,
    }
}

fn each_resource(trees: &[(String, Body)]) -> impl Iterator<Item = &HclBlock> {
    trees.iter().flat_map(|(_, body)| body.blocks("resource"))
}

#[test]
fn emitted_terraform_fits_the_azurerm_schemas() {
    if !sheets::present() {
        crate::skipped("emitted Terraform was NOT checked against azurerm's schemas; ../shared/reference is absent");
        return;
    }
    let mut faults = Vec::new();
    for case in terraform_cases() {
        let emitted = emitted(&case);
        let trees = trees(&emitted);
        // Where the two versions have no common name, the code requires version 5.
        let majors: &[u8] = if emitted.files["versions.tf"].contains(">= 4.81") { &[4, 5] } else { &[5] };
        for block in each_resource(&trees) {
            for major in majors.iter().copied() {
                let resource = &*block.labels[0].text;
                if ["aws_", "cloudflare_", "linode_"].iter().any(|other| resource.starts_with(other)) {
                    continue;
                }
                let Some(schema) = sheets::azurerm_of(major, resource) else {
                    faults.push(format!("{}: azurerm {major} has no {resource}", case.name));
                    continue;
                };
                SchemaReader { case: &case.name, major, resource, faults: &mut faults }.level("", &block.body, schema);
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
}

/// A sheet with the arguments of each resource that are not nested, and whether each is required.
type Sheet = BTreeMap<String, BTreeMap<String, bool>>;

/// Faults of the emitted resources that a sheet has: unknown and missing arguments, and blocks where there are none.
fn faults_by_sheet(title: &str, sheet: fn() -> Sheet, has_blocks: bool, resources: &[&str]) {
    if !sheets::present() {
        crate::skipped(&format!(
            "emitted Terraform was NOT checked against the schema of {title}; ../shared/reference is absent"
        ));
        return;
    }
    let schema = sheet();
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    for case in terraform_cases() {
        let emitted = emitted(&case);
        for block in each_resource(&trees(&emitted)) {
            let resource = &*block.labels[0].text;
            let Some(arguments) = schema.get(resource) else { continue };
            seen.insert(resource.to_owned());
            let is_meta = |name: &str| matches!(name, "for_each" | "count" | "depends_on" | "provider" | "lifecycle");
            let blocks = block.body.blocks.iter().map(|one| &*one.ident.text);
            let written: Vec<&str> = block.body.attributes.iter().map(|one| &*one.name.text).chain(blocks).collect();
            let unknown = written.iter().filter(|name| !arguments.contains_key(**name) && !is_meta(name));
            faults.extend(unknown.map(|name| format!("{}: {resource} has no argument {name}", case.name)));
            let missing = arguments.iter().filter(|(name, required)| **required && !written.contains(&name.as_str()));
            faults.extend(missing.map(|(name, _)| format!("{}: {resource} lacks {name}", case.name)));
            let nested = block.body.blocks.iter().filter(|inner| !has_blocks && !is_meta(&inner.ident.text));
            faults.extend(nested.map(|inner| format!("{}: {resource}.{} is a block", case.name, inner.ident.text)));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
    let unseen: Vec<&&str> = resources.iter().filter(|resource| !seen.contains(**resource)).collect();
    assert!(unseen.is_empty(), "not emitted: {unseen:?}");
}

#[test]
fn emitted_terraform_fits_the_schema_of_cloudflare() {
    let resources = [
        "cloudflare_dns_record",
        "cloudflare_load_balancer",
        "cloudflare_load_balancer_pool",
        "cloudflare_load_balancer_monitor",
    ];
    faults_by_sheet("Cloudflare", sheets::cloudflare, false, &resources);
}

/// Blocks that helpers of Linode's provider build are missing in its sheet.
#[test]
fn emitted_terraform_fits_the_schema_of_linode() {
    let resources = [
        "linode_instance",
        "linode_volume",
        "linode_firewall",
        "linode_image",
        "linode_object_storage_bucket",
        "linode_domain",
        "linode_domain_record",
    ];
    faults_by_sheet("Linode", sheets::linode, true, &resources);
}

/// Faults of a body of a resource of AWS, and of the blocks in it, by the arguments of each block.
fn aws_faults(of: &BTreeMap<String, BTreeMap<String, bool>>, at: &str, body: &Body, faults: &mut Vec<String>) {
    let known = of.get(at).cloned().unwrap_or_default();
    let is_meta = |name: &str| at.is_empty() && (META.contains(&name) || name == "id");
    let mut written: BTreeSet<&str> = body.attributes.iter().map(|one| &*one.name.text).collect();
    for block in &body.blocks {
        let is_dynamic = &*block.ident.text == "dynamic";
        let name = if is_dynamic { &*block.labels[0].text } else { &*block.ident.text };
        written.insert(name);
        let inner = if is_dynamic { block.body.blocks("content").next() } else { Some(block) };
        if let Some(inner) = inner.filter(|_| !is_meta(name)) {
            let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
            aws_faults(of, &path, &inner.body, faults);
        }
    }
    let unknown = written.iter().filter(|name| !known.contains_key(**name) && !is_meta(name));
    faults.extend(unknown.map(|name| format!("has no {at} {name}")));
    let missing = known.iter().filter(|(name, required)| **required && !written.contains(name.as_str()));
    faults.extend(missing.map(|(name, _)| format!("lacks {at} {name}")));
}

#[test]
fn emitted_terraform_fits_the_schema_of_aws() {
    if !sheets::present() {
        crate::skipped("emitted Terraform was NOT checked against the schema of AWS; ../shared/reference is absent");
        return;
    }
    let schema = sheets::aws();
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    let wide = super::Case { name: "cold".to_owned(), stack: crate::aws_tables::wide() };
    for case in terraform_cases().into_iter().chain([wide]) {
        let emitted = emitted(&case);
        for block in each_resource(&trees(&emitted)).filter(|block| block.labels[0].text.starts_with("aws_")) {
            let resource = &*block.labels[0].text;
            let Some(of) = schema.get(resource) else {
                faults.push(format!("{}: there is no {resource}", case.name));
                continue;
            };
            seen.insert(resource.to_owned());
            let mut found = Vec::new();
            aws_faults(of, "", &block.body, &mut found);
            faults.extend(found.into_iter().map(|fault| format!("{}: {resource} {fault}", case.name)));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
    assert!(seen.len() >= 34, "only {seen:?} were emitted");
}

#[test]
fn every_reference_exists_in_the_azurerm_schema() {
    if !sheets::present() {
        crate::skipped(
            "references in emitted Terraform were NOT checked against azurerm's schema; ../shared/reference is absent",
        );
        return;
    }
    let mut faults = BTreeSet::new();
    for case in terraform_cases() {
        let trees = trees(&emitted(&case));
        let labels = |word: &str| -> BTreeSet<String> {
            let blocks = trees.iter().flat_map(|(_, body)| body.blocks(word));
            blocks.map(|block| block.labels.iter().map(|label| &*label.text).collect::<Vec<_>>().join(".")).collect()
        };
        let (resources, variables) = (labels("resource"), labels("variable"));
        let locals: BTreeSet<String> = trees
            .iter()
            .flat_map(|(_, body)| body.blocks("locals"))
            .flat_map(|block| block.body.attributes.iter().map(|one| one.name.text.to_string()))
            .collect();
        let mut look = |expr: &Expr, within: &[&str]| {
            expr.visit_references(&mut |root, steps, _| {
                let attr = |at: usize| match steps.iter().filter(|step| matches!(step, TraversalStep::Attr(_))).nth(at)
                {
                    Some(TraversalStep::Attr(name)) => name.text.to_string(),
                    _ => String::new(),
                };
                let name = attr(0);
                let fault = match &*root.text {
                    "var" => !variables.contains(&name),
                    "local" => !locals.contains(&name),
                    "each" | "path" | "data" => false,
                    other if ["aws_", "cloudflare_", "linode_"].iter().any(|start| other.starts_with(start)) => {
                        !resources.contains(&format!("{other}.{name}"))
                    }
                    azurerm if azurerm.starts_with("azurerm_") || azurerm.starts_with("azapi_") => {
                        let there = resources.contains(&format!("{azurerm}.{name}"));
                        let attribute = attr(1);
                        let schema = sheets::azurerm_of(5, azurerm);
                        let known = |key: &str| schema.and_then(|schema| schema.get(key)?.get(&attribute)).is_some();
                        let at = steps
                            .iter()
                            .position(|step| matches!(step, TraversalStep::Attr(one) if *one.text == *attribute));
                        let rest = at.and_then(|at| steps.get(at + 1..)).unwrap_or_default();
                        let is_read =
                            schema.is_none_or(|schema| attribute.is_empty() || reads(schema, &attribute, rest));
                        !there || !(attribute.is_empty() || known("a") || known("b")) || !is_read
                    }
                    other => !within.contains(&other),
                };
                if fault {
                    faults.insert(format!("{}: {}.{name}.{} does not exist", case.name, root.text, attr(1)));
                }
            });
        };
        for (_, body) in &trees {
            for block in body
                .blocks
                .iter()
                .filter(|block| matches!(&*block.ident.text, "resource" | "output" | "locals" | "import"))
            {
                walk(&block.body, &mut Vec::new(), &mut look);
            }
        }
    }
    assert!(faults.is_empty(), "{:#?}", faults);
}

/// True if azurerm has what these steps read of an attribute or block: a set has no index, a block is a list of blocks,
/// and a text has no attributes.
fn reads(schema: &Json, attribute: &str, steps: &[TraversalStep]) -> bool {
    if let Some(block) = schema.get("b").and_then(|blocks| blocks.get(attribute)) {
        return match steps {
            [] => true,
            [TraversalStep::Index(_), ..] if block["n"] == "set" => false,
            [TraversalStep::Index(_) | TraversalStep::Splat(_), TraversalStep::Attr(inner), rest @ ..] => {
                reads(block, &inner.text, rest)
            }
            [TraversalStep::Index(_) | TraversalStep::Splat(_)] => true,
            _ => false,
        };
    }
    let Some(ty) = schema.get("a").and_then(|all| all.get(attribute)).and_then(|found| found[1].as_str()) else {
        return false;
    };
    match steps.first() {
        None => true,
        Some(TraversalStep::Index(_) | TraversalStep::Splat(_)) => ty.starts_with("list(") || ty.starts_with("map("),
        Some(TraversalStep::Attr(_)) => ty.starts_with("map(") || ty.contains("object") || ty == "dynamic",
    }
}

/// Visits every expression of a body with the repeating blocks around it. Skips `lifecycle`, whose names are those of
/// arguments.
fn walk<'a>(body: &'a Body, within: &mut Vec<&'a str>, look: &mut dyn FnMut(&Expr, &[&str])) {
    body.attributes.iter().for_each(|attribute| look(&attribute.expr, within));
    for block in body.blocks.iter().filter(|block| &*block.ident.text != "lifecycle") {
        let dynamic = &*block.ident.text == "dynamic";
        if dynamic {
            within.push(&block.labels[0].text);
        }
        walk(&block.body, within, look);
        if dynamic {
            within.pop();
        }
    }
}
