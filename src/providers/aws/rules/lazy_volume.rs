//! Volumes of a failover that are filled from their snapshots only while they are read.

use crate::check::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{Presence, Stack};

/// The arguments of a volume with its source, and with the rate at which AWS fills it.
const SNAPSHOT: &str = "snapshot";
const RATE: &str = "volume_initialization_rate";

pub(super) static RULE: Rule = Rule {
    name: "lazy-volume",
    about: "A volume that a failover makes of a snapshot is filled at a known rate.",
    weight: Weight::Warning,
    cause: "A volume with `presence = \"failover\"` starts from a snapshot without `volume_initialization_rate`.",
    consequence: "AWS fetches each block of such a volume from S3 when it is first read. A database then answers slowly \
                  for hours after the failover, and nobody knows for how long: the recovery time does not have it.",
    fix: "Set `volume_initialization_rate`, so that AWS fills the volume within a time that follows from its size. AWS \
          charges for it. Where the data is small, or read once from beginning to end, accept the finding.",
    breaks: include_str!("../../../../templates/check/lazy-volume/breaks.hcl"),
    keeps: include_str!("../../../../templates/check/lazy-volume/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values().filter(|resource| resource.presence == Presence::Failover) {
        let is_set = |name: &str| resource.args.get(name).is_some_and(|value| !value.is_null());
        let has_rate = resource.kind.arg(RATE).is_some();
        if !has_rate || !is_set(SNAPSHOT) || is_set(RATE) {
            continue;
        }
        found.push(
            RULE.finding(format!("`{}` is filled from its snapshot only while it is read", resource.address))
                .at(crate::check::span(resource, SNAPSHOT))
                .help(format!("Set `{RATE}`, for example to 200 (MiB a second).")),
        );
    }
}
