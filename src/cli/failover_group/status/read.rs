//! One read of everything that the status shows: state, journals, and the cloud as far as it responds.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::resume::load_for;
use super::{Args, Failure, Global, Session, ending, next, runs};
use crate::apply::{Patience, fetch_endpoints, held_resources, look_around_within};
use crate::cli::account::Account;
use crate::cli::again::{again_recorded, quoted};
use crate::cli::cloud::{CloudConnection, with_cloud};
use crate::cli::loading::{LoadedStack, load_without_secrets};
use crate::cli::location::StackLocation;
use crate::cli::overdue::overdue_advice;
use crate::diagnostic::closest;
use crate::failover::{
    EndpointCheck, GroupStanding, SurveyRequest, SurveyResult, endpoint_requests, group_standing, standing_survey,
};
use crate::kinds::Catalog;
use crate::plan::knowledge;
use crate::stack::{CloudName, FailoverGroup, Stack};
use crate::state::{OpenRun, State};
use crate::steps::{Condition, Phase, StepId, Timeline};
use crate::store::LocalStore;
use crate::view;
use crate::view::overdue::is_overdue;
use crate::view::standing::{SiteAnswer, SiteCheck, StackStanding};
use crate::world::Store;

/// The parts of a status that stay the same from one read to the next.
pub struct StatusSource<'a> {
    pub args: &'a Args,
    pub global: &'a Global,
    pub place: StackLocation,
    store: LocalStore,
    account: Account,
    /// The stack; the reason where it cannot be read.
    loaded: Result<LoadedStack, String>,
    catalog: &'static Catalog,
}

/// The state with its journals at one moment.
pub struct Snapshot {
    pub state: State,
    /// The stack with its recorded values; the reason where it cannot be read.
    pub stack: Result<Stack, String>,
    pub runs: Vec<OpenTimeline>,
}

/// An unfinished run with the process that carries it out.
pub struct OpenTimeline {
    pub run: Timeline,
    pub holder: Option<String>,
}

/// The observations of one read.
#[derive(Default)]
struct Reads {
    at: Option<Timestamp>,
    seen: SurveyResult,
    groups: Vec<GroupStanding>,
    /// The reason why the cloud was not read.
    unread: Option<String>,
}

impl<'a> StatusSource<'a> {
    pub fn open(args: &'a Args, global: &'a Global, session: &Session) -> Result<Self, Failure> {
        let place = StackLocation::of_run(&args.stack, global, session)?;
        let store = place.store(global, session)?;
        let loaded = load_without_secrets(&args.stack, global, session).or_else(|failure| {
            // The values that an unfinished run has recorded serve as well.
            let open = store.load().ok().flatten().and_then(|state| state.roles.open.into_values().next());
            let run = open.and_then(|open| runs::find(&store, &open.run, "").ok());
            run.and_then(|run| load_for(&run, &args.stack, global, session).ok()).ok_or(failure)
        });
        let account = match &loaded {
            Ok(loaded) => loaded.account.clone(),
            Err(_) => Account::of(place.cloud, session),
        };
        let catalog = session.catalog;
        Ok(Self { args, global, place, store, account, loaded: loaded.map_err(reason), catalog })
    }

