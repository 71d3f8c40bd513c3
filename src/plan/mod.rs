//! Compares desired, recorded and observed resources, and computes a [`Plan`]: the changes, their reasons, and the
//! steps that make them.
//!
//! Pure: the same input gives the same plan, byte for byte. Displayed values are sealed.

mod compile;
mod decide;
mod diff;
pub mod file;
mod identity;
mod installed;
mod kept;
mod missing;
mod ownership;
mod recorded;
mod refresh;
mod replicas;
mod roles;
mod room;
mod target;
mod transitions;
mod twins;
mod untold;
mod written;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::{Kind, ReplicaStatus};
use crate::object::ObjectId;
use crate::sight::Sight;
use crate::stack::{Knowledge, Presence, Program, Stack};
use crate::state::{Recorded, State, Status};
use crate::steps::StepGraph;
use crate::value::{Awaited, Seal, SealedValue};

pub use compile::{promotion_words, serial_words, touches, words};
use ownership::Ownership;
pub(crate) use roles::source_of;
use roles::{HeldArguments, Promoted};

pub use decide::sealed;
pub use diff::{PreviousObject, differences};
pub use identity::{Identity, Moves, same_objects};
pub use missing::{MissingResources, vanished};
pub use recorded::recorded_resource;
pub use refresh::{is_as_recorded, kind_of, knowledge, to_observe, unseen, unsettled, with_found};
pub use replicas::{UnlikeReplica, unlike};
pub use roles::{GroupDebt, HeldArgument, MovedGroup, RoleDrift, RoleSummary, accepted, looks, owed, standings};
pub use room::too_narrow;
pub use transitions::{in_the_way, unlabelled};
pub use twins::{TwinChange, twin_changes};
pub use written::{are_the_same, concerned};

/// The changes that `apply` would make, with reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// Its basis.
    pub basis: Basis,
    /// Every declared resource that should exist and every recorded one, destructive changes first, `Keep` last.
    pub changes: Vec<Change>,
    /// Drift: differences of the cloud from the state, without those made by failover runs.
    pub drift: Vec<Drift>,
    /// The roles of the failover groups.
    pub roles: RoleSummary,
    /// The failover-only resources of each failover group.
    pub stand_up: Vec<FailoverProvision>,
    /// Outputs that change.
    pub outputs: Vec<OutputChange>,
    /// Notes for the reader.
    pub notes: Vec<String>,
    /// The reasons that block the plan; empty where nothing does.
    pub blocked: Vec<BlockedResource>,
    /// The steps.
    pub steps: StepGraph,
}

/// The basis of a plan; checked again before apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The digest of the stack.
    pub stack: String,
    /// The lineage of the state; empty where nothing is recorded yet.
    pub lineage: String,
    /// The serial of the state.
    pub serial: u64,
    /// The role epoch.
    pub role_epoch: u64,
}

/// The change of one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// The address under which it is recorded, where its label has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Address>,
    /// Its id in the cloud.
    pub id: ObjectId,
    /// The name of its site.
    pub site: String,
    /// Region of the resource or, for a child, of its parent. Not part of the digest of a saved plan.
    #[serde(skip)]
    pub location: String,
    /// Its presence.
    pub presence: Presence,
    /// The action.
    pub action: Action,
    /// The reason, which completes a sentence: `new`, `sku changes, which the provider cannot change in place`.
    pub reason: String,
    /// The arguments that change, in the terms of the stack; for a create, all of them.
    pub arguments: Vec<ArgumentChange>,
    /// True if the change destroys data that `apply` cannot create again.
    pub loses_data: bool,
    /// The table of the resource; `None` for a recorded kind that this drplan does not know.
    #[serde(skip)]
    pub kind: Option<&'static Kind>,
}

impl Change {
    /// True if the resource has an object of its own behind its id. Properties of another object carry the id of that
    /// object, which a reference means.
    pub fn has_object(&self) -> bool {
        self.kind.is_none_or(|kind| !kind.place.is_property())
    }
}

/// The actions on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Delete.
    Delete,
    /// Delete and create.
    Replace(Order),
    /// Remove from the state, and leave in the cloud.
    Forget,
    /// Update in place.
    Update,
    /// Record the unchanged object under its new address.
    Rename,
    /// Import an existing resource into the state.
    Adopt,
    /// Create.
    Create,
    /// No change.
    Keep,
}

