//! Preflight check of the users: somebody else may have led them elsewhere.

use super::PreflightCheck;
use super::course::Question;
use super::users::route_checks;
use super::verdicts::warns;
use crate::stack::RouteTarget;
use crate::state::RunKind;
use crate::steps::StepGraph;

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
