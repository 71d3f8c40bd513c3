//! Failures of each step of a run: failed once, failed for good, left unknown, its regions silent, and stopped by the
//! operator. Afterwards the run can be resumed, aborted, left as it is or taken over, and the group reaches either
//! site. Covers every step of every starter stack.
//!
//! A normal run of the tests takes, for each step, one failure of each sort and one way out for web-geo, and of two
//! sorts in turn for the other stacks. All failures with all ways out: `DRPLAN_FAILOVER_STEPS=all`.

use std::collections::BTreeSet;

use drplan::address::Address;
use drplan::apply::{AbortOutcome, FailoverRun, FailurePolicy};
use drplan::object::ObjectId;
use drplan::run::StepOutcome;
use drplan::simulator::{Fault, HttpMethod, Moment, Plane, RequestMatch};
use drplan::state::{ActiveSite, RunKind};
use drplan::steps::{Act, RunEnd, Step, Task};
use drplan::world::Clock;

use super::disturbance::{Disturbance, Silence, disturbed};
use super::incident::{DOWN, Incident, IncidentSnapshot, PARTY, UP};
use super::scene::{GIVEN_UP, SCENES, Scene};
use crate::lab::{in_parallel, simulated};

/// Maximum number of commands until a group has reached a site.
const MOST: usize = 6;

/// Failure of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepFailure {
    /// Rejected once with a transient error.
    Refused,
    /// Executed, but the response is lost.
    ResponseLost,
    /// Accepted once, then failed.
    FailedOnce,
    /// Accepted and failed on every request.
    Permanent,
    /// Accepted, and the object answers no more: the outcome is never learned.
    Unknown,
    /// Accepted, failed in the cloud, and the object answers no more.
    UnknownFailure,
    /// The control planes of the regions that the step touches stop answering when it begins.
    Silent,
    /// Stopped by the operator when it begins.
    Stopped,
}

/// Failures that a retry survives; those that stay; and the others.
const SORTS: [&[StepFailure]; 4] = [
    &[StepFailure::Refused, StepFailure::ResponseLost, StepFailure::FailedOnce],
    &[StepFailure::Permanent],
    &[StepFailure::Unknown, StepFailure::UnknownFailure],
    &[StepFailure::Silent, StepFailure::Stopped],
];

/// The way out of a run that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WayOut {
    /// The cause is removed, and the run is resumed.
    Resume,
    /// The cause is removed, and the run is aborted.
    Abort,
    /// The run is aborted while the cause persists, and once more after it is removed.
    AbortAtOnce,
    /// The run is ended where it is.
    LeaveAsIs,
    /// The active site is lost, and a forced run takes over.
    TakeOver,
}

const WAYS_OUT: [WayOut; 5] = [WayOut::Resume, WayOut::Abort, WayOut::AbortAtOnce, WayOut::LeaveAsIs, WayOut::TakeOver];

/// A request by which a step writes.
#[derive(Debug, Clone)]
struct WriteRequest {
    verb: HttpMethod,
    id: ObjectId,
}

/// Requests of a step.
#[derive(Debug, Clone, Default)]
struct StepRequests {
    /// Requests by which it writes.
    writes: Vec<WriteRequest>,
    /// Objects that it reads, for a step that writes nothing.
    reads: Vec<ObjectId>,
    /// Methods of its requests to the public network.
    web: Vec<HttpMethod>,
    /// True if it runs a program.
    program: bool,
}

