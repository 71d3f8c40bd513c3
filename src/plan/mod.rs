//! Desired, recorded and observed to a [`Plan`]: what changes, why, and the steps that do it.
//!
//! Pure: the same input gives the same plan, byte for byte. What is shown of values is sealed.

mod aside;
mod compile;
mod decide;
mod diff;
pub mod file;
mod refresh;
mod roles;
mod target;
mod untold;
mod vanished;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::Standing;
use crate::stack::{Knowledge, Presence, Program, Stack};
use crate::state::{Recorded, State, Status};
use crate::steps::StepGraph;
use crate::value::{Seal, Sealed};

pub use compile::{serial_words, touches, words};
use roles::{Held, Promoted};

pub use decide::sealed;
pub use diff::{Was, differences};
pub use refresh::{kind_of, knowledge, to_observe, unseen, unsettled};
pub use roles::{GroupDebt, Left, RoleDrift, RolesSeen, Swapped, accepted, looks, owed, standings};
pub use vanished::{Vanished, vanished};

/// What `apply` would do, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// What it was made from.
    pub basis: Basis,
    /// Every resource of the stack that is to stand and every recorded one, destructive changes first, `Keep` last.
    pub changes: Vec<Change>,
    /// What the cloud has otherwise than recorded, without what a failover run has moved.
    pub drift: Vec<Drift>,
    /// What there is to say of roles.
    pub roles: RolesSeen,
    /// What would stand up with each failover group.
    pub stand_up: Vec<StandUp>,
    /// Outputs that change.
    pub outputs: Vec<OutputChange>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// What forbids carrying it out; empty: nothing does.
    pub blocked: Vec<Blocked>,
    /// The steps that do it.
    pub steps: StepGraph,
}

/// What a plan was made from; checked again before it is applied.
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

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// Its id in the cloud.
    pub id: ArmId,
    /// The name of its site.
    pub site: String,
    /// Its presence.
    pub presence: Presence,
    /// What happens.
    pub action: Action,
    /// Why, completing a sentence: `not recorded yet`, `sku changes, which Azure cannot change in place`.
    pub reason: String,
    /// The arguments that change, in the words of the stack; for a create, all of them.
    pub arguments: Vec<ArgumentChange>,
    /// Whether it loses what `apply` cannot make again.
    pub loses_data: bool,
}

/// What can happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is deleted.
    Delete,
    /// It is deleted and created.
    Replace(Order),
    /// It is taken out of the state, and left alone.
    Forget,
    /// It is changed in place.
    Update,
    /// It stands already and is taken into the state.
    Adopt,
    /// It is created.
    Create,
    /// Nothing.
    Keep,
}

/// In which order a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The old one goes first: both would have the same id.
    DeleteFirst,
    /// The new one comes first.
    CreateFirst,
}

impl Action {
    /// What will have been done, in one word.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Delete => "deleted",
            Self::Replace(_) => "replaced",
            Self::Forget => "forgotten",
            Self::Update => "updated",
            Self::Adopt => "adopted",
            Self::Create => "created",
            Self::Keep => "kept",
        }
    }
}

/// A resource that must not be touched as the plan would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The resource.
    pub address: Address,
    /// Why.
    pub why: String,
}

/// One argument that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArgumentChange {
    /// The argument, with the block and key it is in: `security_rule["https"].priority`.
    pub path: String,
    /// What it was; `None`: it was not there.
    pub before: Option<Sealed>,
    /// What it will be; `None`: it will not be there.
    pub after: Option<Sealed>,
    /// Whether this is why the resource is replaced.
    pub forces_replace: bool,
}

/// What the cloud has otherwise than recorded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The resource.
    pub address: Address,
    /// Whether it is gone altogether.
    pub gone: bool,
    /// The arguments that differ: `before` as recorded, `after` as observed.
    pub arguments: Vec<ArgumentChange>,
}

/// What would stand up with a failover group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandUp {
    /// The failover group; empty for failover resources that no group stands up.
    pub group: String,
    /// The name of the site.
    pub site: String,
    /// The resources, resource groups among them.
    pub resources: Vec<Address>,
    /// How many objects they are in the cloud.
    pub objects: usize,
}

/// An output that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What it was.
    pub before: Option<Sealed>,
    /// What it will be.
    pub after: Option<Sealed>,
}

