//! What is checked before a drill: that its copies stand by themselves, reach nothing, and that no step of it goes further.

use super::drill::is_rehearsal;
use super::guards::{passes, refuses, warns};
use super::{Guard, Question};
use crate::address::{Address, ArmId};
use crate::kinds::{Copying, Fence, How};
use crate::stack::{Presence, Resource, Stack};
use crate::state::{Active, Verb};
use crate::steps::StepGraph;
use crate::value::Value;

/// The checks of a drill.
const CHECKS: &[fn(&Question<'_>, &StepGraph, &mut Vec<Guard>)] =
    &[home, copied, isolated, fenced, reversible, compared];

/// All checks that only a drill has.
pub(super) fn all(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
    if question.verb == Verb::Drill {
        CHECKS.iter().for_each(|check| check(question, graph, found));
    }
}

/// A drill is for an ordinary day.
fn home(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let group = question.group;
    let active = question.state.roles.groups.get(&*group.name).map_or(Active::Home, |role| role.active);
    if active != Active::Home {
        let what = match active {
            Active::Away => format!("{} is up: what a drill would copy stands and is in use", group.name),
            Active::Home | Active::Between => format!("an earlier run of {} was given up half-way", group.name),
        };
        found.push(refuses("ordinary-day", what, "Bring it back with `down` first."));
    }
    if question.how == How::Forced {
        let what = "a drill is planned: nothing is given up in it";
        found.push(refuses("ordinary-day", what, "Leave `--forced` and `--lost` out."));
    }
}

/// The copies could be made, and none is left of an earlier drill.
fn copied(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let Some(copies) = question.stack.copies.as_ref().filter(|copies| copies.group == *question.group.name) else {
        found.push(refuses(
            "copies",
            "the stack has no copies for this drill",
            "This is a fault of drplan. Please report it.",
        ));
        return;
    };
    for (address, why) in &copies.wrong {
        found.push(refuses("copies", format!("{address} cannot be copied: {why}"), ""));
    }
    let left: Vec<&str> =
        question.state.resources.keys().filter(|address| address.is_rehearsed()).map(Address::as_str).collect();
    if !left.is_empty() {
        let what = format!("an earlier drill has left something over: {}", left.join(", "));
        found.push(refuses("copies", what, "Run `drplan apply`, which deletes it."));
    }
}

/// No copy hangs on what is in use, but for what is shared: images, identities.
fn isolated(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let stack = question.stack;
    let before = found.len();
    for copy in stack.rehearsed() {
        let mut ids = Vec::new();
        copy.args.values().for_each(|value| named(value, &mut ids));
        for id in ids {
            if let Some(what) = shares(stack, copy, &id) {
                found.push(refuses("isolated", what, "A drill must reach nothing that is in use: what copies stand in has to be in the stack, so that it is copied too."));
            }
        }
    }
    let count = stack.rehearsed().count();
    if found.len() == before && count > 0 {
        found.push(passes("isolated", format!("none of {count} copies hangs on a network or address that is in use")));
    }
}

/// What a copy would share with what is in use, by an id among its arguments.
fn shares(stack: &Stack, copy: &Resource, id: &ArmId) -> Option<String> {
    let copy = &copy.address;
    let mut at = Some(id.clone());
    while let Some(id) = at {
        if let Some(other) = stack.by_id(&id) {
            return match (other.address.is_rehearsed(), other.presence, other.kind.drill.copying) {
                (true, ..) | (false, Presence::Permanent, Copying::StoodUp | Copying::Never(_)) => None,
                (false, Presence::Permanent, Copying::Along) => Some(format!("{copy} would use {}", other.address)),
                (false, Presence::Failover, Copying::Never(why)) => {
                    Some(format!("{copy} needs {}, which is not copied: {why}", other.address))
                }
                (false, Presence::Failover, _) => {
                    Some(format!("{copy} needs {}, which stands only during a failover", other.address))
                }
            };
        }
        at = id.parent();
    }
    // What the stack does not manage cannot be copied; whether it may be shared is known of its type.
    let type_ = id.arm_type()?;
    let along = crate::kinds::ALL.iter().filter(|kind| kind.drill.copying == Copying::Along);
    let is_along = along.into_iter().any(|kind| kind.arm.type_.eq_ignore_ascii_case(&type_));
    is_along.then(|| format!("{copy} would use {id}, which the stack does not manage and so cannot copy"))
}

/// The ids among the values of arguments.
fn named(value: &Value, ids: &mut Vec<ArmId>) {
    match value {
        Value::String(text) if text.starts_with("/subscriptions/") => ids.push(ArmId::new(&**text)),
        Value::List(items) => items.iter().for_each(|item| named(item, ids)),
        Value::Map(map) => map.values().for_each(|value| named(value, ids)),
        Value::Sensitive(inner) => named(inner, ids),
        _ => {}
    }
}

/// Machines of a drill do not get out of the networks they stand in.
fn fenced(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let stack = question.stack;
    let uses = |copy: &Resource, fence: Fence| {
        let mut used = copy.uses.iter().filter_map(|used| stack.resources.get(used));
        used.any(|used| used.address.is_rehearsed() && used.kind.drill.fence == fence)
    };
    let mut held = 0;
    for net in stack.rehearsed().filter(|copy| copy.kind.drill.fence == Fence::Wanted) {
        let inside: Vec<&Resource> = stack.rehearsed().filter(|copy| copy.uses.contains(&net.address)).collect();
        if inside.iter().any(|copy| uses(copy, Fence::Holds)) {
            held += 1;
            continue;
        }
        let help = "Put it under a security group: in a drill that lets nothing out.";
        let out: Vec<&str> =
            inside.iter().filter(|copy| uses(copy, Fence::Opens)).map(|copy| copy.address.as_str()).collect();
        found.push(match out.is_empty() {
            true => warns(
                "held-in",
                format!(
                    "{} is under no security group: what keeps its machines in is that it has no way out",
                    net.address
                ),
                help,
            ),
            false => refuses(
                "held-in",
                format!(
                    "{} is under no security group, and these reach the internet from it: {}",
                    net.address,
                    out.join(", ")
                ),
                help,
            ),
        });
    }
    if held > 0 {
        let them =
            if held == 1 { "one network of copies is".to_owned() } else { format!("{held} networks of copies are") };
        found.push(passes("held-in", format!("{them} under rules that let nothing out")));
    }
}

/// A drill cannot contain what cannot be undone, nor what changes anything but its copies.
fn reversible(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<Guard>) {
    let further: Vec<&str> = graph
        .steps
        .iter()
        .filter(|step| !is_rehearsal(question.stack, step))
        .map(|step| step.address.as_str())
        .collect();
    found.push(match further.is_empty() {
        true => {
            passes("reversible", format!("each of {} steps changes copies only and can be undone", graph.steps.len()))
        }
        false => refuses(
            "reversible",
            format!("a drill must not do this: {}", further.join(", ")),
            "This is a fault of drplan. Please report it.",
        ),
    });
}

/// What is in use could be seen, so that it can be compared afterwards.
fn compared(question: &Question<'_>, _: &StepGraph, found: &mut Vec<Guard>) {
    let objects = super::production::objects(question.state);
    let seen = &question.seen.observed.objects;
    let unseen: Vec<&str> =
        objects.iter().map(|object| &object.id).filter(|id| !seen.contains_key(*id)).map(ArmId::as_str).collect();
    found.push(match unseen.split_first() {
        None => passes("compared", format!("{} objects are compared before and after", objects.len())),
        Some((first, _)) => refuses(
            "compared",
            format!("{} of {} objects could not be seen, {first} among them", unseen.len(), objects.len()),
            "That they are left alone could not be shown. Try again once they can be read.",
        ),
    });
}
