//! From a stack to a procedure: what is recorded, a look around, the question put together; shown, confirmed and carried out.

use std::path::Path;

use super::carry::{Carrying, carry};
use super::{Common, ExitCode, Failure, Format, Global, Session, Wanted, follow};
use crate::apply::{FailoverRun, Onward, look_around};
use crate::cli::again::again;
use crate::cli::cloud::{Reached, with_cloud};
use crate::cli::confirm::confirm_name;
use crate::cli::loading::{Loaded, load};
use crate::cli::place::holder;
use crate::cli::planning::store_of;
use crate::cli::pretty;
use crate::diagnostic::closest;
use crate::failover::{self, History, Procedure, Question};
use crate::kinds::How;
use crate::plan::knowledge;
use crate::stack::{CloudName, FailoverGroup, Stack};
use crate::state::{State, StateError, Verb};
use crate::steps::Accepted;
use crate::store::LocalStore;
use crate::view;
use crate::world::Store;

/// What is asked for.
pub struct Errand<'a> {
    pub verb: Verb,
    pub how: How,
    pub lost: Option<String>,
    pub accepted: Accepted,
    pub stack: &'a Path,
    pub common: &'a Common,
}

impl Errand<'_> {
    /// The command that asks for the same, without what was accepted.
    fn command(&self) -> String {
        let mut words = format!("failover-group {}", self.verb.as_str());
        match (&self.lost, self.verb, self.how) {
            (Some(lost), ..) => words += &format!(" --forced --lost {lost}"),
            (None, Verb::Up, How::Planned) => words += " --planned",
            (None, ..) => {}
        }
        if let Some(group) = &self.common.group {
            words += &format!(" --group {group}");
        }
        words
    }
}

/// Plans, shows, asks and carries out, all under the lock of the state. Where another process carries out a run of the group, that one is shown.
pub fn carry_out(errand: &Errand<'_>, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(errand.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    if store.load()?.is_none() {
        let stack = loaded.program.name();
        return Err(Failure::refused(format!("nothing is recorded yet of {stack} on {}", cloud.as_str()))
            .help(format!("`{}` brings up what could be failed over.", again("apply", errand.stack, global))));
    }
    let command = format!("failover-group {}", errand.verb.as_str());
    let _lock = match (errand.common.dry_run, store.lock(&holder(&command, session))) {
        (true, _) => None,
        (false, Ok(lock)) => Some(lock),
        (false, Err(locked @ StateError::Locked(_))) => {
            return match follow::under_way(&store, errand.common.group.as_deref())? {
                Some(run) => {
                    follow::follow(&run, &store, &again("failover-group resume", errand.stack, global), session)
                }
                None => Err(locked.into()),
            };
        }
        (false, Err(other)) => return Err(other.into()),
    };
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let Prepared { state, stack, procedure } = prepare(errand, &loaded, &store, &reached, global, session).await?;
        if procedure.is_refused() && procedure.idle.is_none() {
            let dry_run = again(&format!("{} --dry-run", errand.command()), errand.stack, global);
            let is_brief = errand.common.format == Format::Text && !errand.common.dry_run;
            session.print(&match is_brief {
                true => view::procedure::refused(&procedure, cloud, &dry_run),
                false => shown(&procedure, errand.common.format, cloud),
            })?;
            return Ok(ExitCode::Refused);
        }
        // What carries it out says in its own format what comes of it.
        if errand.common.format == Format::Text || errand.common.dry_run || procedure.idle.is_some() {
            session.print(&shown(&procedure, errand.common.format, cloud))?;
        }
        if procedure.idle.is_some() {
            return Ok(ExitCode::Done);
        }
        if errand.common.dry_run {
            return Ok(ExitCode::Done);
        }
        if !errand.common.yes {
            let again = again(&errand.command(), errand.stack, global);
            confirm_name(&question(&procedure, cloud), &procedure.group, &again, session)?;
        }
        let carrying = Carrying {
            directory: errand.stack,
            command: &command,
            stack: &stack,
            store: &store,
            reached: &reached,
            cloud,
            // What a drill has made goes again, however it ends.
            on_failure: errand.common.on_failure.or((errand.verb == Verb::Drill).then_some(Wanted::Unwind)),
            format: errand.common.format,
        };
        let mut run = carrying.new_run(&procedure, &state, session)?;
        carry(&carrying, &mut run, Onward::Start, global, session).await
    })
}

struct Prepared {
    state: State,
    stack: Stack,
    procedure: Procedure,
}

