//! Fixed data that no machine of a cold site brings.

use std::sync::Arc;

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{DataClass, FailoverGroup, Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "fixed-without-machine",
    about: "Fixed data of a failover group are in the image of a machine of its cold site.",
    weight: Weight::Warning,
    cause: "A `backup` with `class = \"fixed\"` protects data of a failover group with a cold standby, and the group \
            creates no machine there whose image could hold them.",
    consequence: "Fixed data are not restored from copies: an image brings them. Without a machine the cold site starts \
                  without them.",
    fix: "Declare a machine with `presence = \"failover\"` at the cold site, from an image that has the data. Or set \
          another `class`, and restore them.",
    breaks: include_str!("../../templates/check/fixed-without-machine/breaks.hcl"),
    keeps: include_str!("../../templates/check/fixed-without-machine/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let is_cold = |site: &&Arc<str>| stack.sites.get(*site).is_some_and(|site| site.is_cold());
    for group in stack.failover_groups.values() {
        for cold in group.to.iter().filter(is_cold) {
            if stack.resources.values().any(|resource| is_machine_at(group, resource, cold)) {
                continue;
            }
            let fixed = group.restore.iter().filter_map(|address| stack.backup(address));
            for backup in fixed.filter(|backup| backup.class == DataClass::Fixed) {
                found.push(
                    RULE.finding(format!(
                        "no machine of `{cold}` has an image for the fixed data of `{}`",
                        backup.address
                    ))
                    .at(backup.span_of("class"))
                    .and(group.span, "may move to the cold site")
                    .help("Declare a failover-only machine there, from an image that has the data."),
                );
            }
        }
    }
}

fn is_machine_at(group: &FailoverGroup, resource: &Resource, site: &str) -> bool {
    resource.kind.machines.is_some() && *resource.site == *site && group.stands_up(resource)
}
