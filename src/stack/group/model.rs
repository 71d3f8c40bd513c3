//! Types of a failover group, typed and checked. The failover planner acts on them.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexSet;
use serde::{Deserialize, Serialize};

use super::any_of;
use super::route::kind::Route;
use crate::actions::StepAction;
use crate::address::Address;
use crate::diagnostic::Span;
use crate::stack::{Presence, Resource};
use crate::value::{Map, Value};

/// A failover group: a home site, its standby sites, and the procedure of a move between them.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverGroup {
    /// Its name; an instance of `for_each` has its key in it: `web["a"]`.
    pub name: Arc<str>,
    /// The home site, which is active in normal operation.
    pub from: Arc<str>,
    /// The standby sites in order of preference, each once, home not among them. At least one.
    pub to: Vec<Arc<str>>,
    /// The replicas that are promoted.
    pub promote: Vec<Address>,
    /// The backups that a cold standby starts from, in the order in which they are restored.
    pub restore: Vec<Address>,
    /// The roots that are provisioned, each with what lies in it.
    pub stand_up: IndexSet<Address>,
    /// The workloads at its sites that are stopped before data moves, when their site is left.
    pub quiesce: Vec<Address>,
    /// The resources that block writes at the source site.
    pub fence: Vec<Address>,
    /// The routes, in the order written.
    pub routes: Vec<Route>,
    /// The probes.
    pub probes: Vec<Probe>,
    /// Further steps.
    pub steps: Vec<GroupStep>,
    /// The groups that move before it where several move to standby sites, and after it where they move home.
    pub after: Vec<Arc<str>>,
    /// Resources that must exist before it moves, by `depends_on` in it or in one of its blocks.
    pub needs: Vec<Address>,
    /// Its place in the text.
    pub span: Span,
}

impl FailoverGroup {
    /// The standby sites in order of preference.
    pub fn standbys(&self) -> &[Arc<str>] {
        &self.to
    }

    /// The preferred standby site.
    pub fn first_standby(&self) -> &Arc<str> {
        self.to.first().unwrap_or(&self.from)
    }

    /// All sites, home first.
    pub fn sites(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.from).chain(&self.to)
    }

    /// The standby sites as alternatives: `a` or `b`.
    pub fn standbys_in_prose(&self) -> String {
        any_of(&self.to)
    }

    /// All sites, home first: `a, b and c`.
    pub fn sites_in_prose(&self) -> String {
        let mut names: Vec<&str> = self.sites().map(|site| &**site).collect();
        match names.pop() {
            Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
            only => only.unwrap_or_default().to_owned(),
        }
    }

    /// The site is home or a standby of this group.
    pub fn has_site(&self, site: &str) -> bool {
        self.sites().any(|own| **own == *site)
    }

    /// The site is a standby of this group.
    pub fn is_standby(&self, site: &str) -> bool {
        self.to.iter().any(|own| **own == *site)
    }

    /// The workloads that are stopped while the group is away: those at its home site.
    pub fn stopped_away<'s>(&'s self, stack: &'s crate::stack::Stack) -> impl Iterator<Item = &'s Address> {
        let is_home = |address: &&Address| stack.resources.get(*address).is_none_or(|one| one.site == self.from);
        self.quiesce.iter().filter(is_home)
    }

    /// The resource exists only while this group is failed over.
    pub fn stands_up(&self, resource: &Resource) -> bool {
        resource.presence == Presence::Failover && resource.group.as_ref().is_some_and(|of| self.stand_up.contains(of))
    }

    /// The route with this name.
    pub fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| *route.name == *name)
    }

    /// The routes that are tried first, one for each set of users, in the order written.
    pub fn first_routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().filter(|route| route.fallback_for.is_none())
    }

    /// The routes that are tried if the route with this name cannot be switched, in the order written.
    pub fn fallbacks<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Route> {
        self.routes.iter().filter(move |route| route.fallback_for.as_deref() == Some(name))
    }
}

