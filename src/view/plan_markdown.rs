//! A plan as one comment of a pull request.

use std::collections::BTreeMap;

pub use super::comment::CommentCommands;
use super::comment::{Comment, CommentChange, markdown as comment_of};
use super::plan::{ValueRenderer, standing, verdict};
use super::value::ResourceNames;
use super::{Detail, Layout, count, outlook, roles};
use crate::plan::{Action, BlockedResource, Plan};
use crate::review::{Outlook, Risk};
use crate::stack::{CloudName, Stack};

/// Content of a comment beside the plan.
pub struct CommentExtras<'a> {
    /// Region of each site.
    pub regions: BTreeMap<String, String>,
    /// Source of the predictions before the plan.
    pub before: Baseline,
    /// Predicted recovery, before and after.
    pub outlooks: &'a [Outlook],
    /// Increased risks.
    pub risks: &'a [Risk],
    /// Part of the stack that the plan covers.
    pub scope: PlanScope,
    /// True if recorded durations of earlier runs are used.
    pub from_history: bool,
    /// The commands that the comment names.
    pub commands: CommentCommands,
}

/// Part of a stack that a plan covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanScope {
    /// The whole stack.
    Whole,
    /// The targets of `--target`.
    Targets,
    /// The whole stack, to be destroyed.
    Destroyed,
}

/// Source of the predictions before a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Baseline {
    /// The stack at this Git revision.
    Written(String),
    /// The resources in state.
    Recorded,
    /// Unknown.
    Unknown,
}

impl Baseline {
    fn note(&self) -> String {
        match self {
            Self::Written(at) => format!("Before: the stack at Git revision {at}."),
            Self::Recorded => "Before: the resources in state, with the current objectives, failover groups and \
                               failover-only resources, which state does not record. Add `--base REV` to compare with a \
                               Git revision."
                .to_owned(),
            Self::Unknown => "Before: unknown, because there is no state yet. Add `--base REV` to compare with a Git \
                              revision."
                .to_owned(),
        }
    }
}

/// The whole comment.
pub fn markdown(plan: &Plan, cloud: CloudName, beside: &CommentExtras<'_>) -> String {
    let Plan { stack, basis, changes, drift, roles: seen, stand_up, outputs, notes, blocked, steps: _ } = plan;
    let CommentExtras { regions, before, outlooks, risks, scope, from_history, commands } = beside;
    let shown = ValueRenderer::with(names(plan));
    let recovery = match scope {
        PlanScope::Destroyed => "Nothing remains to fail over.".to_owned(),
        PlanScope::Whole | PlanScope::Targets => outlook::objectives(outlooks),
    };
    let verdict = format!("{} {recovery}", verdict(plan));
    let blocked = blocked.iter().map(|BlockedResource { address, why }| format!("Blocked: `{address}`: {why}"));
    let mut outlook_notes = vec![before.note()];
    if *scope == PlanScope::Targets {
        outlook_notes.push("Predictions are for the whole stack, not only for the targets.".to_owned());
    }
    if *from_history {
        outlook_notes.push(
            "Times are recorded durations of earlier runs, and typical durations of the services where there are none."
                .to_owned(),
        );
    }
    let mut further = Vec::new();
    let mut tell = |summary: String, lines: Option<String>| further.extend(lines.map(|lines| (summary, lines)));
    let role_sections = roles::sections(seen, Layout::default());
    tell("Roles".to_owned(), (!role_sections.is_empty()).then(|| role_sections.join("\n")));
    tell(
        format!("Drift: {}", count(drift.len(), "resource", "resources")),
        shown.drift(drift, Layout { detail: Detail::Full, ..Layout::default() }),
    );
    tell(count(outputs.len(), "output changes", "outputs change"), shown.outputs(outputs));
    let up: String =
        stand_up.iter().filter(|one| one.objects > 0).map(|one| standing(one, true, Layout::default())).collect();
    tell("Failover-only resources".to_owned(), (!up.is_empty()).then_some(up));
    let recorded = match basis.lineage.is_empty() {
        true => "no state yet".to_owned(),
        false => format!("state serial {}, role epoch {}", basis.serial, basis.role_epoch),
    };
    comment_of(&Comment {
        marker: format!("plan {stack}"),
        title: format!("drplan plan of {stack}"),
        verdict,
        remarks: blocked.chain(notes.iter().cloned()).collect(),
        outlooks,
        outlook_notes,
        risks,
        changes: changes.iter().filter(|change| change.action != Action::Keep).map(CommentChange::from).collect(),
        shown,
        further,
        regions: regions.clone(),
        commands: commands.clone(),
        basis: format!("{} · {recorded} · stack {}", cloud.as_str(), basis.stack),
    })
}

/// Addresses of the resources by id.
fn names(plan: &Plan) -> ResourceNames {
    plan.changes.iter().filter(|change| change.has_object()).map(|change| (&change.id, &change.address)).collect()
}

/// Region of each site of a stack.
pub fn regions(stack: &Stack) -> BTreeMap<String, String> {
    stack.sites.values().map(|site| (site.name.to_string(), site.location.clone())).collect()
}