impl StepRequests {
    fn of(incident: &Incident, scene: Scene, step: &Step) -> Self {
        let (stack, state) = incident.stack(scene.ask.verb);
        let objects = |address: &Address| {
            let recorded = state.resources.get(address).map(|recorded| recorded.objects.clone());
            let declared = || stack.resources.get(address).map(|resource| resource.objects.clone());
            recorded.or_else(declared).unwrap_or_default().into_iter().map(|object| object.id).collect::<Vec<_>>()
        };
        // A failback sends the request to the source, which the replica only refers to.
        let replica = |address: &Address| {
            let uses = stack.resources.get(address).into_iter().flat_map(|replica| &replica.uses);
            uses.chain([address]).flat_map(objects).collect::<Vec<_>>()
        };
        let last = |verb| objects(&step.address).pop().map(|id| WriteRequest { verb, id }).into_iter().collect();
        let group = stack.failover_groups.values().next().expect("a failover group");
        // EC2 takes every request at one path: `aws` disturbs them, and nothing here tells a write from a read.
        let is_told = |write: &WriteRequest| !write.id.as_str().starts_with("aws:");
        let writes = |writes: Vec<WriteRequest>| Self {
            writes: writes.into_iter().filter(is_told).collect(),
            ..Self::default()
        };
        let reads = |reads| Self { reads, ..Self::default() };
        match &step.act {
            Act::Create | Act::Update | Act::Adopt | Act::Task(Task::Move { .. }) => writes(last(HttpMethod::Put)),
            Act::Task(Task::Power { .. }) => writes(last(HttpMethod::Post)),
            Act::Delete(_) => writes(last(HttpMethod::Delete)),
            Act::Task(Task::Promote { .. }) => writes(asked(replica(&step.address))),
            Act::Task(Task::Route { levers, .. }) => {
                let moved = levers.iter().flat_map(|lever| &lever.moves);
                let ids = moved.flat_map(|(address, _)| objects(address));
                // The records of a zone change in one request.
                let verb = |id: &ObjectId| if is_record(id) { HttpMethod::Post } else { HttpMethod::Put };
                writes(ids.map(|id| WriteRequest { verb: verb(&id), id }).collect())
            }
            Act::Task(Task::CatchUp | Task::Reprotect) => reads(replica(&step.address)),
            Act::Task(Task::Record(_)) => reads(group.promote.iter().flat_map(replica).collect()),
            Act::Task(Task::Unchanged { .. }) => {
                reads(state.resources.keys().filter_map(|address| objects(address).pop()).take(1).collect())
            }
            // Reads of a document that is named by the run, until the machine has reported: each may fail.
            Act::Task(Task::Restore(_) | Task::Snapshot(_)) => Self::default(),
            Act::Task(Task::Probe) => Self { web: vec![HttpMethod::Get], ..Self::default() },
            Act::Task(Task::Custom { action }) => match action.as_str() {
                "http" => Self { web: vec![HttpMethod::Post, HttpMethod::Get], ..Self::default() },
                "command" => Self { program: true, ..Self::default() },
                "storage_failover" => writes(asked(group.promote.iter().flat_map(replica).collect())),
                // Waits, and questions to the operator: they can be stopped, and cannot fail.
                _ => Self::default(),
            },
            Act::Task(Task::Linger(_)) | Act::Rename | Act::SetAside(_) | Act::Forget => Self::default(),
        }
    }

