//! From a stack to a procedure: state and observations in, steps and preflight checks out; shown, confirmed and
//! carried out.

use std::path::Path;

use jiff::Timestamp;

use super::carry::{RunEnvironment, carry, explained};
use super::resume::load_for;
use super::{ExitCode, Failure, FailureAction, Global, ReviewFormat, RunOptions, Session, Since, follow};
use crate::address::Address;
use crate::apply::{Continuation, FailoverRun, RunError, held, look_around, taken_over, text_of};
use crate::cli::again::{again, again_recorded, completed, quoted, withheld_hint};
use crate::cli::cloud::{CloudConnection, with_cloud};
use crate::cli::confirm::confirm_name;
use crate::cli::loading::{LoadedStack, load};
use crate::cli::location::{StackLocation, holder};
use crate::cli::planning::store_of;
use crate::cli::pretty;
use crate::diagnostic::{Diagnostics, closest};
use crate::failover::{self, History, Outage, Procedure, ProcedureInput, flags};
use crate::kinds::FailoverMode;
use crate::plan::{self, Action, Change, Observed, PlanInput, knowledge};
use crate::stack::{CloudName, FailoverGroup, Presence, Stack};
use crate::state::{ActiveSite, RunKind, State, StateError};
use crate::steps::Acceptance;
use crate::store::LocalStore;
use crate::value::Seal;
use crate::view;
use crate::world::Store;

/// The run that is requested.
#[derive(Clone, Copy)]
pub struct ProcedureRequest<'a> {
    pub verb: RunKind,
    pub how: FailoverMode,
    pub lost: &'a [String],
    pub to: Option<&'a str>,
    pub since: Option<Since>,
    pub without: &'a [Address],
    pub accepted: Acceptance,
    pub stack: &'a Path,
    pub common: &'a RunOptions,
    /// The procedure has been shown and confirmed.
    pub is_shown: bool,
}

impl ProcedureRequest<'_> {
    /// The command that requests the same run, with what was accepted.
    fn whole_command(&self) -> String {
        let mut words = self.command();
        words.extend(self.accepted.data_loss.map(|loss| format!(" --accept-data-loss {}s", loss.as_secs())));
        if self.accepted.split_brain {
            words += " --accept-split-brain";
        }
        words.extend(self.since.map(|since| format!(" --since {since}")));
        words
    }

    /// The command that requests the same run, without accepted losses.
    pub fn command(&self) -> String {
        let mut words = format!("failover-group {}", self.verb.as_str());
        match (self.lost, self.verb, self.how) {
            ([], RunKind::Up, FailoverMode::Planned) => words += " --planned",
            ([], ..) => {}
            (lost, ..) => words += &format!(" --forced{}", flags(lost)),
        }
        words.extend(self.to.map(|to| format!(" --to {}", quoted(to))));
        words.extend(self.without.iter().map(|address| format!(" --without {}", quoted(address.as_str()))));
        words.extend(self.common.group.as_ref().map(|group| format!(" --group {}", quoted(group))));
        words
    }

    /// True if this request may take over an unfinished run. The same request resumes it instead.
    fn takes_over(&self, run: &FailoverRun) -> bool {
        let undertaking = &run.undertaking;
        let is_same = undertaking.verb == self.verb
            && is_same_set(&undertaking.lost, self.lost)
            && self.to.is_none_or(|to| *to == *undertaking.arriving);
        self.how == FailoverMode::Forced && (!is_same || run.is_unwinding())
    }
}

/// True for the same sites, in any order.
fn is_same_set(one: &[String], other: &[String]) -> bool {
    one.iter().all(|site| other.contains(site)) && other.iter().all(|site| one.contains(site))
}

/// The unfinished run that a request may take over, for the values of variables: those that it recorded serve where
/// none are given, so that the command that `status` prints works as it is.
fn recorded(errand: &ProcedureRequest<'_>, global: &Global, session: &Session) -> Result<Option<FailoverRun>, Failure> {
    if errand.how != FailoverMode::Forced || !global.vars.is_empty() || !global.var_files.is_empty() {
        return Ok(None);
    }
    let place = StackLocation::of_run(errand.stack, global, session)?;
    let store = place.store(global, session)?;
    let Some(state) = store.load()? else { return Ok(None) };
    let is_wanted = |group: &str| errand.common.group.as_deref().is_none_or(|wanted| wanted == group);
    let open = state.roles.open.values().find(|open| is_wanted(&open.group));
    Ok(open.map(|open| FailoverRun::read(&store, &open.run)).transpose()?)
}

