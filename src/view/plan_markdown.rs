//! A plan as one comment of a pull request.

use std::collections::BTreeMap;

use super::comment::{Changed, Comment, markdown as comment_of};
use super::plan::{Shown, standing, verdict};
use super::value::Names;
use super::{count, outlook, roles};
use crate::plan::{Action, Blocked, Plan};
use crate::review::{Outlook, Risk};
use crate::stack::{CloudName, Stack};

/// What a comment says beside the plan.
pub struct Beside<'a> {
    /// The regions of sites.
    pub regions: BTreeMap<String, String>,
    /// From what recovery before is predicted.
    pub before: Before,
    /// What is expected of recovery.
    pub outlooks: &'a [Outlook],
    /// What becomes riskier.
    pub risks: &'a [Risk],
    /// How much of the stack the plan is about.
    pub scope: Scope,
    /// Whether times are those of earlier runs, too.
    pub from_history: bool,
    /// The command that shows the whole plan.
    pub whole: String,
    /// The command that prints it as JSON, and the SHA-256 of that.
    pub digest: (String, String),
}

/// How much of a stack a plan is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Whole,
    /// What it was limited to.
    Targets,
    /// All of it, and all of it goes.
    Destroyed,
}

/// From what recovery before a plan is predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// The stack as it was written at this revision, in words.
    Written(String),
    /// What is recorded of its resources.
    Recorded,
    /// Nothing is known.
    Unknown,
}

impl Before {
    fn note(&self) -> String {
        match self {
            Self::Written(at) => format!("Before is the stack as it is written at {at}."),
            Self::Recorded => "Before is what is recorded of resources, with objectives, failover groups and what they stand up as they are written now: a \
                               state records none of those. `--base REV` takes the stack before from Git."
                .to_owned(),
            Self::Unknown => "What was before is not known: nothing is recorded yet. `--base REV` takes the stack before from Git.".to_owned(),
        }
    }
}

/// The whole comment.
pub fn markdown(plan: &Plan, cloud: CloudName, beside: &Beside<'_>) -> String {
    let Plan { stack, basis, changes, drift, roles: seen, stand_up, outputs, notes, blocked, steps: _ } = plan;
    let Beside { regions, before, outlooks, risks, scope, from_history, whole, digest } = beside;
    let shown = Shown::with(names(plan));
    let recovery = match scope {
        Scope::Destroyed => "Nothing is left that could be failed over.".to_owned(),
        Scope::Whole | Scope::Targets => outlook::objectives(outlooks),
    };
    let verdict = format!("{} {recovery}", verdict(plan));
    let blocked =
        blocked.iter().map(|Blocked { address, why }| format!("This must not be applied: `{address}`: {why}"));
    let mut outlook_notes = vec![before.note()];
    if *scope == Scope::Targets {
        outlook_notes
            .push("Recovery is predicted as if all of the stack was applied, not only the targets.".to_owned());
    }
    if *from_history {
        outlook_notes.push(
            "Times are those of earlier runs, where there were any, and else what the services usually take."
                .to_owned(),
        );
    }
    let mut further = Vec::new();
    let mut tell = |summary: String, lines: Option<String>| further.extend(lines.map(|lines| (summary, lines)));
    let role_words = roles::sections(seen);
    tell("Roles".to_owned(), (!role_words.is_empty()).then(|| role_words.join("\n")));
    tell(format!("Drift: {}", count(drift.len(), "resource", "resources")), shown.drift(drift));
    tell(count(outputs.len(), "output changes", "outputs change"), shown.outputs(outputs));
    let up: String = stand_up.iter().filter(|one| one.objects > 0).map(|one| standing(one, true)).collect();
    tell("What would stand up during a failover".to_owned(), (!up.is_empty()).then_some(up));
    let recorded = match basis.lineage.is_empty() {
        true => "nothing recorded yet".to_owned(),
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
        changes: changes.iter().filter(|change| change.action != Action::Keep).map(Changed::from).collect(),
        shown,
        further,
        regions: regions.clone(),
        whole: whole.clone(),
        digest: digest.clone(),
        basis: format!("{} · {recorded} · stack {}", cloud.as_str(), basis.stack),
    })
}

/// The resources that ids stand for.
fn names(plan: &Plan) -> Names {
    plan.changes.iter().map(|change| (&change.id, &change.address)).collect()
}

/// The regions of a stack's sites.
pub fn regions(stack: &Stack) -> BTreeMap<String, String> {
    stack.sites.values().map(|site| (site.name.to_string(), site.location.clone())).collect()
}
