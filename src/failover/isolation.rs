//! Preflight checks of a drill: its copies are isolated, and no step changes anything else.

use super::PreflightCheck;
use super::course::{Question, command};
use super::drill::is_rehearsal;
use super::restores::machines;
use super::verdicts::{passes, refuses, warns};
use super::verify::copies;
use crate::address::Address;
use crate::kinds::{DrillCopy, Fence, Grammar, Kind};
use crate::object::ObjectId;
use crate::roles::FailoverMode;
use crate::stack::{Presence, Resource, Stack};
use crate::state::{ActiveSite, RunKind};
use crate::steps::StepGraph;
use crate::value::Value;

/// The checks that only a drill has.
const CHECKS: &[fn(&Question<'_>, &StepGraph, &mut Vec<PreflightCheck>)] =
    &[home, copied, isolated, fenced, reversible, compared];

/// Runs the checks that only a drill has.
pub(super) fn all(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.verb == RunKind::Drill {
        CHECKS.iter().for_each(|check| check(question, graph, found));
    }
}

/// A drill needs normal operation.
fn home(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let group = question.group;
    let active = question.state.roles.groups.get(&*group.name).map_or(ActiveSite::Home, |role| role.active);
    if active != ActiveSite::Home {
        let what = match active {
            ActiveSite::Away => {
                format!("{} is failed over: the resources that a drill copies exist and are in production", group.name)
            }
            ActiveSite::Home | ActiveSite::Between => {
                format!("{} is in a mixed state: an earlier run ended midway", group.name)
            }
        };
        found.push(refuses("ordinary-day", what, format!("Fail back first: {}.", command(question, "down"))));
    }
    if question.how == FailoverMode::Forced {
        let what = "a drill is always planned: no site is lost in it";
        found.push(refuses("ordinary-day", what, "Remove `--forced` and `--lost`."));
    }
}

/// The copies can be created, and none remains from an earlier drill.
fn copied(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some(copies) = question.stack.copies.as_ref().filter(|copies| copies.group == *question.group.name) else {
        found.push(refuses(
            "copies",
            "the stack has no copies for this drill",
            "This is a defect in drplan. Please report it.",
        ));
        return;
    };
    for (address, why) in &copies.wrong {
        found.push(refuses("copies", format!("{address} cannot be copied: {why}"), ""));
    }
    let left: Vec<&str> =
        question.state.resources.keys().filter(|address| address.is_rehearsed()).map(Address::as_str).collect();
    if !left.is_empty() {
        let what = format!("copies of an earlier drill still exist: {}", left.join(", "));
        found.push(refuses("copies", what, "Run `drplan apply`, which deletes them."));
    }
}

/// No copy depends on production, except for shared resources such as images and identities.
fn isolated(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let stack = question.stack;
    let before = found.len();
    for copy in copies(question).into_iter() {
        let mut ids = Vec::new();
        copy.args.values().for_each(|value| named(stack.catalog(), value, &mut ids));
        for id in ids {
            if let Some(what) = shares(stack, copy, &id) {
                found.push(refuses("isolated", what, "A drill must not reach production. Declare the network of the copies in the stack, so that drplan copies it too."));
            }
        }
    }
    let count = copies(question).len();
    if found.len() == before && count > 0 {
        found.push(passes("isolated", format!("no copy of {count} uses a network or address of production")));
    }
}

/// The production resource that a copy would use by an id among its arguments.
fn shares(stack: &Stack, copy: &Resource, id: &ObjectId) -> Option<String> {
    let copy = &copy.address;
    let mut at = Some(id.clone());
    while let Some(id) = at {
        if let Some(other) = stack.by_id(&id) {
            return match (other.address.is_rehearsed(), other.presence, other.kind.drill.copying) {
                (true, ..) | (false, Presence::Permanent, DrillCopy::StoodUp | DrillCopy::Never(_)) => None,
                (false, Presence::Permanent, DrillCopy::Along) => Some(format!("{copy} would use {}", other.address)),
                (false, Presence::Failover, DrillCopy::Never(why)) => {
                    Some(format!("{copy} needs {}, which is not copied: {why}", other.address))
                }
                (false, Presence::Failover, _) => {
                    Some(format!("{copy} needs {}, which exists only during a failover", other.address))
                }
            };
        }
        at = stack.catalog().parent(&id);
    }
    // drplan cannot copy a resource outside the stack; its type decides if it can be shared.
    let type_ = stack.catalog().type_of(id)?;
    let is_along = |kind: &Kind| kind.drill.copying == DrillCopy::Along && kind.variants.is_none();
    stack
        .catalog()
        .of_type(&type_)
        .any(is_along)
        .then(|| format!("{copy} would use {id}, which the stack does not manage and so cannot copy"))
}

/// The ids among the values of arguments.
fn named(grammar: &dyn Grammar, value: &Value, ids: &mut Vec<ObjectId>) {
    match value {
        Value::String(text) if grammar.is_id(text) => ids.push(ObjectId::new(&**text)),
        Value::List(items) => items.iter().for_each(|item| named(grammar, item, ids)),
        Value::Map(map) => map.values().for_each(|value| named(grammar, value, ids)),
        Value::Sensitive(inner) => named(grammar, inner, ids),
        _ => {}
    }
}

/// Machines of a drill have no way out of their networks.
fn fenced(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let stack = question.stack;
    let uses = |copy: &Resource, fence: Fence| {
        let mut used = copy.uses.iter().filter_map(|used| stack.resources.get(used));
        used.any(|used| used.address.is_rehearsed() && used.kind.drill.fence == fence)
    };
    let mut held = 0;
    for net in copies(question).into_iter().filter(|copy| copy.kind.drill.fence == Fence::Wanted) {
        let inside: Vec<&Resource> =
            copies(question).into_iter().filter(|copy| copy.uses.contains(&net.address)).collect();
        if inside.iter().any(|copy| uses(copy, Fence::Holds)) {
            held += 1;
            found.extend(cut_off(question, &inside));
            continue;
        }
        let help = "Associate a security group with it: its copy in a drill blocks all outbound traffic.";
        let out: Vec<&str> =
            inside.iter().filter(|copy| uses(copy, Fence::Opens)).map(|copy| copy.address.as_str()).collect();
        found.push(match out.is_empty() {
            true => warns(
                "held-in",
                format!("{} has no security group: only the missing outbound route isolates its machines", net.address),
                help,
            ),
            false => refuses(
                "held-in",
                format!("{} has no security group, and these give it internet access: {}", net.address, out.join(", ")),
                help,
            ),
        });
    }
    if held > 0 {
        let them = if held == 1 { "one network".to_owned() } else { format!("{held} networks") };
        found.push(passes("held-in", format!("{them} of copies with all outbound traffic blocked")));
    }
}

/// Machines in a network without a way out that would have to read a repository to restore.
fn cut_off(question: &Question<'_>, inside: &[&Resource]) -> Option<PreflightCheck> {
    let is_inside =
        |machine: &Resource| inside.iter().any(|copy| machine.uses.contains(&copy.address) || copy.id == machine.id);
    let restoring = machines(question).filter(|machine| !question.stack.restored_by(machine).is_empty());
    let names: Vec<&str> =
        restoring.filter(|machine| is_inside(machine)).map(|machine| machine.address.as_str()).collect();
    (!names.is_empty()).then(|| {
        refuses(
            "held-in",
            format!(
                "{} would restore at its launch, and could read no repository: a drill blocks all outbound traffic of \
                 its network",
                names.join(", ")
            ),
            "Restore the backups with their tools on a machine of your own, to see that they can be restored.",
        )
    })
}

/// Every step of a drill is reversible and changes only its copies.
fn reversible(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let further: Vec<&str> = graph
        .steps
        .iter()
        .filter(|step| !is_rehearsal(question.stack, step))
        .map(|step| step.address.as_str())
        .collect();
    found.push(match further.is_empty() {
        true => {
            passes("reversible", format!("all {} steps change only copies and can be rolled back", graph.steps.len()))
        }
        false => refuses(
            "reversible",
            format!("steps that a drill must not have: {}", further.join(", ")),
            "This is a defect in drplan. Please report it.",
        ),
    });
}

/// Production could be read, so that it can be compared afterwards.
fn compared(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let objects = super::production::objects(question.state);
    let seen = &question.seen.observed.objects;
    let unseen: Vec<&str> =
        objects.iter().map(|object| &object.id).filter(|id| !seen.contains_key(*id)).map(ObjectId::as_str).collect();
    found.push(match unseen.split_first() {
        None => passes("compared", format!("{} objects are compared before and after", objects.len())),
        Some((first, _)) => refuses(
            "compared",
            format!("{} of {} objects could not be read, for example {first}", unseen.len(), objects.len()),
            "drplan could not prove that the drill leaves them unchanged. Try again once they can be read.",
        ),
    });
}
