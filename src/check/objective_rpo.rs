//! Recovery point objectives that a promotion, or a restore from a backup, may exceed.

use std::time::Duration;

use super::{Rule, Weight, promoted};
use crate::backup::promised;
use crate::diagnostic::Diagnostics;
use crate::duration::spoken;
use crate::stack::{DataClass, Stack};

pub(super) static RULE: Rule = Rule {
    name: "objective-rpo",
    about: "The data loss of a forced promotion or of a restore is within the recovery point objective (RPO).",
    weight: Weight::Warning,
    cause: "The forced promotion of a replica may lose more than `rpo` in `objectives` permits, or a cold standby restores \
            a backup that is made less often.",
    consequence: "Replication between regions is asynchronous. A forced promotion loses the writes that were not \
                  replicated: those of seconds for most databases, and those of a quarter of an hour for most object \
                  storage. A cold standby has the data of the last copy: its age grows to the interval between copies and \
                  the time that one takes.",
    fix: "Set a longer `rpo`, store this data in a service that loses less, or make copies more often.",
    breaks: include_str!("../../templates/check/objective-rpo/breaks.hcl"),
    keeps: include_str!("../../templates/check/objective-rpo/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let Some(rpo) = stack.objectives.rpo else { return };
    for (group, replica, promotion) in promoted(stack) {
        let most = stack.with_known(replica, promotion.most_lost);
        let Some(most) = most.map(|seconds| Duration::from_secs(u64::from(seconds))) else { continue };
        if most <= rpo {
            continue;
        }
        found.push(
            RULE.finding(format!(
                "the RPO of {} may be missed: a forced promotion of `{}` may lose {}",
                spoken(rpo),
                replica.address,
                spoken(most)
            ))
            .at(replica.span)
            .and(group.span, "promotes it")
            .why(format!("The provider documents: {}.", promotion.loses))
            .help("Set a longer `rpo`, or store this data in a service that loses less."),
        );
    }
    restored(stack, rpo, found);
}

/// Backups that a cold standby starts from, and whose schedule permits older data. A run and a copy to another place
/// take time as well, which the stack does not tell.
fn restored(stack: &Stack, rpo: Duration, found: &mut Diagnostics) {
    for group in stack.failover_groups.values() {
        let mut standbys = group.to.iter().filter_map(|site| stack.sites.get(site));
        let Some(cold) = standbys.find(|site| site.is_cold()) else { continue };
        let backups = group.restore.iter().filter_map(|address| stack.backup(address));
        for backup in backups.filter(|backup| backup.class == DataClass::Persistent) {
            let least = backup.schedule.map(|schedule| promised(&schedule, Duration::ZERO, Duration::ZERO));
            let Some(least) = least.filter(|least| *least > rpo) else { continue };
            found.push(
                RULE.finding(format!(
                    "the RPO of {} may be missed: `{}` restores `{}`, of which a copy is made every {}",
                    spoken(rpo),
                    cold.name,
                    backup.address,
                    spoken(least)
                ))
                .at(backup.span)
                .and(group.span, "restores it")
                .help("Set a longer `rpo`, make copies more often, or archive the log."),
            );
        }
    }
}