/// Plans, shows, asks and carries out, all under the lock of the group. If another process carries out a run of the
/// group, follows that run.
pub fn carry_out(errand: &ProcedureRequest<'_>, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let open = recorded(errand, global, session)?;
    let loaded = match &open {
        Some(run) => load_for(run, errand.stack, global, session)?,
        None => load(errand.stack, global, session)?,
    };
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let Some(state) = store.load()? else {
        let stack = loaded.program.name();
        return Err(Failure::refused(format!(
            "{stack} has no state on {}: it was never applied there",
            cloud.as_str()
        ))
        .help(format!("Apply it first: `{}`", again("apply", errand.stack, global))));
    };
    let stack = evaluate(&loaded, &state, session)?;
    let group = errand.common.group.clone().or_else(|| moved_group(errand.verb, &stack, &state));
    let group = group_of(&stack, group.as_deref())?.name.to_string();
    let holder = holder(&format!("failover-group {}", errand.verb.as_str()), session);
    let _lock = match (errand.common.dry_run, store.lock_group(&group, &holder)) {
        (true, _) => None,
        (false, Ok(lock)) => Some(lock),
        (false, Err(locked @ StateError::Locked(_))) => {
            return match follow::under_way(&store, Some(&group))? {
                Some(run) if errand.takes_over(&run) => Err(Failure::from(locked)
                    .help(format!("It carries out run {} ({} of {group}).", run.id, run.undertaking.verb.as_str()))
                    .help("Stop it there with Ctrl-C, or end the process, and run this command again.")),
                Some(run) => {
                    let resume = again_recorded(&of_group("resume", &group, &stack), errand.stack, global);
                    follow::follow(&run, &store, &resume, session)
                }
                None => Err(locked.into()),
            };
        }
        (false, Err(other)) => return Err(other.into()),
    };
    let layout = session.layout(global);
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let Preparation { state, stack, procedure, over } =
            prepare(errand, &group, &loaded, &store, &reached, global, session).await?;
        if procedure.is_refused() && procedure.idle.is_none() {
            let dry_run = again(&format!("{} --dry-run", errand.command()), errand.stack, global);
            let is_brief = errand.common.format == ReviewFormat::Text && !errand.common.dry_run;
            session.print(&match is_brief {
                true => completed(
                    &view::procedure::refused(&procedure, cloud, &dry_run, layout),
                    errand.stack,
                    global,
                    layout.width,
                ),
                false => shown(&procedure, errand, cloud, global, layout),
            })?;
            session.say(&withheld_hint(global));
            return Ok(ExitCode::Refused);
        }
        // A run prints its outcome in the requested format.
        let is_document = errand.common.format != ReviewFormat::Text;
        if !errand.is_shown && (!is_document || errand.common.dry_run || procedure.idle.is_some()) {
            session.print(&shown(&procedure, errand, cloud, global, layout))?;
        }
        if procedure.idle.is_some() {
            if let Some(over) = over.filter(|_| !errand.common.dry_run) {
                end_superseded(errand, &group, &over, &store, reached.clock.now(), global, session)?;
            }
            return Ok(ExitCode::Done);
        }
        if errand.common.dry_run {
            return Ok(ExitCode::Done);
        }
        if !errand.common.yes {
            let again = again(&errand.whole_command(), errand.stack, global);
            confirm_name(&question(&procedure, cloud), &procedure.group, &again, global, session)?;
        }
        let carrying = RunEnvironment {
            directory: errand.stack,
            by: &errand.common.by,
            stack: &stack,
            store: &store,
            reached: &reached,
            cloud,
            // The copies of a drill are deleted, however it ends.
            on_failure: errand.common.on_failure.or((errand.verb == RunKind::Drill).then_some(FailureAction::Unwind)),
            format: errand.common.format,
            several: stack.failover_groups.len() > 1,
        };
        let inputs = match &open {
            Some(run) => run.inputs().clone(),
            None => loaded.inputs(errand.stack, global, session),
        };
        let since = outage(errand, reached.clock.now())?;
        let run = carrying.new_run(&procedure, &state, session)?.with_inputs(inputs);
        let seal = store.seal(&*reached.ids)?;
        let text = text_of(&stack, group_of(&stack, Some(&group))?, &procedure.steps, &seal);
        let mut run = run.with_outage(since, over).with_text(text);
        let begun = {
            let _no_apply = store.lock_shared()?;
            let by = errand.common.by.actor(session);
            carrying.with_ports(session, |ports, _| run.begin(ports, &by))?
        };
        let again = |verb: &str| again_recorded(&of_group(verb, &group, &stack), errand.stack, global);
        begun.map_err(|error| explained(error, &again))?;
        carry(&carrying, &mut run, Continuation::Start, global, session).await
    })
}