async fn prepare(
    errand: &Errand<'_>,
    loaded: &Loaded,
    store: &LocalStore,
    reached: &Reached,
    global: &Global,
    session: &mut Session,
) -> Result<Prepared, Failure> {
    let state = store.load()?.ok_or_else(|| Failure::refused("nothing is recorded"))?;
    let stack = evaluate(loaded, &state, session)?;
    let name = group_of(&stack, errand.common.group.as_deref())?.name.to_string();
    let stack = as_run(stack, &name, errand.verb, &state);
    let group = group_of(&stack, Some(&name))?;
    if let Some(open) = state.roles.open.as_ref().filter(|_| !errand.common.dry_run) {
        return Err(Failure::refused(format!(
            "run {} ({} of {}) is not finished, and while it is open nothing else moves",
            open.run,
            open.verb.as_str(),
            open.group
        ))
        .help(format!("`{}` goes on with it.", again("failover-group resume", errand.stack, global)))
        .help(format!("`{}` gives it up.", again("failover-group abort", errand.stack, global))));
    }
    if let Some(lost) = &errand.lost
        && ![&group.from, &group.to].iter().any(|site| ***site == **lost)
    {
        return Err(Failure::failed(format!(
            "--lost {lost}: {} is between {} and {}",
            group.name, group.from, group.to
        ))
        .help("Name the site that is given up."));
    }
    let survey = failover::survey(&stack, group, &state, errand.lost.as_deref());
    let seen = look_around(&survey, &reached.cloud, &*reached.web, &*reached.clock).await;
    let history = history(store)?;
    let question = Question {
        stack: &stack,
        group,
        verb: errand.verb,
        how: errand.how,
        lost: errand.lost.as_deref(),
        state: &state,
        seen: &seen,
        accepted: errand.accepted,
        history: &history,
    };
    let procedure = failover::plan(&question);
    Ok(Prepared { stack, procedure, state })
}

/// The stack with all that is recorded, its warnings said.
pub fn evaluate(loaded: &Loaded, state: &State, session: &mut Session) -> Result<Stack, Failure> {
    let evaluated = loaded.program.evaluate(&knowledge(state, &|_| false));
    let (stack, warnings) = evaluated.map_err(|wrong| loaded.wrong(wrong))?;
    let warnings = loaded.checked(&stack, warnings)?;
    session.say_diagnostics(&warnings, &loaded.sources);
    Ok(stack)
}

/// The stack as a run of this verb has it.
pub fn as_run(stack: Stack, group: &str, verb: Verb, state: &State) -> Stack {
    failover::as_run(stack, group, verb, &knowledge(state, &|_| false))
}

/// The failover group of this name, or the only one.
fn group_of<'a>(stack: &'a Stack, name: Option<&str>) -> Result<&'a FailoverGroup, Failure> {
    let names: Vec<&str> = stack.failover_groups.keys().map(|name| &**name).collect();
    match (name, names.as_slice()) {
        (None, []) => Err(Failure::wrong_file(format!("{} has no failover group", stack.name))
            .help("Write `failover_group \"name\" { … }` into it.")),
        (None, [only]) => stack.failover_groups.get(*only).ok_or_else(|| Failure::failed("there is no failover group")),
        (None, _) => Err(Failure::failed(format!("{} has several failover groups", stack.name))
            .help(format!("Say which one with --group: {}.", names.join(", ")))),
        (Some(name), _) => stack.failover_groups.get(name).ok_or_else(|| {
            let failure = Failure::failed(format!("{} has no failover group `{name}`", stack.name));
            match closest(name, names.iter().copied()) {
                Some(close) => failure.help(format!("Did you mean `{close}`?")),
                None => failure.help(format!("It has {}.", names.join(", "))),
            }
        }),
    }
}

/// How long things took before. A journal that cannot be read tells nothing.
pub fn history(store: &LocalStore) -> Result<History, Failure> {
    let mut history = History::default();
    for run in store.runs()? {
        if let Ok(journal) = store.entries_of(&run) {
            history.take_in(&journal);
        }
    }
    Ok(history)
}

fn shown(procedure: &Procedure, format: Format, cloud: CloudName) -> String {
    match format {
        Format::Text => view::procedure::text(procedure, cloud),
        Format::Json => pretty(&view::procedure_json::json(procedure, cloud)),
        Format::Markdown => view::procedure_markdown::markdown(procedure, cloud),
    }
}

fn question(procedure: &Procedure, cloud: CloudName) -> String {
    let Procedure { group, leaving, arriving, stack, .. } = procedure;
    match procedure.verb {
        Verb::Drill => format!("This drills {group} of {stack} on {}.", cloud.as_str()),
        Verb::Up | Verb::Down => {
            format!("This moves {group} of {stack} from {leaving} to {arriving} on {}.", cloud.as_str())
        }
    }
}

impl Carrying<'_> {
    fn new_run(&self, procedure: &Procedure, state: &State, session: &mut Session) -> Result<FailoverRun, Failure> {
        let by = super::runs::by(self.command, session);
        Ok(self.with_ports(session, |ports, _| FailoverRun::new(procedure, state, ports, &by))??)
    }
}