/// The order of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The old object is deleted first: both would have the same id.
    DeleteFirst,
    /// The new object is created first.
    CreateFirst,
}

impl Action {
    /// The completed action in one word.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Replace(_) => "replaced",
            Self::Forget => "forgotten",
            Self::Update => "updated",
            Self::Rename => "renamed",
            Self::Adopt => "adopted",
            Self::Create => "created",
            Self::Keep => "kept",
        }
    }
}

/// A resource that the plan must not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlockedResource {
    /// The resource.
    pub address: Address,
    /// The reason.
    pub why: String,
}

/// One argument that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArgumentChange {
    /// The argument, with its block and key: `security_rule["https"].priority`.
    pub path: String,
    /// The value before; `None` where it was absent.
    pub before: Option<SealedValue>,
    /// The value after; `None` where it will be absent.
    pub after: Option<SealedValue>,
    /// True if this change forces the replacement.
    pub forces_replace: bool,
}

/// Drift of one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The resource.
    pub address: Address,
    /// True if it was deleted.
    pub gone: bool,
    /// The arguments that differ: `before` as recorded, `after` as observed.
    pub arguments: Vec<ArgumentChange>,
}

/// The failover-only resources of a failover group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailoverProvision {
    /// The failover group; empty for failover-only resources that no group creates.
    pub group: String,
    /// The name of the site.
    pub site: String,
    /// The resources, including resource groups.
    pub resources: Vec<Address>,
    /// The number of objects in the cloud.
    pub objects: usize,
}

/// An output that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// The value before.
    pub before: Option<SealedValue>,
    /// The value after.
    pub after: Option<SealedValue>,
}

/// The observed cloud.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The objects that were read, by id; `None` where the object does not exist. An id that is absent was not read.
    pub objects: HashMap<ObjectId, Option<Sight>>,
    /// The ids that could not be read because nothing answered for them, each with the error.
    pub unread: BTreeMap<ObjectId, String>,
    /// The status of each replica of a failover group that was read.
    pub standings: BTreeMap<Address, ReplicaStatus>,
    /// The time of that read; `None` where replicas were not read.
    pub at: Option<Timestamp>,
}

/// The input of a plan.
pub struct PlanInput<'a> {
    /// The stack, read.
    pub program: &'a Arc<Program>,
    /// The recorded state.
    pub state: Option<&'a State>,
    /// The observed cloud.
    pub observed: &'a Observed,
    /// The seal of this lineage.
    pub seal: &'a Seal,
    /// The targets, together with their dependencies; empty for all resources.
    pub targets: &'a [Address],
    /// Set to destroy everything.
    pub destroy: bool,
    /// The addresses, or blocks, that may be imported although their objects are not this stack's.
    pub adopt: &'a [Address],
}

/// A stack that was evaluated before its cloud was read.
pub struct EarlyStack {
    /// The knowledge with which it was evaluated: that of the recorded state.
    pub known: Knowledge,
    /// The stack.
    pub stack: Stack,
    /// The warnings of its evaluation.
    pub warnings: Diagnostics,
}

/// A plan, and the stack as evaluated for it.
pub struct PlanOutcome {
    /// The plan.
    pub plan: Plan,
    /// The stack.
    pub stack: Stack,
    /// The refreshed state, with its resources at their recorded addresses; `None` where nothing is recorded.
    pub refreshed: Option<State>,
    /// The resources that take other addresses before the first step.
    pub moves: Moves,
    /// Warnings about the stack.
    pub warnings: Diagnostics,
}

/// The turns in which moves of resources are looked for: each follows from attributes that the one before has moved.
const MOST_TURNS: u32 = 16;

/// Computes a plan.
///
/// # Errors
/// All errors of the stack.
pub fn plan(question: &PlanInput<'_>) -> Result<PlanOutcome, Diagnostics> {
    plan_from(question, None)
}

