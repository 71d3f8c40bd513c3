//! Backups that a cold standby starts from.

use super::PreflightCheck;
use super::course::Question;
use super::verdicts::warns;
use crate::address::Address;
use crate::steps::StepGraph;

/// Warns that a run creates the machines of a cold standby and restores no data on them: somebody has to, before the
/// probes can pass.
pub(super) fn check(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let arriving = &*question.course.arriving;
    let is_cold = question.stack.sites.get(arriving).is_some_and(|site| site.is_cold());
    let restore = &question.group.restore;
    if !is_cold || restore.is_empty() {
        return;
    }
    let names: Vec<&str> = restore.iter().map(Address::as_str).collect();
    found.push(warns(
        "restore",
        format!("drplan does not restore {}: {arriving} starts without their data", names.join(", ")),
        "Let the image restore them at its first start, or restore them with their tools while the run waits for the \
         probes of the site. `drplan backup status` shows the newest points and their age, which is the data loss.",
    ));
}