/// Ends the run that a move would take over, where nothing is left to move: the group is there already.
fn end_superseded(
    errand: &ProcedureRequest<'_>,
    group: &str,
    over: &str,
    store: &LocalStore,
    now: Timestamp,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    if !errand.common.yes {
        let again = again(&errand.whole_command(), errand.stack, global);
        confirm_name(&format!("This ends run {over} where it is."), group, &again, global, session)?;
    }
    FailoverRun::read(store, over)?.leave_as_is(store, now, &errand.common.by.actor(session))?;
    session.print(&format!("Run {over} ended where it was.\n"))
}

/// The start of the outage, as the operator gave it.
fn outage(errand: &ProcedureRequest<'_>, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    match errand.since.map(|since| since.at(now)) {
        Some(since) if since > now => {
            Err(Failure::failed(format!("--since {since}: that is after the current time, {now:.0}")))
        }
        since => Ok(since),
    }
}

/// The words for a verb of this group, which is named where the stack has others.
pub fn of_group(verb: &str, group: &str, stack: &Stack) -> String {
    match stack.failover_groups.len() > 1 {
        true => format!("failover-group {verb} --group {}", quoted(group)),
        false => format!("failover-group {verb}"),
    }
}

pub struct Preparation {
    state: State,
    stack: Stack,
    pub procedure: Procedure,
    /// The run that is taken over.
    over: Option<String>,
}

pub async fn prepare(
    errand: &ProcedureRequest<'_>,
    name: &str,
    loaded: &LoadedStack,
    store: &LocalStore,
    reached: &CloudConnection,
    global: &Global,
    session: &mut Session,
) -> Result<Preparation, Failure> {
    let mut state = store.load()?.ok_or_else(|| Failure::refused("there is no state"))?;
    let (stack, _) = evaluated(loaded, &state)?;
    let stack = as_run(stack, name, errand.verb, &state);
    let group = group_of(&stack, Some(name))?;
    let open = state.roles.open.get(name).map(|open| FailoverRun::read(store, &open.run)).transpose()?;
    let mut over = None;
    if let Some(run) = open {
        if errand.takes_over(&run) {
            let what = format!("run {} ({} of {name})", run.id, run.undertaking.verb.as_str());
            let say = |session: &mut Session, text: &str| {
                if !errand.is_shown {
                    session.say(text)
                }
            };
            say(
                session,
                &format!(
                    "Takes over {what}: that run ends as it is, and the steps below start from what is observed.\n\n"
                ),
            );
            state = taken_over(&run, &state, reached.clock.now())?;
            over = Some(run.id);
        } else {
            unfinished(errand, &run, &stack, global, session)?;
        }
    }
    if let Some(lost) = errand.lost.iter().find(|lost| !group.has_site(lost)) {
        return Err(Failure::failed(format!(
            "--lost {lost}: failover group {} has the sites {}",
            group.name,
            group.sites_in_prose()
        ))
        .help("Name the site that is lost."));
    }
    parts_exist(errand.without, &[group])?;
    let survey = failover::survey(&stack, group, &state, errand.lost);
    let seen = look_around(&survey, &reached.cloud, &*reached.web, &*reached.clock).await;
    let history = history(store)?;
    let pending = pending(loaded, &state, &store.seal(&*reached.ids)?)?;
    let question = ProcedureInput {
        stack: &stack,
        group,
        verb: errand.verb,
        how: errand.how,
        lost: errand.lost,
        to: errand.to,
        without: errand.without,
        pending: &pending,
        state: &state,
        seen: &seen,
        accepted: errand.accepted,
        history: &history,
    };
    let mut procedure = failover::plan(&question);
    let now = reached.clock.now();
    procedure.outage = outage(errand, now)?.map(|since| Outage { since, now });
    if let Some((open, address)) = held(store, &state, name, &procedure.steps)?.first() {
        let again = |verb: &str| again_recorded(&of_group(verb, &open.group, &stack), errand.stack, global);
        let (run, group) = (open.run.clone(), open.group.clone());
        let failure = explained(RunError::Held { run, group, address: address.clone() }, &again);
        if !errand.common.dry_run {
            return Err(failure);
        }
        session.say(&format!("warning: {} holds {address}; this run cannot start until it ends.\n\n", open.run));
    }
    Ok(Preparation { stack, procedure, state, over })
}