/// An endpoint that must succeed, before or after traffic is switched.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Its name.
    pub name: Arc<str>,
    /// The URL; unknown until the resources that it refers to exist.
    pub url: Value,
    /// The expected HTTP status.
    pub status: u16,
    /// The IP address that is asked, instead of the one that the name in the URL leads to: an origin behind a proxy.
    pub address: Option<Value>,
    /// The header of the answer that must hold the name of the destination site.
    pub marker: Option<String>,
    /// The time limit for retries.
    pub within: Duration,
    /// The phase that waits for it; `None`: the last.
    pub before: Option<ProbeBefore>,
    /// The site that it checks: the one written, or the one site of the group that its URL or address leads to. It is
    /// sent in moves to that site; `None`: in every move.
    pub at: Option<Arc<str>>,
    /// The resources that its URL and address refer to.
    pub uses: Vec<Address>,
    /// Its place in the text.
    pub span: Span,
}

impl Probe {
    /// True if it says something about a site: it checks that one, or no certain one. Of another site it proves
    /// nothing, and may ask what a move has just stopped or a region that does not respond.
    pub fn is_about(&self, site: &str) -> bool {
        self.at.as_ref().is_none_or(|at| **at == *site)
    }
}

/// The phase that waits for a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeBefore {
    /// The source still serves.
    Quiesce,
    /// Data has moved, and traffic has not.
    Route,
}

impl ProbeBefore {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Quiesce, Self::Route];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiesce => "quiesce",
            Self::Route => "route",
        }
    }
}

/// A phase of a move, in the order of the enum for a planned one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Failover-only resources are provisioned at the destination.
    StandUp,
    /// Data is restored from backups.
    Restore,
    /// Workloads at the source are stopped.
    Quiesce,
    /// Writes at the source are blocked.
    Fence,
    /// Data is synchronised for the last time.
    Sync,
    /// Replicas are promoted.
    Promote,
    /// Probes are sent.
    Probe,
    /// Traffic is switched.
    Route,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::StandUp, Self::Restore, Self::Quiesce, Self::Fence, Self::Sync, Self::Promote, Self::Probe, Self::Route];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StandUp => "stand_up",
            Self::Restore => "restore",
            Self::Quiesce => "quiesce",
            Self::Fence => "fence",
            Self::Sync => "sync",
            Self::Promote => "promote",
            Self::Probe => "probe",
            Self::Route => "route",
        }
    }

    /// The phase with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }
}

/// A place in a procedure that a step comes after or before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepOrPhase {
    /// A phase.
    Phase(Phase),
    /// A step of the group, by name.
    Step(Arc<str>),
}

impl StepOrPhase {
    /// The phase, if it is one.
    pub const fn phase(&self) -> Option<Phase> {
        match self {
            Self::Phase(phase) => Some(*phase),
            Self::Step(_) => None,
        }
    }

    /// The name of the phase or the step.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phase(phase) => phase.as_str(),
            Self::Step(name) => name,
        }
    }
}

/// A further step of a failover.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStep {
    /// Its name.
    pub name: Arc<str>,
    /// The procedures that it is part of: `up`, `down`, `drill`.
    pub on: Vec<Arc<str>>,
    /// The sites that a move leads to for it to be part of the move; empty: any.
    pub to: Vec<Arc<str>>,
    /// The modes that it is part of: `planned`, `forced`.
    pub modes: Vec<Arc<str>>,
    /// The steps and phases it comes after.
    pub after: Vec<StepOrPhase>,
    /// The steps and phases it comes before.
    pub before: Vec<StepOrPhase>,
    /// Resources that must exist before it starts.
    pub needs: Vec<Address>,
    /// Its action.
    pub action: &'static StepAction,
    /// The arguments of its action.
    pub arguments: Map,
    /// `on` is set and contains `drill`: an action is not part of a drill by default.
    pub drilled: bool,
    /// Runs only while this resource cannot be reached.
    pub only_if_unreachable: Option<Address>,
    /// Its place in the text.
    pub span: Span,
}

impl GroupStep {
    /// The step is part of a procedure of this name and mode that leads to this site.
    pub fn is_part_of(&self, procedure: &str, mode: &str, destination: &str) -> bool {
        self.on.iter().any(|on| **on == *procedure)
            && self.modes.iter().any(|own| **own == *mode)
            && (self.to.is_empty() || self.to.iter().any(|site| **site == *destination))
    }
}
