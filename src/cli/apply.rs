//! `drplan apply`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::again::{again, again_for, word};
use super::cloud::{Reached, with_cloud};
use super::confirm::confirm;
use super::loading::{Loaded, given_variables, load, load_with};
use super::place::holder;
use super::plan::{Limits, cloud_in, read};
use super::planning::{Made, Wanted, make, refuse_blocked, refuse_open, refuse_vanished, store_of};
use super::progress::Shown;
use super::{ExitCode, Failure, Global, Session, ending};
use crate::apply::{self, Ports, keep_observed};
use crate::plan::file::{self, PlanFile};
use crate::run::Stop;
use crate::stack::{CloudName, GivenVariable};
use crate::store::LocalStore;
use crate::view;
use crate::world::Store;

/// Bring the cloud to where the stack says
///
/// Makes a plan, shows it, asks, and carries it out, as many steps at a time as need nothing of each other. What fails stops only what needs
/// it. Ctrl-C finishes what is under way. However a run ends, the same command goes on from there: nothing is lost, nothing is made twice.
///
/// Given a saved plan, carries out exactly that one, without asking, or refuses where the stack, the state or the roles have moved on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan apply stacks/web-geo --vars prod.vars.hcl
  drplan apply --yes
  drplan apply --target mssql_server.primary
  drplan apply --engine deployments stacks/huge
  drplan apply today.plan")]
pub struct Args {
    /// The stack's directory, or a saved plan
    #[arg(default_value = ".", value_name = "STACK|PLANFILE")]
    stack: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// How resources are written [default: direct]
    #[arg(long, value_enum)]
    engine: Option<Engine>,
    #[command(flatten)]
    limits: Limits,
}

/// How resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Each by a request of its own, up to 64 at a time
    Direct,
    /// As template deployments, each of all that is ready in one resource group: for stacks of thousands of resources
    Deployments,
}

impl Args {
    fn engine(&self) -> apply::Engine {
        match self.engine {
            None | Some(Engine::Direct) => apply::Engine::Direct,
            Some(Engine::Deployments) => apply::Engine::Deployments,
        }
    }

    /// The same words again, as far as they were given.
    fn again(&self, command: String) -> String {
        let word = self.engine.as_ref().and_then(ValueEnum::to_possible_value);
        word.map_or(command.clone(), |word| format!("{command} --engine {}", word.get_name()))
    }
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    if session.path(&args.stack).is_file() {
        return run_saved(args, global, session);
    }
    let order = Order {
        stack: args.stack.clone(),
        loaded: load(&args.stack, global, session)?,
        wanted: args.limits.wanted(false),
        saved: None,
        yes: args.yes,
        engine: args.engine(),
        again: args.again(again_for("apply", &args.stack, &args.limits.targets, global)),
    };
    carry_out(&order, global, session)
}

fn run_saved(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let Limits { refresh, targets, accepted } = &args.limits;
    if refresh.is_some() || !targets.is_empty() || !accepted.sites.is_empty() {
        return Err(Failure::failed("a saved plan has its own --target, --refresh and --accept-vanished")
            .help("Make another plan with them."));
    }
    let saved = read(&args.stack, session)?;
    let cloud = cloud_in(&saved, global)?;
    // The values of the plan are stronger than what the environment happens to hold; a flag that contradicts them is noticed by the digest.
    let (mut given, flags): (Vec<_>, Vec<_>) =
        given_variables(global, session)?.into_iter().partition(GivenVariable::is_from_environment);
    given.extend(saved.variables.iter().map(|(name, text)| GivenVariable {
        name: name.clone(),
        text: text.clone(),
        origin: format!("in {}", args.stack.display()),
    }));
    given.extend(flags);
    let stack = Path::new(&saved.directory);
    let order = Order {
        stack: stack.to_owned(),
        loaded: load_with(stack, given, cloud, session)?,
        wanted: Wanted {
            targets: saved.targets.clone(),
            destroy: saved.destroy,
            refresh: saved.refresh,
            accept_vanished: saved.accept_vanished.clone(),
        },
        yes: true,
        engine: args.engine(),
        again: match (saved.destroy, saved.targets.as_slice()) {
            (false, targets) => args.again(again_for("apply", stack, targets, global)),
            (true, []) => again("destroy", stack, global),
            // Without the limit, everything would go.
            (true, targets) => {
                format!("{} --destroy --out {}", again_for("plan", stack, targets, global), word(&args.stack))
            }
        },
        saved: Some(saved),
    };
    carry_out(&order, global, session)
}