/// The same, where the stack was evaluated before, to see what to read. That serves as long as the knowledge is the
/// same.
///
/// # Errors
/// As for [`plan`].
pub fn plan_from(question: &PlanInput<'_>, mut early: Option<EarlyStack>) -> Result<PlanOutcome, Diagnostics> {
    let PlanInput { program, state: recorded, observed, seal, targets, destroy, adopt } = *question;
    let mut start = PlanStart::of(recorded.map(Cow::Borrowed), question)?;
    let mut moves = Moves::default();
    let mut turns = 0;
    // A replaced resource loses the attributes that the cloud assigned, and resources that depend on those may change
    // in turn.
    let mut lost = BTreeSet::new();
    // Resources whose old object must be deleted first, because every other order closes a cycle.
    let mut yields = BTreeSet::new();
    let (stack, warnings, mut decisions, mut blocked, held, left) = loop {
        let (state, now) = (start.state.as_deref(), start.refreshed.as_ref());
        let is_known =
            |known: &Knowledge| lost.is_empty() && start.is_as_recorded() || *known == start.knowledge(program, &lost);
        let EarlyStack { known, mut stack, warnings } = match early.take().filter(|early| is_known(&early.known)) {
            Some(early) => early,
            None => {
                let known = start.knowledge(program, &lost);
                let (stack, warnings) = program.evaluate(&known)?;
                EarlyStack { known, stack, warnings }
            }
        };
        // An id may depend on an attribute of an object that has moved, so that more are found with each turn.
        let more = state.filter(|_| !destroy).map(|state| Moves::of(state, &stack)).unwrap_or_default();
        if let Some(state) = state.filter(|_| !more.is_empty() && turns < MOST_TURNS) {
            turns += 1;
            let mut state = state.clone();
            more.carry_out(&mut state);
            moves = moves.then(&more);
            start = PlanStart::of(Some(Cow::Owned(state)), question)?;
            continue;
        }
        let held = state.map(|state| HeldArguments::of(&stack, &state.roles, observed)).unwrap_or_default();
        if !destroy {
            kept::pin(&mut stack, now);
        }
        roles::settle_idle(&mut stack, state.map(|state| &state.roles));
        let left = held.pin(&mut stack, state, now);
        let wanted = if destroy { Vec::new() } else { decide::all_sealed(&stack, seal) };
        if !destroy {
            written::settle(&stack, &wanted, state, start.refreshed.as_mut(), observed, seal);
        }
        let now = start.refreshed.as_ref();
        let promoted = Promoted::of(&stack, state, observed);
        let ownership = Ownership::new(state, observed, adopt);
        let deciding = decide::DecisionInput {
            stack: &stack,
            wanted: &wanted,
            state,
            now,
            observed,
            seal,
            destroy,
            moves: &moves,
            ownership: &ownership,
            held: &held,
            promoted: &promoted,
            yields: &yields,
        };
        let (decisions, blocked) = deciding.decide();
        let replaced = decisions.iter().filter(|(address, decision)| {
            matches!(decision.change.action, Action::Replace(_)) && known.attributes.contains_key(*address)
        });
        let before = (lost.len(), yields.len());
        lost.extend(replaced.map(|(address, _)| address.clone()));
        if let Err(circle) = compile::compile(&stack, &decisions) {
            yields.extend(circle.yielding(&decisions));
        }
        if (lost.len(), yields.len()) == before {
            break (stack, warnings, decisions, blocked, held, left);
        }
    };
    if !destroy {
        blocked.extend(written::unread(&stack, observed, &decisions));
    }
    let PlanStart { state, refreshed: mut now, mut drift } = start;
    let state = state.as_deref();
    kept::expect(&stack, &mut drift);
    held.expect(&mut drift);
    let roles = state.map(|state| RoleSummary::of(&stack, state, observed)).unwrap_or_default();
    let roles = RoleSummary { left, ..roles };
    if let (Some(now), Some(state)) = (&mut now, state) {
        now.roles = roles::reckoned(&stack, &state.roles, observed);
        refresh::record_found(&stack, now, observed, seal);
        moves.undo(now);
    }
    let mut notes = Vec::new();
    if !targets.is_empty() {
        target::limit(targets, &stack, &mut decisions, &mut moves, destroy)?;
        blocked.retain(|blocked| decisions.contains_key(&blocked.address));
        drift.retain(|drift| decisions.contains_key(&drift.address));
        notes.push("Limited to the given targets and their dependencies: other changes are not shown.".to_owned());
    }
    notes.extend(unfinished(state));
    notes.extend(unread(observed));
    let ownership = Ownership::new(state, observed, adopt);
    ownership.check_named(&stack)?;
    notes.extend(if destroy { Vec::new() } else { ownership.notes(&stack, state) });
    notes.extend(if destroy { None } else { installed::note(&stack, observed) });
    notes.extend(twins::notes(&stack, &decisions));
    notes.extend(if destroy { Vec::new() } else { replicas::notes(&stack) });
    notes.extend(roles.swapped.iter().filter_map(|swapped| not_in_stack(&stack, &swapped.group)));
    let steps = compile::compile(&stack, &decisions).map_err(|circle| {
        Diagnostic::error("bug", format!("the steps of this plan cannot be ordered: {}", circle.error))
            .why("This is a bug in drplan, not an error in the stack.")
            .help("Please report it, with the stack if you may share it.")
    })?;
    let mut changes: Vec<Change> = decisions.into_iter().map(|(_, decision)| decision.change).collect();
    changes.sort_by_key(|change| change.action);
    let outputs = if destroy || !targets.is_empty() { Vec::new() } else { outputs(&stack, state, seal, &changes) };
    let mut stand_up = if destroy { Vec::new() } else { stand_up(&stack) };
    // Resources that a failover created count as existing.
    stand_up.retain(|one| !roles.swapped.iter().any(|swapped| swapped.group == one.group));
    let plan = Plan {
        stack: stack.name.clone(),
        basis: basis(&stack, recorded),
        changes,
        drift,
        roles,
        stand_up,
        outputs,
        notes,
        blocked,
        steps,
    };
    Ok(PlanOutcome { plan, stack, refreshed: now, moves, warnings })
}

