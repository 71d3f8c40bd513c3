//! Retention that leaves no older copy.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::duration::spoken;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "backup-retention",
    about: "Copies are kept long enough that an older one exists when the newest is damaged.",
    weight: Weight::Warning,
    cause: "`keep` of a backup is shorter than two intervals of full copies (`every`).",
    consequence: "Damage that was copied (a bad deployment, ransomware, a broken disk) is in the newest copy when somebody \
                  notices it. Without an older copy nothing is left to restore.",
    fix: "Set `keep` to at least two intervals, better to the time in which damage is noticed.",
    breaks: include_str!("../../templates/check/backup-retention/breaks.hcl"),
    keeps: include_str!("../../templates/check/backup-retention/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for backup in stack.backups.values() {
        let Some(schedule) = backup.schedule else { continue };
        let Some(keep) = schedule.keep.filter(|keep| *keep < schedule.every.saturating_mul(2)) else { continue };
        found.push(
            RULE.finding(format!(
                "`{}` keeps copies for {} and makes a full one every {}: no older one is left when the newest is damaged",
                backup.address,
                spoken(keep),
                spoken(schedule.every)
            ))
            .at(backup.span_of("keep"))
            .help(format!("Keep them for {} or more.", spoken(schedule.every.saturating_mul(2)))),
        );
    }
}
