//! Lists that a provider has of an account: permissions, locks, sizes and quotas. Preflight checks and `doctor` read
//! them before anything is changed.
//!
//! Everything here is pure: a table names the lists to read, and judges the answers.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use crate::account::Account;
use crate::object::{Object, ObjectId};

/// A list in the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// The list, or the object, as an object of the cloud.
    pub object: Object,
    /// Further query parameters.
    pub query: Vec<(&'static str, String)>,
}

/// The answer to each list, or why there is none.
#[derive(Debug, Default)]
pub struct ListAnswers(HashMap<String, Result<Json, String>>);

impl ListAnswers {
    /// The answers to these lists, in their order.
    pub fn to(lists: &[ListRequest], answers: Vec<Result<Json, String>>) -> Self {
        Self(lists.iter().map(ListRequest::key).zip(answers).collect())
    }

    /// The answer to a list.
    pub fn get(&self, list: &ListRequest) -> Option<&Result<Json, String>> {
        self.0.get(&list.key())
    }
}

impl ListRequest {
    /// A text that only equal lists share: two lists with one id may have different queries.
    pub fn key(&self) -> String {
        format!("{}?{:?}", self.object.id.folded(), self.query)
    }
}

/// Severity of a finding, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The provider would refuse.
    Refuses,
    /// Not readable, so unknown.
    Unseen,
    /// The provider may refuse, or take longer.
    Warns,
    /// No problem.
    Passes,
}

/// A finding in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its severity.
    pub severity: Severity,
    /// The observation, a sentence without its full stop.
    pub what: String,
    /// The correction, in sentences; empty if none is needed.
    pub help: String,
}

impl Finding {
    /// A finding without a problem.
    pub fn passes(what: impl Into<String>) -> Self {
        Self { severity: Severity::Passes, what: what.into(), help: String::new() }
    }

    /// A finding with a problem.
    pub fn of(severity: Severity, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity, what: what.into(), help: help.into() }
    }
}

/// Lists of a provider that preflight checks read.
#[derive(Debug)]
pub struct Guards {
    /// Permissions of the operator.
    pub rights: Option<&'static Rights>,
    /// Locks that block writes and deletions.
    pub locks: Option<&'static Locks>,
    /// Sizes and quotas of machines.
    pub capacity: Option<&'static Capacity>,
}

impl Guards {
    /// None: for a provider without such lists.
    pub const NONE: Self = Self { rights: None, locks: None, capacity: None };
}

/// Permissions of the operator, as the provider lists them.
#[derive(Debug)]
pub struct Rights {
    /// The list of the permissions in a scope.
    pub list: fn(&ObjectId) -> ListRequest,
    /// The permission for an operation (`write`, `delete`, `start/action`) on objects of a type.
    pub action: fn(&str, &str) -> String,
    /// True if the list has a permission.
    pub allows: fn(&Json, &str) -> bool,
}

/// Locks, which block writes and deletions of everything in their scope.
#[derive(Debug)]
pub struct Locks {
    /// The list of the locks in a scope.
    pub list: fn(&ObjectId) -> ListRequest,
    /// The list of all locks, where accounts are no scopes.
    pub whole: Option<fn() -> ListRequest>,
    /// True for the id of such a list.
    pub is_list: fn(&ObjectId) -> bool,
    /// A lock, by its id and body.
    pub read: fn(&ObjectId, &Json) -> Option<Lock>,
    /// The command that removes a lock which no stack has.
    pub removal: &'static str,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Its id.
    pub id: ObjectId,
    /// The object that it locks, with everything in it.
    pub scope: ObjectId,
    /// True if it blocks writes as well as deletions.
    pub read_only: bool,
    /// Its level, in the words of the provider.
    pub level: &'static str,
}

/// See [`Capacity::judge`]: the region, the number of machines of each size, and the answers.
pub type CapacityJudge = fn(&str, &BTreeMap<String, u32>, &[&Json]) -> Vec<Finding>;

/// Sizes of machines and quotas of a region.
#[derive(Debug)]
pub struct Capacity {
    /// The lists of a region.
    pub lists: fn(&Account, &str) -> Vec<ListRequest>,
    /// Judges the answers to these lists, in their order, for a number of machines of each size.
    pub judge: CapacityJudge,
}

/// The needs of a stack in an account of a provider.
#[derive(Debug)]
pub struct AccountNeeds<'a> {
    /// The account.
    pub account: &'a Account,
    /// The objects of its resources.
    pub objects: Vec<NeededObject<'a>>,
    /// The machines that do not exist yet: number of each size, by region.
    pub machines: BTreeMap<String, BTreeMap<String, u32>>,
}

/// An object that a stack writes.
#[derive(Debug)]
pub struct NeededObject<'a> {
    /// The existing group that it lies in. `None`: the account.
    pub scope: Option<ObjectId>,
    /// The object.
    pub object: &'a Object,
    /// True if it is written for a property that is a resource of its own.
    pub is_property: bool,
}

/// A check of `doctor` against the provider.
#[derive(Debug)]
pub struct AccountCheck {
    /// Its name, as in `permissions`.
    pub name: &'static str,
    /// Lists to read.
    pub lists: fn(&AccountNeeds<'_>) -> Vec<ListRequest>,
    /// Judges the answers.
    pub judge: fn(&AccountNeeds<'_>, &ListAnswers) -> Vec<Finding>,
}

/// Findings of a check of `doctor`: the capacity of each region of a provider, by its name in sentences, for the
/// machines that do not exist yet.
pub fn capacity_findings(
    (provider, capacity): (&str, &Capacity),
    needs: &AccountNeeds<'_>,
    answers: &ListAnswers,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (region, machines) in &needs.machines {
        let lists = (capacity.lists)(needs.account, region);
        let of_region: Vec<_> = lists.iter().map(|list| answers.get(list)).collect();
        let read: Option<Vec<&Json>> = of_region.iter().map(|answer| answer.as_ref()?.as_ref().ok()).collect();
        let Some(read) = read else {
            let unread = of_region.into_iter().find(|answer| !matches!(answer, Some(Ok(_)))).flatten();
            let what = format!("machine sizes and quota in {region} are unknown{}", why(unread));
            found.push(Finding::of(Severity::Unseen, what, format!("{provider} may refuse the capacity.")));
            continue;
        };
        found.extend((capacity.judge)(region, machines, &read));
    }
    found
}

/// The lists that [`capacity_findings`] needs.
pub fn capacity_lists(capacity: &Capacity, needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    needs.machines.keys().flat_map(|region| (capacity.lists)(needs.account, region)).collect()
}

/// Reason of a missing answer, as the end of a sentence.
pub fn why(answer: Option<&Result<Json, String>>) -> String {
    match answer {
        Some(Err(why)) => format!(": {}", why.trim_end_matches('.')),
        _ => String::new(),
    }
}