    /// The disturbance that makes the step fail in this way; `None` where it cannot.
    fn disturbance(&self, way: StepFailure, step: &Step, scene: Scene, home: &str) -> Option<Disturbance> {
        let times = match way {
            StepFailure::Refused | StepFailure::ResponseLost | StepFailure::FailedOnce => Some(1),
            _ => None,
        };
        let on = |verb, id: &ObjectId| RequestMatch {
            provider: None,
            verb: Some(verb),
            path: Some(paths_of(id, verb)),
            times,
            probability: None,
        };
        let broken = |on| Fault::Fail { code: "InternalServerError".to_owned(), message: "It broke.".to_owned(), on };
        let unavailable = |on| Fault::Answer { status: 503, code: None, retry_after: None, on };
        let mut made = Disturbance { failing_programs: Some(0), ..Disturbance::default() };
        match way {
            StepFailure::Silent => {
                let touched: BTreeSet<String> = step.touches.iter().map(|touch| touch.region.clone()).collect();
                let lost = |region: &String| scene.ask.lost && region == home;
                let silent = touched.into_iter().filter(|region| !lost(region));
                made.faults = silent.map(|location| Fault::Lose { location, plane: Plane::Control }).collect();
                return (!made.faults.is_empty()).then_some(made);
            }
            StepFailure::Stopped => return Some(Disturbance { stops: true, ..made }),
            _ => {}
        }
        for WriteRequest { verb, id } in &self.writes {
            let silence = Silence { id: id.clone(), paths: format!("{}*", paths_of(id, HttpMethod::Put)) };
            match way {
                StepFailure::Refused => made.faults.push(unavailable(on(*verb, id))),
                StepFailure::ResponseLost => {
                    made.faults.push(Fault::Drop { when: Moment::After, on: on(*verb, id) });
                }
                StepFailure::FailedOnce | StepFailure::Permanent => made.faults.push(broken(on(*verb, id))),
                StepFailure::UnknownFailure => {
                    made.faults.push(broken(on(*verb, id)));
                    made.silent.push(silence);
                }
                _ => made.silent.push(silence),
            }
        }
        for id in &self.reads {
            made.faults.push(match way {
                StepFailure::ResponseLost | StepFailure::Unknown => {
                    Fault::Drop { when: Moment::Before, on: on(HttpMethod::Get, id) }
                }
                _ => unavailable(on(HttpMethod::Get, id)),
            });
        }
        for verb in &self.web {
            let status = (!matches!(way, StepFailure::ResponseLost | StepFailure::Unknown)).then_some(500);
            let on = RequestMatch { verb: Some(*verb), times, ..RequestMatch::default() };
            made.faults.push(Fault::Web { host: "*".to_owned(), status, on });
        }
        if self.program {
            made.failing_programs = times;
        }
        let is_any = !(made.faults.is_empty() && made.silent.is_empty() && !self.program);
        is_any.then_some(made)
    }

    /// True if the step cannot succeed while the failure lasts. A step that only reads may do without an answer.
    fn must_fail(&self, way: StepFailure) -> bool {
        matches!(way, StepFailure::Permanent | StepFailure::Unknown | StepFailure::UnknownFailure)
            && (!self.writes.is_empty() || !self.web.is_empty() || self.program)
    }
}

/// True for a record at the proxy, whose provider addresses it by an id that it gave.
fn is_record(id: &ObjectId) -> bool {
    id.as_str().starts_with("cloudflare:zones/")
}

/// The pattern of paths to this object, or to its records for an object that has an id of the provider.
fn paths_of(id: &ObjectId, verb: HttpMethod) -> String {
    if is_record(id) {
        return "*/dns_records*".to_owned();
    }
    let mut ends: Vec<&str> = id.as_str().rsplitn(3, '/').take(2).collect();
    ends.reverse();
    format!("*{}{}", ends.join("/"), if verb == HttpMethod::Post { "/*" } else { "" })
}

/// The requests by which a replica may be promoted.
fn asked(ids: Vec<ObjectId>) -> Vec<WriteRequest> {
    let asked = |id: ObjectId| [HttpMethod::Post, HttpMethod::Patch].map(|verb| WriteRequest { verb, id: id.clone() });
    ids.into_iter().flat_map(asked).collect()
}

/// A failure of one step, and the way out.
#[derive(Clone, Copy)]
struct Case<'a> {
    scene: Scene,
    step: &'a Step,
    requests: &'a StepRequests,
    way: StepFailure,
    out: WayOut,
    /// The site that the group is to reach; that of the request, or the other.
    site: ActiveSite,
}

