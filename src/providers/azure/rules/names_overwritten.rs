//! Private endpoints at several sites that keep the names of one service in one zone.

use crate::check::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::kinds::ServiceNames;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "names-overwritten",
    about: "Private endpoints of one service at several sites keep its names in zones of their own.",
    weight: Weight::Warning,
    cause: "Two private endpoints of one service, at different sites, have the same private DNS zone in their groups.",
    consequence: "Both write the same record, and the later one replaces the address of the other. Machines of both \
                  sites then use one endpoint. If the site of that endpoint is lost, the name leads nowhere, although \
                  the other endpoint works.",
    fix: "Create a private DNS zone of the same name for each site, in another resource group, and link it with the \
          networks of its site only.",
    breaks: include_str!("../../../../templates/check/names-overwritten/breaks.hcl"),
    keeps: include_str!("../../../../templates/check/names-overwritten/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let names = |resource: &Resource| stack.with_known(resource, resource.kind.recovery.names?);
    let named: Vec<(&Resource, ServiceNames)> =
        stack.resources.values().filter_map(|resource| Some((resource, names(resource)?))).collect();
    for (at, (later, theirs)) in named.iter().enumerate() {
        let shares = |(other, names): &&(&Resource, ServiceNames)| {
            other.site != later.site
                && names.service == theirs.service
                && names.zones.iter().any(|zone| theirs.zones.contains(zone))
        };
        let Some((first, names)) = named[..at].iter().find(shares) else { continue };
        let zone = names.zones.iter().find(|zone| theirs.zones.contains(zone)).map(|zone| zone.name());
        found.push(
            RULE.finding(format!(
                "`{}` and `{}` keep the names of one service in the zone `{}`",
                first.address,
                later.address,
                zone.unwrap_or_default()
            ))
            .at(later.span)
            .and(first.span, format!("at `{}`", first.site))
            .help(format!(
                "Give the endpoint at `site.{}` a zone of its own, linked with the networks there.",
                later.site
            )),
        );
    }
}