    /// The account to connect to.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    pub fn is_wanted(&self, group: &str) -> bool {
        self.args.group.as_deref().is_none_or(|wanted| wanted == group)
    }

    /// The state and the journals; `None` before the first apply.
    pub fn snapshot(&self) -> Result<Option<Snapshot>, Failure> {
        let Some(state) = self.store.load()? else { return Ok(None) };
        let one = |open: &OpenRun| {
            let run = ending::timeline(&runs::find(&self.store, &open.run, "")?)?;
            let holder = self.store.holder_of(&open.group)?.map(|holder| holder.to_string());
            Ok(OpenTimeline { run, holder })
        };
        let open = state.roles.open.values().filter(|open| self.is_wanted(&open.group));
        let runs = open.map(one).collect::<Result<Vec<_>, Failure>>()?;
        let stack = match &self.loaded {
            Ok(loaded) => match loaded.program.evaluate(&knowledge(loaded.program.catalog(), &state, &|_| false)) {
                Ok((stack, _)) => Ok(stack),
                Err(wrong) => Err(reason(loaded.wrong(wrong))),
            },
            Err(why) => Err(why.clone()),
        };
        let snapshot = Snapshot { state, stack, runs };
        self.is_group(&snapshot)?;
        Ok(Some(snapshot))
    }

    /// Refuses the name of a group that neither the stack nor the state has.
    fn is_group(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        let (Some(name), Ok(stack), []) = (&self.args.group, &snapshot.stack, self.names(snapshot).as_slice()) else {
            return Ok(());
        };
        let names: Vec<&str> = stack.failover_groups.keys().map(|name| &**name).collect();
        let failure = Failure::failed(format!("{} has no failover group `{name}`", stack.name));
        Err(match (closest(name, names.iter().copied()), names.is_empty()) {
            (Some(close), _) => failure.help(format!("Did you mean `{close}`?")),
            (None, false) => failure.help(format!("It has {}.", names.join(", "))),
            (None, true) => failure,
        })
    }

    /// The current time for a run. The local simulator's time is that of the journal, or of the last read: it stops
    /// between events.
    pub fn now(&self, run: &Timeline, read: Option<Timestamp>, session: &Session) -> Timestamp {
        match self.place.cloud {
            CloudName::Local => read.unwrap_or(run.last()).max(run.last()),
            CloudName::Providers(_) => session.clock.now(),
        }
    }

    /// Words of a command with a group, which is named where there are several.
    pub fn words(&self, words: &str, group: &str, snapshot: &Snapshot) -> String {
        let of_stack = snapshot.stack.as_ref().map_or(0, |stack| stack.failover_groups.len());
        let is_named = of_stack > 1 || snapshot.state.roles.open.len() > 1;
        let group = if is_named { format!(" --group {}", quoted(group)) } else { String::new() };
        format!("failover-group {words}{group}")
    }

    /// The unfinished runs, and the runs that block one of the requested group.
    pub fn runs_text(&self, snapshot: &Snapshot, session: &Session) -> Result<String, Failure> {
        let mut sections = Vec::new();
        for OpenTimeline { run, holder } in &snapshot.runs {
            let group = &run.undertaking.group;
            let recorded = |words: &str| again_recorded(words, &self.args.stack, self.global);
            let command = |words: &str| recorded(&self.words(words, group, snapshot));
            let of_step = |(step, words): (StepId, String)| (step, recorded(&words));
            let sites = run.undertaking.regions.keys().filter(|site| !next::is_abandoned(run, site));
            let over =
                sites.filter_map(|site| Some((site.clone(), next::forced(self, snapshot, group, site, |_| true)?)));
            let recorded_objects = snapshot.state.resources.iter();
            let objects = recorded_objects.map(|(address, recorded)| (address, recorded.objects.as_slice()));
            let commands = view::run::RunCommands {
                resume: command("resume"),
                abort: command("abort"),
                approve: approvals(run).map(of_step).collect(),
                take_over: over.collect(),
                advice: overdue_advice(objects, self.place.cloud, session.catalog, self.global),
            };
            let now = self.now(run, self.simulated_now(session), session);
            let layout = session.layout(self.global);
            sections.push(view::run::status(run, now, holder.as_deref(), self.place.cloud, &commands, layout));
        }
        if let Some(group) = &self.args.group {
            sections.extend(self.obstacles(group, snapshot)?);
        }
        Ok(sections.join("\n"))
    }

    /// The time of the local simulator, where no process uses it.
    fn simulated_now(&self, session: &Session) -> Option<Timestamp> {
        if self.place.cloud != CloudName::Local {
            return None;
        }
        let runtime = crate::cli::cloud::simulated_time().ok()?;
        runtime
            .block_on(async { crate::cli::cloud::open_world(self.global, session).ok().map(|(_, clock)| clock.now()) })
    }

    /// Unfinished runs of other groups that work on resources of this one.
    fn obstacles(&self, group: &str, snapshot: &Snapshot) -> Result<Option<String>, Failure> {
        let of_stack = snapshot.stack.as_ref().ok().and_then(|stack| stack.failover_groups.get(group));
        let Some(of_stack) = of_stack else { return Ok(None) };
        let own: Vec<_> = of_stack.promote.iter().chain(&of_stack.quiesce).chain(&of_stack.fence).collect();
        let mut lines = String::new();
        for (open, resources) in held_resources(&self.store, &snapshot.state)? {
            let shared = own.iter().find(|address| resources.contains(**address));
            if let Some(shared) = shared.filter(|_| open.group != group) {
                lines += &format!("  {}, and works on {shared}\n", view::roles::of_run(&open));
            }
        }
        Ok((!lines.is_empty()).then(|| format!("A run of {group} cannot start until another ends:\n{lines}")))
    }

    /// The groups that are wanted, of the stack.
    fn groups<'s>(&self, snapshot: &'s Snapshot) -> Vec<&'s FailoverGroup> {
        let all = snapshot.stack.iter().flat_map(|stack| stack.failover_groups.values());
        all.filter(|group| self.is_wanted(&group.name)).collect()
    }

    /// The names of the groups that are wanted, of the stack and of the state.
    pub fn names(&self, snapshot: &Snapshot) -> Vec<String> {
        let mut names: Vec<String> = self.groups(snapshot).iter().map(|group| group.name.to_string()).collect();
        let roles = &snapshot.state.roles;
        let of_state = roles.groups.keys().chain(roles.open.keys()).filter(|name| self.is_wanted(name)).cloned();
        names.extend(of_state);
        names.sort();
        names.dedup();
        names
    }

    /// The sites of the groups, each with its region: those of the stack and of the unfinished runs; without a stack,
    /// those of the recorded resources.
    fn regions(&self, snapshot: &Snapshot) -> BTreeMap<String, String> {
        let of_runs = snapshot.runs.iter().flat_map(|open| open.run.undertaking.regions.clone());
        let mut regions: BTreeMap<String, String> = of_runs.collect();
        match &snapshot.stack {
            Ok(stack) => {
                let sites = self.groups(snapshot).into_iter().flat_map(|group| group.sites());
                let located = |site| Some((ToString::to_string(site), stack.sites.get(site)?.location.clone()));
                regions.extend(sites.filter_map(located));
            }
            Err(_) => {
                let recorded = snapshot.state.resources.values();
                regions.extend(recorded.map(|one| (one.site.clone(), one.location.clone())));
            }
        }
        regions
    }

    /// The standing now. A cloud that cannot be reached leaves it unknown: that is no failure.
    pub fn standing(&self, snapshot: &Snapshot, session: &mut Session) -> StackStanding {
        let busy = snapshot.runs.iter().find_map(|open| open.holder.as_ref());
        let reads = match busy.filter(|_| self.place.cloud == CloudName::Local) {
            // The local simulator belongs to one process at a time.
            Some(holder) => Err(format!("the local simulator is in use by {holder}")),
            None => with_cloud(&self.account, self.global, session, async |reached, _| {
                Ok(self.read(snapshot, &reached).await)
            })
            .map_err(reason),
        };
        self.made(snapshot, reads)
    }

    /// The same through a connection that exists.
    pub async fn standing_through(&self, snapshot: &Snapshot, reached: &CloudConnection) -> StackStanding {
        self.made(snapshot, Ok(self.read(snapshot, reached).await))
    }

    /// Reads the cloud, everything at once.
    async fn read(&self, snapshot: &Snapshot, reached: &CloudConnection) -> Reads {
        let (groups, regions) = (self.groups(snapshot), self.regions(snapshot));
        let stack = snapshot.stack.as_ref().ok();
        let mut locations: Vec<&String> = regions.values().collect();
        locations.sort();
        locations.dedup();
        let survey: SurveyRequest =
            standing_survey(self.catalog, stack, &groups, &snapshot.state, locations.into_iter());
        let of_group = |group: &&FailoverGroup| {
            stack.map(|stack| endpoint_requests(stack, group, &snapshot.state)).unwrap_or_default()
        };
        let endpoints: Vec<_> = groups.iter().map(of_group).collect();
        let all: Vec<_> = endpoints.concat();
        let (web, clock) = (&*reached.web, &*reached.clock);
        let (seen, answers) = futures::join!(
            look_around_within(&survey, Patience::STATUS, reached.reads(), web),
            fetch_endpoints(web, &all, Patience::STATUS.silence)
        );
        let mut answers = answers.into_iter();
        let mut standings = Vec::new();
        for (group, endpoints) in groups.into_iter().zip(endpoints) {
            let Some(stack) = stack else { continue };
            let checks = endpoints.into_iter().zip(answers.by_ref());
            let checks = checks.map(|(endpoint, answer)| EndpointCheck { endpoint, answer }).collect();
            standings.push(group_standing(stack, group, &snapshot.state, &seen, checks));
        }
        Reads { at: Some(clock.now()), seen, groups: standings, unread: None }
    }

    fn made(&self, snapshot: &Snapshot, reads: Result<Reads, String>) -> StackStanding {
        let reads = reads.unwrap_or_else(|why| Reads { unread: Some(why), ..Reads::default() });
        let stack = snapshot.stack.as_ref().ok();
        let site = |(site, region): (String, String)| {
            let silent = reads.seen.silent.iter().find(|(other, _)| other.eq_ignore_ascii_case(&region));
            let is_throttled = reads.seen.throttled.iter().any(|other| other.eq_ignore_ascii_case(&region));
            let is_empty = stack.is_none() && !snapshot.state.resources.values().any(|one| one.location == region);
            let answer = match (&reads.unread, silent, is_throttled) {
                (Some(why), ..) => SiteAnswer::Unchecked(why.clone()),
                (None, Some((_, why)), _) => SiteAnswer::Silent(why.clone()),
                (None, None, true) => SiteAnswer::Throttled,
                (None, None, false) if is_empty => SiteAnswer::Unchecked("no resource is recorded there".to_owned()),
                (None, None, false) => SiteAnswer::Responds,
            };
            SiteCheck { site, region, answer }
        };
        // The local simulator forgets the time that a run has waited after its last request.
        let moved = snapshot.state.roles.groups.values().map(|role| role.since);
        let latest = moved.chain(snapshot.runs.iter().map(|open| open.run.last())).max();
        let latest = latest.filter(|_| self.place.cloud == CloudName::Local);
        let mut standing = StackStanding {
            stack: self.place.stack.clone(),
            cloud: self.place.cloud,
            at: reads.at.map(|at| latest.map_or(at, |latest| at.max(latest))),
            sites: self.regions(snapshot).into_iter().map(site).collect(),
            names: self.names(snapshot),
            unread: reads.unread.clone().or_else(|| snapshot.stack.as_ref().err().cloned()),
            groups: reads.groups,
            rpo: stack.and_then(|stack| stack.objectives.rpo),
            roles: snapshot.state.roles.clone(),
            runs: snapshot.runs.iter().flat_map(|open| waiting(open, reads.at)).collect(),
            moving: snapshot.runs.iter().map(|open| open.run.undertaking.group.clone()).collect(),
            next: Vec::new(),
        };
        standing.next = next::actions(self, snapshot, &standing);
        standing
    }
}