/// What was observed in the cloud.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The bodies that were read, by id; `None`: nothing is there. An id that is absent was not looked at.
    pub objects: BTreeMap<ArmId, Option<Json>>,
    /// The ids that could not be read because nothing answered for them, each with what was said instead.
    pub unread: BTreeMap<ArmId, String>,
    /// Where each replica of a failover group stands that was looked at.
    pub standings: BTreeMap<Address, Standing>,
    /// When it was looked at that; `None` where it was not.
    pub at: Option<Timestamp>,
}

/// What a plan is asked for.
pub struct Question<'a> {
    /// The stack, read.
    pub program: &'a Arc<Program>,
    /// What is recorded.
    pub state: Option<&'a State>,
    /// What was observed.
    pub observed: &'a Observed,
    /// The seal of this lineage.
    pub seal: &'a Seal,
    /// The resources to which it is limited, with what they need; empty: all.
    pub targets: &'a [Address],
    /// Whether everything is to go.
    pub destroy: bool,
}

/// A plan, and the stack as it was evaluated for it.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The stack.
    pub stack: Stack,
    /// The state as it really is; `None` where nothing is recorded.
    pub refreshed: Option<State>,
    /// What is worth saying of the stack.
    pub warnings: Diagnostics,
}

/// Plans.
///
/// # Errors
/// Everything that is wrong with the stack.
pub fn plan(question: &Question<'_>) -> Result<Planned, Diagnostics> {
    let Question { program, state, observed, seal, targets, destroy } = *question;
    let back = match state {
        Some(state) if !destroy && state.resources.keys().any(Address::is_replaced) => {
            let (stack, _) = program.evaluate(&knowledge(state, &|_| false))?;
            aside::taken_back(state, &stack)
        }
        _ => None,
    };
    let state = back.as_ref().or(state);
    let told = match state {
        Some(state) if !destroy && untold::any(state) => {
            let (stack, _) = program.evaluate(&knowledge(state, &|_| false))?;
            Some(untold::told(state, &stack, seal))
        }
        _ => None,
    };
    let state = told.as_ref().or(state);
    let (mut refreshed, mut drift) = match state {
        Some(state) => {
            let (now, drift) = refresh::refresh(state, observed, seal);
            (Some(now), drift)
        }
        None => (None, Vec::new()),
    };
    let now = refreshed.as_ref();
    // What is replaced loses the attributes that the cloud gave it, and what hangs on those may change in turn.
    let mut lost = BTreeSet::new();
    // What cannot come before what it replaces, because that would close a circle.
    let mut yields = BTreeSet::new();
    let (stack, warnings, mut decisions, mut blocked, held, left) = loop {
        let known = now.map_or_else(Knowledge::default, |now| knowledge(now, &|a| lost.contains(a)));
        let (mut stack, warnings) = program.evaluate(&known)?;
        let held = state.map(|state| Held::of(&stack, &state.roles, observed)).unwrap_or_default();
        let left = held.pin(&mut stack, state, now);
        let promoted = Promoted::of(&stack, state, observed);
        let deciding = decide::Deciding {
            stack: &stack,
            state,
            now,
            observed,
            seal,
            destroy,
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
            yields.extend(circle.replaced_first(&decisions));
        }
        if (lost.len(), yields.len()) == before {
            break (stack, warnings, decisions, blocked, held, left);
        }
    };
    held.expect(&mut drift);
    let roles = state.map(|state| RolesSeen::of(&stack, state, observed)).unwrap_or_default();
    let roles = RolesSeen { left, ..roles };
    if let (Some(now), Some(state)) = (&mut refreshed, state) {
        now.roles = roles::reckoned(&stack, &state.roles, observed);
    }
    let mut notes = Vec::new();
    if !targets.is_empty() {
        target::limit(targets, &stack, &mut decisions, destroy)?;
        blocked.retain(|blocked| decisions.contains_key(&blocked.address));
        drift.retain(|drift| decisions.contains_key(&drift.address));
        notes.push("Limited to the targets given and what they need: other changes are not shown.".to_owned());
    }
    notes.extend(unfinished(state));
    notes.extend(unread(observed));
    notes.extend(roles.swapped.iter().filter_map(|swapped| not_in_stack(&stack, &swapped.group)));
    let steps = compile::compile(&stack, &decisions).map_err(|circle| {
        Diagnostic::error("bug", format!("the steps of this plan cannot be ordered: {}", circle.error))
            .why("This is a fault of drplan, not of the stack.")
            .help("Please report it with the stack, if you may share it.")
    })?;
    let mut changes: Vec<Change> = decisions.into_iter().map(|(_, decision)| decision.change).collect();
    changes.sort_by_key(|change| change.action);
    let outputs = if destroy || !targets.is_empty() { Vec::new() } else { outputs(&stack, state, seal, &changes) };
    let mut stand_up = if destroy { Vec::new() } else { stand_up(&stack) };
    // What is up has stood up.
    stand_up.retain(|one| !roles.swapped.iter().any(|swapped| swapped.group == one.group));
    let plan = Plan {
        stack: stack.name.clone(),
        basis: basis(&stack, state),
        changes,
        drift,
        roles,
        stand_up,
        outputs,
        notes,
        blocked,
        steps,
    };
    Ok(Planned { plan, stack, refreshed, warnings })
}