/// True for a replica or a route of a group, which a move can leave out.
pub fn is_part(group: &FailoverGroup, address: &Address) -> bool {
    group.promote.contains(address) || group.routes.iter().any(|route| Address::new("route", &route.name) == *address)
}

/// Checks that each of these addresses is a part of one of the groups.
pub fn parts_exist(addresses: &[Address], groups: &[&FailoverGroup]) -> Result<(), Failure> {
    let is_known = |address: &Address| groups.iter().any(|group| is_part(group, address));
    let Some(unknown) = addresses.iter().find(|address| !is_known(address)) else { return Ok(()) };
    let of = |group: &&FailoverGroup| -> Vec<String> {
        let routes = group.routes.iter().map(|route| Address::new("route", &route.name));
        group.promote.iter().cloned().chain(routes).map(|part| part.to_string()).collect()
    };
    let parts: Vec<String> = groups.iter().flat_map(of).collect();
    let names: Vec<&str> = groups.iter().map(|group| &*group.name).collect();
    let failure = Failure::failed(format!(
        "--without {unknown}: failover group {} has no such replica or route",
        names.join(", ")
    ));
    Err(if parts.is_empty() { failure } else { failure.help(format!("Known: {}.", parts.join(", "))) })
}

/// The permanent resources whose configuration differs from what was applied last. Deletions do not count: a run
/// neither needs nor touches what they delete.
fn pending(loaded: &LoadedStack, state: &State, seal: &Seal) -> Result<Vec<Address>, Failure> {
    let question = PlanInput {
        program: &loaded.program,
        state: Some(state),
        observed: &Observed::default(),
        seal,
        targets: &[],
        destroy: false,
    };
    let planned = plan::plan(&question).map_err(|wrong| loaded.wrong(wrong))?;
    // The role of a replica is what runs move: the state may still hold that of before a promotion.
    let is_role = |address: &Address, argument: &str| {
        let replica = planned.stack.resources.get(address).filter(|resource| resource.kind.promotion.is_some());
        replica.is_some_and(|replica| replica.kind.run_moves.contains(&argument))
    };
    let is_pending = |change: &&Change| {
        let differs = match change.action {
            Action::Create | Action::Replace(_) => true,
            Action::Update => change.arguments.iter().any(|argument| !is_role(&change.address, &argument.path)),
            Action::Keep | Action::Delete | Action::Adopt | Action::Forget => false,
        };
        change.presence == Presence::Permanent && differs
    };
    Ok(planned.plan.changes.iter().filter(is_pending).map(|change| change.address.clone()).collect())
}

/// An unfinished run of the group, which is not taken over: refused, and a warning in a dry run.
fn unfinished(
    errand: &ProcedureRequest<'_>,
    run: &FailoverRun,
    stack: &Stack,
    global: &Global,
    session: &mut Session,
) -> Result<(), Failure> {
    let (verb, group) = (run.undertaking.verb.as_str(), run.undertaking.group.as_str());
    let unfinished = format!("run {} ({verb} of {group}) is unfinished", run.id);
    let command = |verb: &str| again_recorded(&of_group(verb, group, stack), errand.stack, global);
    if !errand.common.dry_run {
        return Err(Failure::refused(format!(
            "{unfinished}; no other run of failover group {group} can start until it ends"
        ))
        .help(format!("Show it: `{}`", command("status")))
        .help(format!("Resume it: `{}`", command("resume")))
        .help(format!("Abort it: `{}`", command("abort"))));
    }
    session.say(&format!(
        "warning: {unfinished}. This dry run starts from the state that it left midway; no other run of failover group {group} can start until it ends.\n  = help: Resume it: `{}`\n  = help: Abort it: `{}`\n\n",
        command("resume"),
        command("abort")
    ));
    Ok(())
}

/// The stack with its recorded values; its warnings are printed.
pub fn evaluate(loaded: &LoadedStack, state: &State, session: &mut Session) -> Result<Stack, Failure> {
    let (stack, warnings) = evaluated(loaded, state)?;
    session.say_diagnostics(&warnings, &loaded.sources);
    Ok(stack)
}