/// The state that a plan starts from.
struct PlanStart<'a> {
    /// As recorded, with the stack's values for secrets that were never set.
    state: Option<Cow<'a, State>>,
    /// As refreshed.
    refreshed: Option<State>,
    drift: Vec<Drift>,
}

impl<'a> PlanStart<'a> {
    fn of(state: Option<Cow<'a, State>>, question: &PlanInput<'_>) -> Result<Self, Diagnostics> {
        let PlanInput { program, observed, seal, destroy, .. } = *question;
        let Some(mut state) = state else { return Ok(Self { state: None, refreshed: None, drift: Vec::new() }) };
        if !destroy && untold::any(&state) {
            let (stack, _) = program.evaluate(&knowledge(program.catalog(), &state, &|_| false))?;
            state = Cow::Owned(untold::told(&state, &stack, seal));
        }
        let (refreshed, drift) = refresh::refresh(program.catalog(), &state, observed, seal);
        Ok(Self { state: Some(state), refreshed: Some(refreshed), drift })
    }

    /// True if nothing differs from the state that the caller has read.
    fn is_as_recorded(&self) -> bool {
        let Some((Cow::Borrowed(state), now)) = self.state.as_ref().zip(self.refreshed.as_ref()) else { return false };
        let same = |(one, other): (&Arc<Recorded>, &Arc<Recorded>)| Arc::ptr_eq(one, other);
        state.resources.len() == now.resources.len() && state.resources.values().zip(now.resources.values()).all(same)
    }

    /// The attributes in the refreshed state, but for those of resources that lose them.
    fn knowledge(&self, program: &Program, lost: &BTreeSet<Address>) -> Knowledge {
        let of = |now| knowledge(program.catalog(), now, &|address| lost.contains(address));
        self.refreshed.as_ref().map_or_else(Knowledge::default, of)
    }
}

/// The basis of a plan that is made now.
pub fn basis(stack: &Stack, state: Option<&State>) -> Basis {
    Basis {
        stack: stack.digest.clone(),
        lineage: state.map(|state| state.lineage.clone()).unwrap_or_default(),
        serial: state.map_or(0, |state| state.serial),
        role_epoch: state.map_or(0, |state| state.roles.epoch),
    }
}

