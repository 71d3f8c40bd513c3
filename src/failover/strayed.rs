//! Preflight check of the users: they can be led to the destination, and nobody else has led them elsewhere.

use super::PreflightCheck;
use super::course::{Question, is_forced};
use super::users::route_checks;
use super::verdicts::{refuses, warns};
use crate::address::Address;
use crate::shell::quoted;
use crate::stack::RouteTarget;
use crate::state::RunKind;
use crate::steps::{Act, RouteSwitch, StepGraph, Task};

/// The resources of the routes can be read. A planned move that cannot lead its users to the destination would stop the
/// source for nothing; a forced one brings the data back meanwhile.
pub(super) fn movable(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let unread = |address: &Address| {
        let resource = question.stack.resources.get(address)?;
        let why = resource.objects.iter().find_map(|object| question.seen.observed.unread.get(&object.id))?;
        Some(format!("{address} at {} cannot be read: {why}", resource.kind.provider().title))
    };
    let switches = graph.steps.iter().filter_map(|step| match &step.act {
        Act::Task(Task::Route { levers, agree: _ }) => Some(levers),
        _ => None,
    });
    for levers in switches {
        let silent: Vec<(&RouteSwitch, String)> =
            levers.iter().filter_map(|lever| Some((lever, lever.resources().find_map(unread)?))).collect();
        let Some((_, why)) = silent.first().filter(|_| silent.len() == levers.len()) else { continue };
        let names: Vec<String> = silent.iter().map(|(route, _)| format!("route.{}", route.name)).collect();
        let what = format!("the users of {} cannot be moved now: {why}", names.join(" and "));
        let without: Vec<String> = names.iter().map(|name| format!("--without {}", quoted(name))).collect();
        let help = format!(
            "Run the same command again once it answers. To move the rest now, and the users by other means, add {}.",
            without.join(" ")
        );
        found.push(match is_forced(question) {
            true => warns("users", what, help),
            false => refuses("users", what, help),
        });
    }
}

/// Users are where a site of the group is, and not where somebody else has led them.
pub(super) fn check(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    const HELP: &str = "Find out who moved them. This run leads them to the destination all the same.";
    if question.verb == RunKind::Drill {
        return;
    }
    for route in route_checks(question.stack, question.group, &question.seen.observed) {
        if let RouteTarget::Elsewhere(to) = route.target {
            let what = format!("somebody else has led the users of route.{} to {to}, which no site has", route.route);
            found.push(warns("users", what, HELP));
        }
    }
}