/// The stack with its recorded values, and its warnings.
fn evaluated(loaded: &LoadedStack, state: &State) -> Result<(Stack, Diagnostics), Failure> {
    let evaluated = loaded.program.evaluate(&knowledge(state, &|_| false));
    let (stack, warnings) = evaluated.map_err(|wrong| loaded.wrong(wrong))?;
    let warnings = loaded.checked(&stack, warnings)?;
    Ok((stack, warnings))
}

/// The stack as seen by a run of this verb.
pub fn as_run(stack: Stack, group: &str, verb: RunKind, state: &State) -> Stack {
    failover::as_run(stack, group, verb, &knowledge(state, &|_| false))
}

/// The only group that is not at home, which a failback without a group means.
fn moved_group(verb: RunKind, stack: &Stack, state: &State) -> Option<String> {
    let is_moved = |name: &&str| state.roles.active(name) != ActiveSite::Home;
    let mut moved = stack.failover_groups.keys().map(|name| &**name).filter(is_moved);
    let only = moved.next().filter(|_| verb == RunKind::Down && moved.next().is_none());
    only.map(str::to_owned)
}

/// The failover group of this name, or the only one.
fn group_of<'a>(stack: &'a Stack, name: Option<&str>) -> Result<&'a FailoverGroup, Failure> {
    let names: Vec<&str> = stack.failover_groups.keys().map(|name| &**name).collect();
    match (name, names.as_slice()) {
        (None, []) => Err(Failure::wrong_file(format!("{} has no failover group", stack.name))
            .help("Add one: `failover_group \"name\" { … }`.")),
        (None, [only]) => {
            stack.failover_groups.get(*only).ok_or_else(|| Failure::failed("the stack has no failover group"))
        }
        (None, _) => Err(Failure::failed(format!("{} has several failover groups", stack.name))
            .help(format!("Choose one with --group: {}.", names.join(", ")))),
        (Some(name), _) => stack.failover_group(name).ok_or_else(|| {
            let failure = Failure::failed(format!("{} has no failover group `{name}`", stack.name));
            match closest(name, names.iter().copied()) {
                Some(close) => failure.help(format!("Did you mean `{close}`?")),
                None => failure.help(format!("It has {}.", names.join(", "))),
            }
        }),
    }
}

/// Recorded durations of earlier runs. A journal that cannot be read is skipped.
pub fn history(store: &LocalStore) -> Result<History, Failure> {
    let mut history = History::default();
    for run in store.runs()? {
        if let Ok(journal) = store.entries_of(&run) {
            history.take_in(&journal);
        }
    }
    Ok(history)
}

fn shown(
    procedure: &Procedure,
    errand: &ProcedureRequest<'_>,
    cloud: CloudName,
    global: &Global,
    layout: view::Layout,
) -> String {
    match errand.common.format {
        ReviewFormat::Text => {
            completed(&view::procedure::text(procedure, cloud, layout), errand.stack, global, layout.width)
        }
        ReviewFormat::Json => pretty(&view::procedure_json::json(procedure, cloud)),
        ReviewFormat::Markdown => view::procedure_markdown::markdown(procedure, cloud),
    }
}

/// The steps of a run that is planned again.
pub fn shown_steps(procedure: &Procedure, carrying: &RunEnvironment<'_>, layout: view::Layout) -> String {
    match procedure.is_refused() {
        true => {
            view::procedure::refused(procedure, carrying.cloud, "drplan failover-group abort --leave-as-is", layout)
        }
        false => view::procedure::text(procedure, carrying.cloud, layout),
    }
}

fn question(procedure: &Procedure, cloud: CloudName) -> String {
    let Procedure { group, leaving, arriving, stack, .. } = procedure;
    match procedure.verb {
        RunKind::Drill => format!("This starts a drill of failover group {group} of {stack} on {}.", cloud.as_str()),
        RunKind::Up | RunKind::Down => {
            format!("This moves failover group {group} of {stack} from {leaving} to {arriving} on {}.", cloud.as_str())
        }
    }
}

impl RunEnvironment<'_> {
    fn new_run(&self, procedure: &Procedure, state: &State, session: &mut Session) -> Result<FailoverRun, Failure> {
        let by = self.by.actor(session);
        Ok(self.with_ports(session, |ports, _| FailoverRun::new(procedure, state, ports, &by))??)
    }
}