impl Case<'_> {
    /// Lets the step fail, and takes the way out; the error is the fault of the end.
    async fn ends_well(self, incident: Incident) -> Result<(), String> {
        let Self { scene, step, requests, way, out, .. } = self;
        let Some(disturbance) = requests.disturbance(way, step, scene, &incident.home.1) else { return Ok(()) };
        let begun = disturbed(&incident, scene.ask, step.id, disturbance).await?;
        // A step that finds its work done writes nothing: a switch after a fence, for instance.
        let creates = matches!(step.act, Act::Create | Act::Delete(_));
        if creates && requests.must_fail(way) && begun.report.ended == Some(RunEnd::Done) {
            return Err("the step cannot succeed, and the run did".to_owned());
        }
        let is_unknown = |fate: &StepOutcome| matches!(fate, StepOutcome::Unknown(..) | StepOutcome::Failed(..));
        if creates && requests.must_fail(way) && !begun.report.fates.iter().any(is_unknown) {
            return Err(format!("no step failed: {:?}", begun.report.fates));
        }
        if out == WayOut::AbortAtOnce && incident.open().is_some() {
            incident.abort().await.map_err(|error| error.to_string())?;
        }
        incident.lab.simulator.clear_faults().map_err(|error| error.to_string())?;
        if scene.ask.lost {
            scene.lose(&incident);
        }
        if incident.open().is_some() {
            self.leave(&incident).await?;
        }
        if out == WayOut::TakeOver {
            return self.is_safe_away(&incident).await;
        }
        self.reach(&incident).await?;
        scene.is_well_at(&incident, self.site).await
    }

    /// Ends the run in the way that was chosen.
    async fn leave(self, incident: &Incident) -> Result<(), String> {
        match self.out {
            WayOut::Resume => {
                let mut ended = Vec::new();
                for _ in 0..2 {
                    if incident.open().is_some() {
                        ended.push(incident.whole(self.scene.ask, FailurePolicy::Stop).await?.report);
                    }
                }
                if incident.open().is_some() {
                    return Err(format!("still unfinished after two attempts: {ended:#?}"));
                }
            }
            WayOut::Abort | WayOut::AbortAtOnce => match incident.abort().await.map_err(|error| error.to_string())? {
                AbortOutcome::Unwound(report) | AbortOutcome::Unrecorded(report)
                    if report.ended != Some(RunEnd::Done) =>
                {
                    return Err(format!("the abort ends as {:?}: {:#?}", report.ended, report.fates));
                }
                _ => {}
            },
            WayOut::LeaveAsIs => {
                let open = incident.open().expect("an unfinished run");
                let mut run = FailoverRun::read(&incident.lab.store, &open).map_err(|error| error.to_string())?;
                let at = incident.lab.clock.now();
                run.leave_as_is(&incident.lab.store, at, PARTY.by).map_err(|error| error.to_string())?;
                // The documents of its launches go with their machine, which stays where the move goes on.
                let documents =
                    incident.lab.simulator.show().objects.into_keys().filter(|id| id.as_str().contains(&open));
                for id in documents.filter(|_| self.site != ActiveSite::Home) {
                    incident.lab.simulator.delete_object(&id).map_err(|error| error.to_string())?;
                }
            }
            WayOut::TakeOver => {
                incident.lose();
                incident.wait(30).await;
                incident.taken_over(GIVEN_UP).await?;
            }
        }
        match incident.open() {
            Some(run) => Err(format!("run {run} is still unfinished")),
            None => Ok(()),
        }
    }

    /// Moves the group to the site, with the commands that drplan offers.
    async fn reach(self, incident: &Incident) -> Result<(), String> {
        let mut told = Vec::new();
        if self.site == ActiveSite::Home && self.scene.ask.lost {
            incident.lab.simulator.clear_faults().map_err(|error| error.to_string())?;
        }
        for _ in 0..MOST {
            let drills = self.scene.ask.verb == RunKind::Drill && self.out != WayOut::Resume && told.is_empty();
            if incident.open().is_none() && incident.active() == self.site && !drills {
                // An abort leaves what the cloud refused to roll back; the next apply completes it.
                if self.out != WayOut::Resume && !incident.changes().await.is_empty() {
                    incident.lab.apply(&incident.text).await.map_err(|error| error.to_string())?;
                }
                return Ok(());
            }
            let ask = match self.site {
                _ if drills => self.scene.ask,
                ActiveSite::Home => DOWN,
                _ if self.scene.ask.lost => self.scene.ask,
                _ => UP,
            };
            match incident.whole(ask, FailurePolicy::Stop).await {
                Ok(ended) => {
                    let fates = ended.report.fates.iter().enumerate();
                    let left: Vec<_> = fates.filter(|(_, fate)| !matches!(fate, StepOutcome::Done(..))).collect();
                    told.push(format!("{:?} ends as {:?}: {left:?}", ask.verb, ended.report.ended));
                }
                Err(why) => {
                    told.push(format!("{:?}: {why}", ask.verb));
                    // The advice of the refused checks, for resources that a drill left or that are missing.
                    incident.lab.apply(&incident.text).await.map_err(|error| error.to_string())?;
                }
            }
        }
        Err(format!("no command leads to {:?}: {}", self.site, told.join("; ")))
    }

    /// After a take-over the group is at the standby site, and no row was written at two sites.
    async fn is_safe_away(self, incident: &Incident) -> Result<(), String> {
        if incident.active() != ActiveSite::Away {
            return Err(format!("after the take-over, {:?} is active", incident.active()));
        }
        // What the step wrote at the site that was then lost is unfinished. An apply completes it once the site is
        // back.
        let unfinished = format!("Update {} (an earlier apply did not complete it)", self.step.address);
        let mut changes = incident.changes().await;
        if !changes.is_empty() && changes.iter().all(|change| change.starts_with(&unfinished)) {
            incident.lab.simulator.clear_faults().map_err(|error| error.to_string())?;
            incident.lab.apply(&incident.text).await.map_err(|error| error.to_string())?;
            changes = incident.changes().await;
        }
        if !changes.is_empty() {
            return Err(format!("after the take-over, a plan has changes: {changes:?}"));
        }
        incident.kept(false)
    }
}