/// The reasons why a run needs an operator, each as a clause.
fn waiting(open: &OpenTimeline, read: Option<Timestamp>) -> Vec<String> {
    let (run, group) = (&open.run, &open.run.undertaking.group);
    let now = read.unwrap_or(run.last()).max(run.last());
    let overdue = run.graph.steps.iter().find(|step| {
        open.holder.is_some() && run.running_for(step.id, now).is_some_and(|spent| is_overdue(step, spent))
    });
    let overdue = overdue.map(|step| format!("{} in the run of {group} is overdue", step.address));
    let ended = match (run.condition(), &open.holder) {
        (Condition::Open, None) => Some(format!("the run of {group} is interrupted")),
        (Condition::Failed, _) => Some(format!("the run of {group} failed")),
        (Condition::Stopped, _) => Some(format!("the run of {group} is stopped")),
        (Condition::Waits, _) => Some(format!("the run of {group} waits for approval")),
        _ => None,
    };
    overdue.into_iter().chain(ended).collect()
}

/// The commands that approve each step that waits for an operator.
fn approvals(run: &Timeline) -> impl Iterator<Item = (StepId, String)> {
    let waiting = run.graph.steps.iter().filter(|step| run.phase(step.id) == Some(Phase::Paused));
    waiting
        .map(|step| (step.id, format!("failover-group approve {} {}", run.started.run, quoted(step.address.as_str()))))
}

/// A failure as the reason of another fact.
fn reason(failure: Failure) -> String {
    match failure {
        Failure::Message { what, .. } => what,
        Failure::Wrong(diagnostics, _) => {
            let first = diagnostics.iter().find(|one| one.severity == crate::diagnostic::Severity::Error);
            first.map_or_else(|| "the stack has errors".to_owned(), |first| first.summary.clone())
        }
        Failure::OutputClosed | Failure::Asked | Failure::Usage => "the cloud cannot be reached".to_owned(),
    }
}
