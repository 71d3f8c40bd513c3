//! What a failover run has to know of a kind: the sides of a replica, what their answers say of roles, the requests that move them, and which
//! arguments stop, fence or admit users.
//!
//! All functions are pure: they see the resource and what was seen of its objects, and say what to ask for. Nothing here asks.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::argument::Lit;
use super::odd::Subject;
use crate::address::ArmId;

/// A side of a replica as the stack declares it. Which of them takes writes is a role: observed, never declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where the data comes from on an ordinary day.
    Source,
    /// Where the copy is.
    Target,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Source => Self::Target,
            Self::Target => Self::Source,
        }
    }
}

/// How a role is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Both sides answer, and nothing is lost.
    Planned,
    /// The other side is given up: what it has not passed on is lost.
    Forced,
}

impl How {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Forced => "forced",
        }
    }
}

/// Something to look at before it is known where a replica stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The object.
    pub id: ArmId,
    /// The API version.
    pub api: &'static str,
    /// What of it.
    pub what: What,
    /// The side it belongs to; `None` where the object is global.
    pub side: Option<Side>,
    /// The region whose control plane answers; `None` where any does. (The region of the resource group's metadata is not needed to read.)
    pub region: Option<String>,
}

/// What of an object is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// Its body.
    Body,
    /// Its body with what this `$expand` asks for.
    Expanded(&'static str),
    /// The newest value of a metric of Azure Monitor with this name.
    Metric(&'static str),
}

/// What came of one look.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// The body, or the number.
    There(Json),
    /// There is none.
    Absent,
    /// Nobody answered for it, or it was not asked: what was said instead.
    Unseen(String),
}

/// Everything that was looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    sights: BTreeMap<(ArmId, What), Sight>,
    at: Option<Timestamp>,
}

impl Seen {
    /// Nothing yet, at this time: some services say when a copy was last in step, and not how far it is behind.
    pub fn at(time: Timestamp) -> Self {
        Self { sights: BTreeMap::new(), at: Some(time) }
    }

    /// How long ago something was when this was looked at; `None` where that is not known.
    pub fn since(&self, then: Timestamp) -> Option<Duration> {
        Some(self.at?.duration_since(then).try_into().unwrap_or_default())
    }

    /// Keeps what came of a look.
    pub fn keep(&mut self, look: &Look, sight: Sight) {
        self.sights.insert((look.id.clone(), look.what), sight);
    }

    /// What came of looking at an object's body (expanded or not), where it was there.
    pub fn body(&self, id: &ArmId) -> Option<&Json> {
        self.sights.iter().find_map(|((other, what), sight)| match (what, sight) {
            (What::Body | What::Expanded(_), Sight::There(body)) if other == id => Some(body),
            _ => None,
        })
    }

    /// The newest value of a metric, where there is one.
    pub fn metric(&self, id: &ArmId, name: &'static str) -> Option<f64> {
        match self.sights.get(&(id.clone(), What::Metric(name)))? {
            Sight::There(value) => value.as_f64(),
            Sight::Absent | Sight::Unseen(_) => None,
        }
    }

    /// Whether it was looked for and is not there.
    pub fn is_absent(&self, id: &ArmId) -> bool {
        self.sights.iter().any(|((other, what), sight)| {
            matches!((what, sight), (What::Body | What::Expanded(_), Sight::Absent)) && other == id
        })
    }

    /// Why an object was not seen; `None` where it was, is not there, or was not looked at.
    pub fn unseen(&self, id: &ArmId) -> Option<&str> {
        self.sights.iter().find_map(|((other, what), sight)| match (what, sight) {
            (What::Body | What::Expanded(_), Sight::Unseen(why)) if other == id => Some(why.as_str()),
            _ => None,
        })
    }
}

/// Where a replica stands, as far as what was seen says.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The side that takes writes; `None` where none is known to.
    pub writer: Option<Side>,
    /// Whether the other side follows.
    pub health: Health,
    /// How much of what was written last has not reached the other side, as last heard; `None` where nobody says.
    pub lag: Option<Duration>,
    /// What is not replicated or redundant right now, and what pays it back.
    pub debts: Vec<Debt>,
}

/// Whether the side that does not take writes follows the one that does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It does.
    Following,
    /// It will; the words complete "it …", as in `is being seeded (replication state SEEDING)`.
    Behind(String),
    /// It does not, and will not by itself; the words complete "it …".
    Broken(String),
    /// The other side cannot be seen.
    Unseen(String),
}

/// Protection that is missing right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debt {
    /// What is missing, a sentence without its full stop: `the account is kept in one region only (Standard_LRS)`.
    pub what: String,
    /// What pays it back, in the same form.
    pub pays: String,
}

/// One request that moves a role.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The object that is asked.
    pub id: ArmId,
    /// The API version.
    pub api: &'static str,
    /// What is asked of it.
    pub method: Method,
    /// The body.
    pub body: Option<Json>,
    /// The region whose control plane must take it and answer for its operation; `None` where the service is global.
    pub region: Option<String>,
}

