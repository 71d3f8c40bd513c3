//! Existing objects whose type no kind has, as resources of the kind whose type is an argument.

use std::collections::HashSet;

use super::candidates::{Candidate, candidate};
use super::{ImportSurvey, arguments};
use crate::account::Account;
use crate::kinds::{AnyType, CloudObject, Kind, Tables};

/// The kind of objects whose type is an argument, and its import.
pub fn kind(of: &Tables) -> Option<(&'static Kind, AnyType)> {
    of.kinds.iter().find_map(|kind| Some((*kind, kind.adoption.any?)))
}

/// The objects without another kind as resources; adds them to what is claimed.
pub(super) fn candidates(survey: &ImportSurvey, claimed: &mut HashSet<String>, account: &Account) -> Vec<Candidate> {
    let Some((kind, any)) = kind(survey.tables) else { return Vec::new() };
    let mut all = Vec::new();
    for (id, api) in &survey.generic {
        let Some(body) = survey.bodies.get(id) else { continue };
        let found = CloudObject { id, body, all: &survey.bodies };
        let args = (any.arguments)(&found, api);
        let table = kind.of(&args);
        let Some(made) = candidate(table, None, &found, account).filter(|_| claimed.insert(id.folded())) else {
            continue;
        };
        let mut args = args;
        arguments::prune(table.args, &mut args);
        all.push(Candidate { args, ..made });
    }
    all
}