/// A case that has failed before, and is always run: a machine that a move home had stopped, and could not delete.
const ONCE_WRONG: (&str, usize, StepFailure, WayOut, ActiveSite) =
    ("shop", 13, StepFailure::Silent, WayOut::Abort, ActiveSite::Away);

/// Variable with `all` if all failures are wanted, with all ways out.
const ALL: &str = "DRPLAN_FAILOVER_STEPS";

/// The failures and ways out of the step with this number.
fn chosen(scene: Scene, number: usize, all: bool) -> Vec<(StepFailure, WayOut, ActiveSite)> {
    let ways_out: Vec<WayOut> =
        WAYS_OUT.into_iter().filter(|out| *out != WayOut::TakeOver || scene.can_lose()).collect();
    let other = if scene.ends() == ActiveSite::Home { ActiveSite::Away } else { ActiveSite::Home };
    // A cold standby is no place to go back to: it would restore once more.
    let leaves_cold = scene.ask.verb == RunKind::Down && scene.ask.to.is_some();
    let sites = [scene.ends(), if leaves_cold { scene.ends() } else { other }];
    let mut chosen = Vec::new();
    let takes_all = all || scene.stack == "web-geo";
    for (sort, ways) in SORTS.iter().enumerate().filter(|(sort, _)| takes_all || (number + sort).is_multiple_of(2)) {
        for (at, way) in ways.iter().enumerate().filter(|(at, _)| all || number % ways.len() == *at) {
            for (of, out) in ways_out.iter().enumerate() {
                // A failure that a retry survives leaves nothing to abort, most of the time.
                let turn = if sort == 0 { 0 } else { (number + sort + at) % ways_out.len() };
                if all || turn == of {
                    chosen.push((*way, *out, sites[if *out == WayOut::Resume { 0 } else { (number / 2 + of) % 2 }]));
                }
            }
        }
    }
    chosen
}

