//! Resources at AWS that exist in peace time, as CloudFormation: a template for each region, from the bodies that
//! `apply` sends. The README lists what only a failover creates, and what no type makes.

mod parts;
mod readme;
mod references;
mod template;

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostics;
use crate::emit::{EmitResult, Language, Limitation, failover_groups};
use crate::kinds::PRESENCE;
use crate::stack::{Presence, Resource, Stack};

/// The language.
pub static LANGUAGE: Language = Language {
    name: "cloudformation",
    about: "CloudFormation, a template for each region of AWS with what exists in peace time",
    no_imports: "CloudFormation imports resources by an operation of its own, and not by a template",
    emit,
};

/// The region whose template has what lies in none.
const GLOBAL: &str = "global";

/// Types that CloudFormation makes, and that a run does not need. Machines, their volumes and records of names belong
/// to runs, which should depend on no further control plane.
const MADE: &[&str] = &[
    "AWS::EC2::VPC",
    "AWS::EC2::Subnet",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::EIP",
    "AWS::EC2::KeyPair",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::CapacityReservation",
    "AWS::IAM::Role",
    "AWS::IAM::InstanceProfile",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SSM::Parameter",
];

/// The resources of a stack by the template that has them: an account and a region.
type ByTemplate<'a> = BTreeMap<(String, String), Vec<&'a Resource>>;

/// Emits a stack.
///
/// # Errors
/// None: a stack of limited size makes templates of limited size.
pub fn emit(stack: &Stack) -> Result<EmitResult, Diagnostics> {
    let mut limitations = Vec::new();
    let mut by_template: ByTemplate<'_> = BTreeMap::new();
    for resource in stack.resources.values() {
        match refusal(resource) {
            Some(why) => limitations.push(Limitation { what: resource.address.to_string(), why }),
            None => by_template.entry(place(stack, resource)).or_default().push(resource),
        }
    }
    let by_template = with_global(by_template);
    let mut files = BTreeMap::new();
    for ((account, region), resources) in &by_template {
        let (template, lost) = template::template(stack, resources);
        limitations.extend(lost);
        files.insert(readme::file(account, region), format!("{template:#}\n"));
    }
    limitations.extend(failover_groups(
        stack,
        "CloudFormation has no resource that restores, switches traffic and fails back. Use `drplan failover-group up`",
        "CloudFormation describes resources, not actions",
    ));
    files.insert("README.md".to_owned(), readme::readme(stack, by_template.keys(), &limitations));
    Ok(EmitResult { files, limitations, renames: Vec::new() })
}

/// The reason why no template has a resource.
fn refusal(resource: &Resource) -> Option<String> {
    let kind = resource.kind;
    let provider = kind.provider();
    if *provider != super::TABLES {
        return Some(format!("it is at {}", provider.title));
    }
    if resource.presence == Presence::Failover {
        return Some("a run of its failover group creates it".to_owned());
    }
    if !MADE.contains(&kind.type_.name) {
        return Some("drplan makes it without CloudFormation, on which no run should depend".to_owned());
    }
    let is_told = |name: &str| name != PRESENCE.name && name != "eip" && name != "instance";
    let hidden = resource.args.iter().find(|(name, value)| is_told(name) && value.clear().is_none());
    hidden.map(|(name, _)| format!("`{name}` is sensitive or known after apply, and a template is plain text"))
}

/// The account and the region of the template that has a resource.
fn place(stack: &Stack, resource: &Resource) -> (String, String) {
    let realm = stack.sites.get(&resource.site).map(|site| site.realm.label.to_string());
    (realm.unwrap_or_default(), resource.location.clone())
}

/// Adds what lies in no region to the first template, so that a stack of one region has one.
fn with_global(mut by_template: ByTemplate<'_>) -> ByTemplate<'_> {
    let global = (String::new(), GLOBAL.to_owned());
    if let Some(resources) = by_template.remove(&global) {
        let first = by_template.keys().next().cloned().unwrap_or(global);
        by_template.entry(first).or_default().splice(0..0, resources);
    }
    by_template
}