/// What is asked of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// POST of this action, with these pairs in the query.
    Post(&'static str, &'static [(&'static str, &'static str)]),
    /// PATCH.
    Patch,
}

/// How long something takes, in seconds (source: the project's durations sheet).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Half of the time it takes no longer.
    pub typical: u32,
    /// In nineteen of twenty cases it takes no longer.
    pub worst: u32,
}

/// What a failover run does with a replica.
pub struct Promotion {
    /// What to look at.
    pub looks: fn(&Subject<'_>) -> Vec<Look>,
    /// What that says.
    pub standing: fn(&Subject<'_>, &Seen) -> Standing,
    /// The request that makes a side take writes, in the words of this service; `Err`: why there is none (as in `geo-redundant storage is moved by
    /// the region that is lost`). Asked again after each look, until [`Standing::writer`] is that side.
    pub promote: fn(&Subject<'_>, &Seen, Side, How) -> Result<Call, String>,
    /// What brings back the replication that a forced promotion broke.
    pub reprotect: fn(&Subject<'_>, &Seen) -> Reprotect,
    /// How long a planned promotion takes.
    pub planned: Span,
    /// How long a forced one takes.
    pub forced: Span,
    /// What the provider says of how much a forced promotion loses, for where nobody measures it: a sentence without its full stop.
    pub loses: &'static str,
    /// How many seconds of writes the provider says that it may lose; `None` where it says that of none.
    pub most_lost: fn(&Subject<'_>) -> Option<u32>,
    /// Whether the region of the source must take the request: while that is silent, nobody can promote it.
    pub asks_source: bool,
    /// Whether a planned promotion can be undone by another one.
    pub reversible: bool,
    /// What a drill can do without touching the data that is in use.
    pub drill: Rehearsal,
    /// Whether the two sides are told apart by an order in the body of the source.
    pub order: Option<Order>,
}

/// Sides that are elements of one list, and which have each other's rank while the target takes writes. The source's own element is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The path of the list.
    pub list: &'static str,
    /// The property of an element that holds its rank.
    pub rank: &'static str,
}

/// What brings replication back.
#[derive(Debug, Clone, PartialEq)]
pub enum Reprotect {
    /// Nothing is broken.
    Nothing,
    /// The service does it by itself once the other side is back; the words say what.
    Itself(&'static str),
    /// This request does.
    Ask(Call, &'static str),
    /// Nothing that a run could ask for: the provider does it, or a person. The words say who does what, and how long that takes.
    Vendor(&'static str),
}

/// What a drill does with a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// Only looks whether it could be promoted; the words say why nothing more is rehearsed.
    Look(&'static str),
}

/// Which arguments of a kind move users or work, for quiescing, fencing and levers. All are among the kind's `run_moves`.
#[derive(Debug, Clone, Copy)]
pub struct Moves {
    /// What stops its work: a scale set with no instances.
    pub quiesce: Option<(&'static str, Lit)>,
    /// What keeps users away from it: an endpoint that is not enabled.
    pub fence: Option<(&'static str, Lit)>,
    /// What lets users come to it, as the `to` of a route.
    pub open: Option<(&'static str, Lit)>,
    /// The argument that holds where users are sent, for a record that is the `record` of a route.
    pub record: Option<&'static str>,
    /// For how many seconds users may go on where they went before.
    pub lingers: Option<fn(&Subject<'_>) -> u32>,
    /// The URL under which users come, for the `profile` of a route: it must answer once they have moved.
    pub front: Option<fn(&Subject<'_>) -> Option<String>>,
}

impl Moves {
    /// It moves nothing.
    pub const NONE: Self = Self { quiesce: None, fence: None, open: None, record: None, lingers: None, front: None };
}

/// Machines that a resource starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machines {
    /// Their size, as in `Standard_D2s_v5`.
    pub size: String,
    /// How many.
    pub count: u32,
}

#[cfg(test)]
mod tests {
    use super::super::{ALL, Kind};

    fn tables() -> impl Iterator<Item = &'static Kind> {
        let variants = ALL.iter().filter_map(|kind| kind.variants.as_ref());
        ALL.iter().copied().chain(variants.flat_map(|variants| variants.of.iter().map(|(_, kind)| *kind)))
    }

    #[test]
    fn what_a_run_moves_is_left_alone_by_plans() {
        for kind in tables() {
            let moves = &kind.moves;
            let values = [moves.quiesce, moves.fence, moves.open].into_iter().flatten().map(|(name, _)| name);
            for name in values.chain(moves.record) {
                assert!(kind.arg(name).is_some() && kind.run_moves.contains(&name), "{kind:?}: `{name}`");
            }
        }
    }

    #[test]
    fn every_replica_says_how_it_is_promoted() {
        for kind in tables().filter(|kind| kind.recovery.replicates.is_some_and(|replicates| !replicates.image)) {
            let promotion = kind.promotion.unwrap_or_else(|| panic!("{kind:?} has no promotion"));
            for span in [promotion.planned, promotion.forced] {
                assert!(0 < span.typical && span.typical <= span.worst, "{kind:?}: {span:?}");
            }
        }
    }
}
