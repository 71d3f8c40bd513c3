//! Preflight checks of what is known of the points that a move restores: damage that an earlier restore showed, and the
//! proof that they can be restored.

use super::course::Question;
use super::restores::restored;
use super::verdicts::warns;
use super::{PreflightCheck, in_prose};
use crate::backup::{BackupSet, Level, RestoreOutcome, age};
use crate::duration::spoken;
use crate::stack::Backup;
use crate::steps::StepGraph;

/// Warns about damaged points that are passed over, and about backups without a recent restore test.
pub(super) fn check(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    // A verification is the test.
    if question.is_verification() {
        return;
    }
    let now = question.seen.at.unwrap_or_default();
    let (mut never, mut late) = (Vec::new(), Vec::new());
    for backup in restored(question) {
        let Some(Ok(set)) = question.seen.catalogues.get(&backup.address) else { continue };
        found.extend(damaged(backup, set));
        let Some(limit) = backup.verified else { continue };
        match set.last_proof() {
            None => never.push(backup.address.as_str()),
            Some(proof) if age(now, proof.at) > limit => {
                late.push(format!("{} ({} ago)", backup.address, spoken(age(now, proof.at))));
            }
            Some(_) => {}
        }
    }
    let help = "On an ordinary day, `drplan backup verify` restores them in a drill.";
    if !never.is_empty() {
        let were = if never.len() == 1 { "was" } else { "were" };
        found.push(warns("restore-proof", format!("{} {were} never restored", in_prose(&never)), help));
    }
    if !late.is_empty() {
        let what = format!("the last restore test of {} is older than `verified` permits", in_prose(&late));
        found.push(warns("restore-proof", what, help));
    }
}

/// The newest point of a backup that a restore found damaged, if an older one is chosen because of it.
fn damaged(backup: &Backup, set: &BackupSet) -> Option<PreflightCheck> {
    let chosen = set.newest(Level::Complete)?;
    let point = set.points().iter().rev().find(|point| point.damaged && point.at > chosen.at)?;
    let record = set.restores.iter().rev().find(|record| record.point == point.id);
    let why = match record.map(|record| (&record.outcome, &record.run)) {
        Some((RestoreOutcome::Damaged { code, .. }, run)) => format!("{code} in run {run}"),
        _ => "its tool found damage".to_owned(),
    };
    Some(warns(
        "damaged-point",
        format!("{}: point {} is damaged ({why}); {} is restored instead", backup.address, point.id, chosen.id),
        "Make a full copy, and verify the repository with its tool.",
    ))
}