fn unfinished(state: Option<&State>) -> Option<String> {
    let open = |recorded: &&Arc<Recorded>| recorded.status != Status::Standing;
    let count = state.map_or(0, |state| state.resources.values().filter(open).count());
    match count {
        0 => None,
        1 => Some("An earlier apply did not complete: drplan read 1 resource again.".to_owned()),
        n => Some(format!("An earlier apply did not complete: drplan read {n} resources again.")),
    }
}

fn unread(observed: &Observed) -> Option<String> {
    let (first, why) = observed.unread.first_key_value()?;
    let what = match observed.unread.len() {
        1 => format!("{first} could not be read and is"),
        n => format!("{n} objects, among them {first}, could not be read and are"),
    };
    Some(format!("{what} assumed to be as recorded in state: {why}"))
}

fn not_in_stack(stack: &Stack, group: &str) -> Option<String> {
    (!stack.failover_groups.contains_key(group)).then(|| {
        format!(
            "Failover group {group} is failed over, but the stack no longer declares it. Restore its block, then fail back with \
             `drplan failover-group down`."
        )
    })
}

fn stand_up(stack: &Stack) -> Vec<FailoverProvision> {
    let mut of_groups: HashMap<&Address, Vec<usize>> = HashMap::new();
    for (at, resource) in stack.resources.values().enumerate() {
        if let (Presence::Failover, Some(of)) = (resource.presence, &resource.group) {
            of_groups.entry(of).or_default().push(at);
        }
    }
    let members = |groups: &mut dyn Iterator<Item = &Address>| -> (Vec<Address>, usize) {
        let members: BTreeSet<usize> = groups.filter_map(|of| of_groups.get(of)).flatten().copied().collect();
        let (mut addresses, mut objects) = (Vec::new(), BTreeSet::new());
        for (_, member) in members.into_iter().filter_map(|at| stack.resources.get_index(at)) {
            addresses.push(member.address.clone());
            objects.extend(member.objects.iter().map(|object| object.id.clone()));
        }
        (addresses, objects.len())
    };
    let mut all = Vec::new();
    let mut named = BTreeSet::new();
    for group in stack.failover_groups.values() {
        named.extend(group.stand_up.iter().cloned());
        for site in group.standbys() {
            let is_at = |address: &Address| stack.resources.get(address).is_none_or(|of| of.site == *site);
            let (resources, objects) = members(&mut group.stand_up.iter().filter(|address| is_at(address)));
            all.push(FailoverProvision { group: group.name.to_string(), site: site.to_string(), resources, objects });
        }
    }
    let mut unnamed: HashMap<&Arc<str>, Vec<&Address>> = HashMap::new();
    for of in of_groups.keys().filter(|of| !named.contains(**of)) {
        if let Some(group) = stack.resources.get(*of) {
            unnamed.entry(&group.site).or_default().push(of);
        }
    }
    for site in stack.sites.keys() {
        let (resources, objects) = members(&mut unnamed.get(site).into_iter().flatten().copied());
        if !resources.is_empty() {
            all.push(FailoverProvision { group: String::new(), site: site.to_string(), resources, objects });
        }
    }
    all
}

fn outputs(stack: &Stack, state: Option<&State>, seal: &Seal, changes: &[Change]) -> Vec<OutputChange> {
    let empty = BTreeMap::new();
    let before = state.map_or(&empty, |state| &state.outputs);
    let after: BTreeMap<String, SealedValue> =
        stack.outputs.iter().map(|(name, output)| (name.to_string(), seal.seal(&output.value))).collect();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let outputs = names.into_iter().map(|name| OutputChange {
        name: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    });
    // A value that depends only on unchanged resources, such as a key that is read again for each apply, is
    // unchanged.
    let stays = |waits: &serde_json::Value| {
        let awaited = waits.as_str().and_then(Awaited::parse);
        let address = awaited.as_ref().and_then(Awaited::resource).map(|(address, _)| address);
        changes.iter().any(|change| {
            Some(&change.address) == address && matches!(change.action, Action::Keep | Action::Update | Action::Rename)
        })
    };
    let assumed = |change: &OutputChange| {
        let after = change.after.as_ref().and_then(|after| SealedValue::waits_for(after.json()));
        change.before.is_some() && after.is_some_and(|waits| waits.iter().all(stays))
    };
    outputs.filter(|output| output.before != output.after && !assumed(output)).collect()
}