/// What is to be carried out.
pub struct Order {
    /// The stack's directory.
    pub stack: PathBuf,
    /// The stack.
    pub loaded: Loaded,
    /// The plan that is wanted.
    pub wanted: Wanted,
    /// The plan it must be, where it was saved.
    pub saved: Option<PlanFile>,
    /// Whether not to ask.
    pub yes: bool,
    /// How resources are written.
    pub engine: apply::Engine,
    /// The command that goes on, should it end early.
    pub again: String,
}

impl Order {
    const fn command(&self) -> &'static str {
        if self.wanted.destroy { "destroy" } else { "apply" }
    }
}

/// Plans, shows, asks and carries out, all under the lock of the state.
pub fn carry_out(order: &Order, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let cloud = order.loaded.account.cloud;
    let store = store_of(&order.loaded.program, cloud, global, session)?;
    let _lock = store.lock(&holder(order.command(), session))?;
    refuse_open(store.load()?.as_ref(), &order.stack, global)?;
    with_cloud(&order.loaded.account, global, session, async |reached, session| {
        let made = make(&order.loaded, &order.wanted, &store, &reached, session).await?;
        refuse_vanished(&made, &order.wanted)?;
        let plan = &made.planned.plan;
        if let Some(saved) = &order.saved {
            same(saved, &made)?;
        }
        session.print(&view::plan::text(plan, cloud))?;
        refuse_blocked(plan)?;
        if !view::plan::has_changes(plan) {
            // What was seen is kept even where it calls for nothing: an address that the cloud gave, say.
            if let (Some(recorded), Some(refreshed)) = (&made.recorded, &made.planned.refreshed) {
                keep_observed(recorded, refreshed, &store)?;
            }
            return Ok(ExitCode::Done);
        }
        if !order.yes {
            confirm(&question(order, cloud), &order.again, session)?;
        }
        perform(order, made, cloud, &store, &reached, session).await
    })
}

/// Refuses a saved plan that is not the same any more.
fn same(saved: &PlanFile, made: &Made) -> Result<(), Failure> {
    let plan = &made.planned.plan;
    let stale = file::check(&saved.basis, &plan.basis)
        .and_then(|()| if saved.digest == file::digest(plan) { Ok(()) } else { Err(file::Stale::Different) });
    stale.map_err(|stale| {
        Failure::refused(format!("the saved plan is not carried out: {stale}"))
            .help("Make a new one with `drplan plan --out FILE`.")
    })
}

fn question(order: &Order, cloud: CloudName) -> String {
    let (stack, cloud) = (order.loaded.program.name(), cloud.as_str());
    match order.wanted.destroy {
        true => format!("Do you really want to destroy all of {stack} on {cloud}?"),
        false => format!("Do you want to do this to {stack} on {cloud}?"),
    }
}

async fn perform(
    order: &Order,
    made: Made,
    cloud: CloudName,
    store: &LocalStore,
    reached: &Reached,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    let Made { planned, recorded, observed: _, seal } = made;
    let by = holder(order.command(), session);
    let by = format!("{} on {}", by.who, by.host);
    let stop = Stop::default();
    let owns_process = session.owns_process;
    session.say("\n");
    let applied = {
        let shown = Shown::new(&planned.plan.steps, session);
        let ports = Ports {
            cloud: &reached.cloud,
            web: &*reached.web,
            commands: &reached.commands,
            clock: &*reached.clock,
            ids: &*reached.ids,
            store,
            seal: &seal,
            watcher: &shown,
            stop: &stop,
        };
        tokio::select! {
            applied = apply::apply(&planned, recorded, ports, order.engine, order.command(), &by) => applied?,
            never = interrupted(&stop, &shown, owns_process) => match never {},
        }
    };
    session.print(&format!("\n{}", ending::text(&planned.plan.steps, &applied.report, cloud, &order.again)))?;
    if !applied.state.outputs.is_empty() {
        session.print(&format!("\nOutputs:\n{}", view::state::outputs(&applied.state.outputs)))?;
    }
    Ok(ending::exit(&applied.report))
}

/// Waits for Ctrl-C: the first asks the run to stop, the second leaves at once, as a kill would.
pub(super) async fn interrupted(stop: &Stop, shown: &Shown, owns_process: bool) -> std::convert::Infallible {
    if !owns_process || tokio::signal::ctrl_c().await.is_err() {
        return std::future::pending().await;
    }
    stop.request();
    shown.note("Stopping: what is under way is finished, nothing more is begun. Ctrl-C again leaves at once.");
    if tokio::signal::ctrl_c().await.is_err() {
        return std::future::pending().await;
    }
    shown.note("Left. What was under way is in the journal; the next command looks what became of it.");
    std::process::exit(ExitCode::Stopped.code().into())
}