/// What a plan made now would be made from.
pub fn basis(stack: &Stack, state: Option<&State>) -> Basis {
    Basis {
        stack: stack.digest.clone(),
        lineage: state.map(|state| state.lineage.clone()).unwrap_or_default(),
        serial: state.map_or(0, |state| state.serial),
        role_epoch: state.map_or(0, |state| state.roles.epoch),
    }
}

fn unfinished(state: Option<&State>) -> Option<String> {
    let open = |recorded: &&Recorded| recorded.status != Status::Standing;
    let count = state.map_or(0, |state| state.resources.values().filter(open).count());
    match count {
        0 => None,
        1 => Some("An earlier run was cut short: one resource was looked at again before deciding.".to_owned()),
        n => Some(format!("An earlier run was cut short: {n} resources were looked at again before deciding.")),
    }
}

fn unread(observed: &Observed) -> Option<String> {
    let (first, why) = observed.unread.first_key_value()?;
    let what = match observed.unread.len() {
        1 => format!("{first} could not be looked at and is"),
        n => format!("{n} objects could not be looked at, {first} among them, and are"),
    };
    Some(format!("{what} taken as recorded, not as gone: {why}"))
}

fn not_in_stack(stack: &Stack, group: &str) -> Option<String> {
    (!stack.failover_groups.contains_key(group)).then(|| {
        format!(
            "The failover group {group} is not at home and not in the stack any more: `drplan failover-group down` can bring it back \
             only once it is written there again."
        )
    })
}

fn stand_up(stack: &Stack) -> Vec<StandUp> {
    let members = |groups: &dyn Fn(&Address) -> bool| -> (Vec<Address>, usize) {
        let members = stack
            .resources
            .values()
            .filter(|resource| resource.presence == Presence::Failover && resource.group.as_ref().is_some_and(groups));
        let (mut addresses, mut objects) = (Vec::new(), BTreeSet::new());
        for member in members {
            addresses.push(member.address.clone());
            objects.extend(member.objects.iter().map(|object| object.id.clone()));
        }
        (addresses, objects.len())
    };
    let mut all = Vec::new();
    let mut named = BTreeSet::new();
    for group in stack.failover_groups.values() {
        let (resources, objects) = members(&|address| group.stand_up.contains(address));
        named.extend(group.stand_up.iter().cloned());
        all.push(StandUp { group: group.name.to_string(), site: group.to.to_string(), resources, objects });
    }
    for site in stack.sites.keys() {
        let (resources, objects) = members(&|address| {
            !named.contains(address) && stack.resources.get(address).is_some_and(|group| group.site == *site)
        });
        if !resources.is_empty() {
            all.push(StandUp { group: String::new(), site: site.to_string(), resources, objects });
        }
    }
    all
}

fn outputs(stack: &Stack, state: Option<&State>, seal: &Seal, changes: &[Change]) -> Vec<OutputChange> {
    let empty = BTreeMap::new();
    let before = state.map_or(&empty, |state| &state.outputs);
    let after: BTreeMap<String, Sealed> =
        stack.outputs.iter().map(|(name, output)| (name.to_string(), seal.seal(&output.value))).collect();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let outputs = names.into_iter().map(|name| OutputChange {
        name: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    });
    // What waits only for what stays, a key that is read anew for each apply, is what it was.
    let stays = |waits: &serde_json::Value| {
        let address = waits.as_str().and_then(|text| text.rsplit_once('.')).map(|(address, _)| address);
        changes.iter().any(|change| {
            Some(change.address.as_str()) == address && matches!(change.action, Action::Keep | Action::Update)
        })
    };
    let assumed = |change: &OutputChange| {
        let after = change.after.as_ref().and_then(|after| Sealed::waits_for(after.json()));
        change.before.is_some() && after.is_some_and(|waits| waits.iter().all(stays))
    };
    outputs.filter(|output| output.before != output.after && !assumed(output)).collect()
}