/// Every step with the chosen failures, each in a copy of one beginning.
fn failures_of_any_step(scene: Scene) -> Vec<String> {
    let (begun, steps) = simulated(async {
        let incident = scene.begin().await;
        let procedure = incident.procedure(scene.ask).await;
        assert!(!procedure.is_refused(), "{}: {:#?}", scene.name(), procedure.guards);
        (IncidentSnapshot::of(incident), procedure.steps.steps)
    });
    assert!(!steps.is_empty(), "{} has no steps", scene.name());
    let requests: Vec<_> = steps.iter().map(|step| StepRequests::of(&begun.incident, scene, step)).collect();
    let all = crate::takes_all(ALL);
    in_parallel(0..steps.len() as u64, |at| {
        let number = at as usize;
        let (step, requests) = (&steps[number], &requests[number]);
        let mut cases = chosen(scene, number, all);
        let (stack, of, way, out, site) = ONCE_WRONG;
        if !all && (scene.stack, number, scene.ask.verb) == (stack, of, DOWN.verb) {
            cases.push((way, out, site));
        }
        let cases = cases.into_iter().map(|(way, out, site)| Case { scene, step, requests, way, out, site });
        let ended = cases.filter_map(|case| {
            let why = simulated(async { case.ends_well(begun.again()).await }).err()?;
            let Case { way, out, site, .. } = case;
            let (name, address) = (scene.name(), &step.address);
            Some(format!("── {name}, step {at}, {address}, {way:?}, {out:?} to {site:?}: {why}"))
        });
        ended.collect()
    })
}

/// Every failure of a step of this stack has a way out to either site.
fn has_ways_out(stack: &str) {
    if !crate::takes_all(ALL) {
        crate::skipped("most ways out of each failed step; DRPLAN_FAILOVER_STEPS=all takes all of them");
    }
    let scenes = SCENES.iter().copied().filter(|scene| scene.stack == stack);
    let wrong: Vec<String> = scenes.flat_map(failures_of_any_step).collect();
    assert!(wrong.is_empty(), "{} runs fail:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_failure_of_a_step_of_web_geo_has_a_way_out_to_either_site() {
    has_ways_out("web-geo");
}

#[test]
fn every_failure_of_a_step_of_shop_has_a_way_out_to_either_site() {
    has_ways_out("shop");
}

#[test]
fn every_failure_of_a_step_of_postgres_warm_has_a_way_out_to_either_site() {
    has_ways_out("postgres-warm");
}

#[test]
fn every_failure_of_a_step_of_web_proxy_has_a_way_out_to_either_site() {
    has_ways_out("web-proxy");
}

#[test]
fn every_failure_of_a_step_of_saas_three_sites_has_a_way_out_to_either_site() {
    has_ways_out("saas-three-sites");
}

#[test]
fn every_failure_of_a_step_of_images_has_a_way_out_to_either_site() {
    has_ways_out("images");
}

#[test]
fn every_stack_with_a_failover_group_has_scenes() {
    for dir in crate::stacks::stacks() {
        let text = std::fs::read_to_string(dir.join("stack.hcl")).expect("a stack");
        let has_scenes = SCENES.iter().any(|scene| dir.ends_with(scene.stack));
        assert_eq!(has_scenes, text.contains("failover_group \""), "{}", dir.display());
    }
}

#[test]
fn every_sort_of_step_is_disturbed_in_some_way() {
    let mut quiet = BTreeSet::new();
    for scene in SCENES.iter().copied() {
        let steps = simulated(async {
            let incident = scene.begin().await;
            let steps = incident.procedure(scene.ask).await.steps.steps;
            let of = |step: &Step| (StepRequests::of(&incident, scene, step), incident.home.1.clone());
            steps.iter().map(|step| (step.clone(), of(step))).collect::<Vec<_>>()
        });
        // EC2 takes every request at one path: `aws_incidents` disturbs those steps.
        let told = steps.into_iter().filter(|(step, _)| !step.address.kind().starts_with("aws_"));
        for (step, (requests, home)) in told {
            if requests.disturbance(StepFailure::Permanent, &step, scene, &home).is_none() {
                let act = match &step.act {
                    Act::Task(Task::Custom { action }) => action.clone(),
                    Act::Task(Task::Linger(_)) => "linger".to_owned(),
                    other => format!("{other:?} of {} in {}", step.address, scene.name()),
                };
                quiet.insert(act);
            }
        }
    }
    // These wait for a time or an operator, and can only be stopped.
    let expected = ["approval", "kubernetes_scale", "linger", "sync", "wait"];
    assert_eq!(quiet.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
