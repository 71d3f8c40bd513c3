//! Checks that a stack can be applied and failed over from this machine now. Pure: they name the lists to read and
//! judge the answers.
//!
//! Each provider has checks of its own ([`Tables::doctor`]). The command checks credentials, the clock and the store
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::account::Realm;
use crate::failover::machines_of;
use crate::kinds::Tables;
use crate::kinds::looks::{AccountNeeds, Finding, ListRequest, NeededObject, Severity};
use crate::stack::{Resource, Stack};
use crate::state::State;

pub use crate::kinds::looks::ListAnswers;

/// Subject of the checks.
#[derive(Clone, Copy)]
pub struct DoctorInput<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// Its state, if any.
    pub state: Option<&'a State>,
}

/// Result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoctorResult {
    /// Name of the check, as in `permissions`.
    pub check: &'static str,
    /// Verdict.
    pub verdict: DoctorStatus,
    /// Observation, a sentence without its full stop.
    pub what: String,
    /// Correction, in sentences; empty if none is needed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
}

/// Severity, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoctorStatus {
    /// An apply or a failover would fail.
    Fails,
    /// Not readable, so unknown.
    Unseen,
    /// May delay or block an apply or a failover.
    Warns,
    /// No problem.
    Passes,
}

/// The needs of the stack in a realm.
fn needs<'a>(input: DoctorInput<'a>, realm: &Realm) -> AccountNeeds<'a> {
    let DoctorInput { stack, state } = input;
    let recorded = |address| state.and_then(|state| state.resources.get(address));
    let mut machines: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    let is_within = |resource: &&Resource| stack.realm_of(resource) == *realm;
    let own: Vec<&Resource> = stack.resources.values().filter(is_within).collect();
    for resource in own.iter().filter(|resource| recorded(&resource.address).is_none()) {
        if let Some(needed) = machines_of(stack, resource) {
            *machines.entry(resource.location.clone()).or_default().entry(needed.size).or_default() += needed.count;
        }
    }
    let objects = own.into_iter().flat_map(|resource| {
        let scope = resource.group.as_ref().and_then(recorded).map(|group| group.id.clone());
        let is_property = resource.kind.place.is_property();
        resource.objects.iter().map(move |object| NeededObject { scope: scope.clone(), object, is_property })
    });
    AccountNeeds { account: stack.account_of(realm), objects: objects.collect(), machines }
}

/// The lists to read, each once.
pub fn lists(input: DoctorInput<'_>) -> Vec<ListRequest> {
    let mut seen = BTreeSet::new();
    let of = |(provider, realm): (&'static Tables, Realm)| {
        let needs = needs(input, &realm);
        provider.doctor.iter().flat_map(|check| (check.lists)(&needs)).collect::<Vec<_>>()
    };
    realms(input.stack).into_iter().flat_map(of).filter(|list| seen.insert(list.key())).collect()
}

/// Findings of all checks.
pub fn examine(input: DoctorInput<'_>, answers: &ListAnswers) -> Vec<DoctorResult> {
    let mut found: Vec<DoctorResult> = Vec::new();
    for (provider, realm) in realms(input.stack) {
        let needs = needs(input, &realm);
        for check in provider.doctor {
            let results = (check.judge)(&needs, answers).into_iter().map(|finding| result(check.name, finding));
            // Two realms may be one account, as all are in the local simulator.
            let new: Vec<DoctorResult> = results.filter(|result| !found.contains(result)).collect();
            found.extend(new);
        }
    }
    found
}

/// The realms of a stack, each with its provider, in the order of the catalog.
fn realms(stack: &Stack) -> Vec<(&'static Tables, Realm)> {
    let realms = stack.realms();
    let of = |provider: &'static Tables| {
        let own = realms.iter().filter(|realm| realm.provider == provider.name);
        own.map(|realm| (provider, realm.clone())).collect::<Vec<_>>()
    };
    stack.providers().flat_map(of).collect()
}

fn result(check: &'static str, Finding { severity, what, help }: Finding) -> DoctorResult {
    let verdict = match severity {
        Severity::Refuses => DoctorStatus::Fails,
        Severity::Unseen => DoctorStatus::Unseen,
        Severity::Warns => DoctorStatus::Warns,
        Severity::Passes => DoctorStatus::Passes,
    };
    DoctorResult { check, verdict, what, help }
}

impl DoctorResult {
    /// A finding without a problem.
    pub fn passes(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, verdict: DoctorStatus::Passes, what: what.into(), help: String::new() }
    }

    /// A finding with a problem.
    pub fn of(check: &'static str, verdict: DoctorStatus, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, verdict, what: what.into(), help: help.into() }
    }
}
