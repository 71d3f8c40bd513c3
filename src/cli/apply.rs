//! `drplan apply`.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::account::Account;
use super::actor::By;
use super::again::{again, again_for, again_recorded, completed, quoted, withheld_hint, word};
use super::cloud::{CloudConnection, with_cloud};
use super::confirm::confirm;
use super::loading::{LoadedStack, load, load_recorded, values_of_files};
use super::location::holder;
use super::overdue::overdue_advice;
use super::plan::{Limits, cloud_in, read};
use super::planning::{PlanRequest, PlanResult, make, refuse_blocked, refuse_held_changes, refuse_vanished, store_of};
use super::progress::ProgressView;
use super::{ExitCode, Failure, Global, OutputFormat, Session, ending, pretty};
use crate::apply::{self, BulkEngine, Ports, keep_planned};
use crate::plan::file::{self, PlanFile};
use crate::providers;
use crate::run::StopSignal;
use crate::stack::CloudName;
use crate::steps::RunEnd;
use crate::store::LocalStore;
use crate::view;

/// Create or update resources to match the stack
///
/// Plans, shows the plan, asks for approval and applies it. Steps that do not depend on each other run in parallel. A
/// failed step stops only the steps that depend on it. Ctrl-C finishes the requests in progress and stops. After
/// an interruption, the same command continues: nothing is lost or created twice.
///
/// With a saved plan, applies exactly that plan without asking. Refused if the stack, the state or the active sites
/// have changed since.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan apply stacks/web-geo --vars prod.vars.hcl
  drplan apply --yes
  drplan apply --target mssql_server.primary
  drplan apply --engine deployments stacks/huge
  drplan apply today.plan
  drplan apply --yes --format json       for a pipeline: one JSON document at the end")]
pub struct Args {
    /// Directory of the stack, or a saved plan
    #[arg(default_value = ".", value_name = "STACK|PLANFILE")]
    stack: PathBuf,
    /// Apply without asking for approval
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: By,
    /// How resources are written [default: direct]
    #[arg(long, value_parser = engines())]
    engine: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
    #[command(flatten)]
    limits: Limits,
}

/// The ways in which resources are written.
fn engines() -> PossibleValuesParser {
    let direct = PossibleValue::new("direct").help("One request per resource, up to 64 in parallel");
    let bulk = providers::engines().map(|engine| PossibleValue::new(engine.name).help(engine.about));
    std::iter::once(direct).chain(bulk).collect::<Vec<_>>().into()
}

impl Args {
    fn engine(&self) -> apply::Engine {
        let named = |engine: &&BulkEngine| Some(engine.name) == self.engine.as_deref();
        providers::engines().find(named).map_or(apply::Engine::Direct, apply::Engine::Bulk)
    }

    /// The command with the engine that was given.
    fn again(&self, command: String) -> String {
        self.engine.as_ref().map_or(command.clone(), |word| format!("{command} --engine {word}"))
    }
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    if session.path(&args.stack).is_file() {
        return run_saved(args, global, session);
    }
    let loaded = load(&args.stack, global, session)?;
    let order = ApplyRequest {
        stack: args.stack.clone(),
        loaded,
        wanted: args.limits.wanted(false),
        saved: None,
        yes: args.yes,
        by: args.by.clone(),
        format: args.format,
        engine: args.engine(),
        again: args.again(again_for("apply", &args.stack, &args.limits.targets, &args.limits.adopt, global)),
    };
    carry_out(&order, global, session)
}

fn run_saved(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let saved = read(&args.stack, session)?;
    let cloud = cloud_in(&saved, global, session)?;
    let stack = Path::new(&saved.directory);
    let origin = format!("in {}", args.stack.display());
    let loaded = load_recorded(stack, &saved.inputs(), &origin, |_| Account::of(cloud, session), global, session)?;
    let Continuing { again, plan } = continuing(args, &saved, global, session);
    let Limits { refresh, targets, adopt, accepted } = &args.limits;
    if refresh.is_some() || !targets.is_empty() || !adopt.is_empty() || !accepted.sites.is_empty() {
        return Err(Failure::failed("--target, --adopt, --refresh and --accept-vanished are fixed in a saved plan")
            .help(format!("Save a new plan with them: `{plan}`"))
            .help(withheld_hint(global).trim_end()));
    }
    let order = ApplyRequest {
        stack: stack.to_owned(),
        loaded,
        wanted: PlanRequest {
            targets: saved.targets.clone(),
            destroy: saved.destroy,
            refresh: saved.refresh,
            accept_vanished: saved.accept_vanished.clone(),
            adopt: saved.adopt.clone(),
        },
        yes: true,
        by: args.by.clone(),
        format: args.format,
        engine: args.engine(),
        again,
        saved: Some((saved, plan)),
    };
    carry_out(&order, global, session)
}

/// Commands that follow a saved plan, with the values that it had.
struct Continuing {
    /// The command that continues where the plan ended early: the state has moved on by then, so it plans again.
    again: String,
    /// The command that saves a new plan to the same file.
    plan: String,
}

fn continuing(args: &Args, saved: &PlanFile, global: &Global, session: &Session) -> Continuing {
    let stack = Path::new(&saved.directory);
    let mut global = global.clone();
    let flags: Vec<_> = std::mem::take(&mut global.var_files);
    global.var_files = saved.variable_files.iter().map(|file| stack.join(file)).chain(flags).collect();
    let in_files = values_of_files(stack, &saved.variable_files, session);
    let others = saved.variables.iter().filter(|(name, value)| in_files.get(*name) != Some(*value));
    let given = std::mem::take(&mut global.vars);
    global.vars = others.map(|(name, value)| format!("{name}={value}")).chain(given).collect();
    let destroy = if saved.destroy { " --destroy" } else { "" };
    let plan = again_for("plan", stack, &saved.targets, &saved.adopt, &global);
    let plan = format!("{plan}{destroy} --out {}", word(&args.stack));
    let again = match (saved.destroy, saved.targets.as_slice()) {
        (false, targets) => args.again(again_for("apply", stack, targets, &saved.adopt, &global)),
        (true, []) => again("destroy", stack, &global),
        // Without the limit, everything would be deleted.
        (true, _) => format!("{plan} && {}", again_recorded("apply", &args.stack, &global)),
    };
    Continuing { again, plan }
}

/// A plan to make and apply.
pub struct ApplyRequest {
    /// The stack's directory.
    pub stack: PathBuf,
    /// The stack.
    pub loaded: LoadedStack,
    /// The plan that is wanted.
    pub wanted: PlanRequest,
    /// The plan it must be, where it was saved, and the command that saves a new one.
    pub saved: Option<(PlanFile, String)>,
    /// Apply without asking.
    pub yes: bool,
    /// The operator.
    pub by: By,
    /// The format of the output.
    pub format: OutputFormat,
    /// How resources are written.
    pub engine: apply::Engine,
    /// The command that continues, should it end early.
    pub again: String,
}

impl ApplyRequest {
    const fn command(&self) -> &'static str {
        if self.wanted.destroy { "destroy" } else { "apply" }
    }

    fn document(&self, made: &PlanResult, cloud: CloudName, applied: Option<&apply::ApplyOutcome>) -> String {
        pretty(&ending::json(self.command(), &made.planned.plan, cloud, applied))
    }
}

/// Plans, shows, asks and applies, all under the lock of the state.
pub fn carry_out(order: &ApplyRequest, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let cloud = order.loaded.account.cloud;
    let store = store_of(&order.loaded.program, cloud, global, session)?;
    let _lock = store.lock(&holder(order.command(), session))?;
    with_cloud(&order.loaded.account, global, session, async |reached, session| {
        let made = make(&order.loaded, &order.wanted, &store, &reached, session).await?;
        let command = order.saved.as_ref().map_or(&order.again, |(_, plan)| plan);
        refuse_vanished(&made, &order.wanted, command, global)?;
        let plan = &made.planned.plan;
        if let Some((saved, command)) = &order.saved {
            same(saved, command, &made, global)?;
        }
        match order.format {
            OutputFormat::Text => session.print(&completed(
                &view::plan::text(plan, cloud, session.layout(global)),
                &order.stack,
                global,
                session.width(),
            ))?,
            // The document follows at the end; a person who is asked needs the plan now.
            OutputFormat::Json if !order.yes => session.say(&view::plan::text(plan, cloud, session.layout(global))),
            OutputFormat::Json => {}
        }
        refuse_held_changes(&made, &order.stack, global)?;
        refuse_blocked(plan)?;
        if !view::plan::has_changes(plan) {
            // Observations are kept even where they call for nothing: an address that the cloud gave, say.
            if let Some(recorded) = made.recorded.clone() {
                keep_planned(recorded, &made.planned, &store)?;
            }
            if order.format == OutputFormat::Json {
                session.print(&order.document(&made, cloud, None))?;
            }
            return Ok(ExitCode::Done);
        }
        if !order.yes {
            let accepted =
                order.wanted.accept_vanished.iter().map(|site| format!(" --accept-vanished {}", quoted(site)));
            let again = order.again.clone() + &accepted.collect::<String>();
            confirm(&question(order, cloud), &again, global, session)?;
        }
        perform(order, made, cloud, &store, &reached, global, session).await
    })
}

/// Refuses a saved plan that is out of date. `command` saves a new one.
fn same(saved: &PlanFile, command: &str, made: &PlanResult, global: &Global) -> Result<(), Failure> {
    let plan = &made.planned.plan;
    let stale = file::check(&saved.basis, &plan.basis)
        .and_then(|()| if saved.digest == file::digest(plan) { Ok(()) } else { Err(file::StaleReason::Different) });
    stale.map_err(|stale| {
        Failure::refused(format!("the saved plan is out of date: {stale}; nothing was changed"))
            .help(format!("Save and review a new plan: `{command}`"))
            .help(withheld_hint(global).trim_end())
    })
}

fn question(order: &ApplyRequest, cloud: CloudName) -> String {
    let (stack, cloud) = (order.loaded.program.name(), cloud.as_str());
    match order.wanted.destroy {
        true => format!("Do you really want to destroy all resources of {stack} on {cloud}?"),
        false => format!("Do you want to apply this plan to {stack} on {cloud}?"),
    }
}

async fn perform(
    order: &ApplyRequest,
    made: PlanResult,
    cloud: CloudName,
    store: &LocalStore,
    reached: &CloudConnection,
    global: &Global,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    let by = order.by.actor(session);
    let stop = StopSignal::default();
    let owns_process = session.owns_process;
    session.say("\n");
    let applied = {
        let resources = &made.planned.stack.resources;
        let objects = resources.iter().map(|(address, resource)| (address, resource.objects.as_slice()));
        let shown = ProgressView::new(&made.planned.plan.steps, cloud, session)
            .with_advice(overdue_advice(objects, cloud, session.catalog, global), Vec::new());
        let ports = Ports {
            cloud: &reached.cloud,
            web: &*reached.web,
            commands: &*reached.commands,
            clock: &*reached.clock,
            ids: &*reached.ids,
            store,
            seal: &made.seal,
            watcher: &shown,
            stop: &stop,
        };
        let recorded = made.recorded.clone();
        tokio::select! {
            applied = apply::apply(&made.planned, recorded, ports, order.engine, order.command(), &by) => applied?,
            never = interrupted(&stop, &shown, owns_process) => match never {},
        }
    };
    let width = session.width();
    let mut ended =
        ending::text(order.command(), &made.planned.plan.steps, &applied.report, cloud, &order.again, width);
    if applied.report.ended != Some(RunEnd::Done) {
        ended += &withheld_hint(global);
    }
    match order.format {
        OutputFormat::Json => {
            session.say(&format!("\n{ended}"));
            session.print(&order.document(&made, cloud, Some(&applied)))?;
        }
        OutputFormat::Text => {
            session.print(&format!("\n{ended}"))?;
            if !applied.state.outputs.is_empty() {
                session
                    .print(&format!("\nOutputs:\n{}", view::state::outputs(&applied.state.outputs, session.width())))?;
            }
        }
    }
    session.say_diagnostics(&applied.output_errors, &order.loaded.sources);
    Ok(ending::exit(&applied))
}

/// Waits for Ctrl-C, SIGTERM or SIGHUP: the first asks the run to stop, the second exits at once, as a kill would. The
/// signals are taken from this call on, before the future is polled: a run may start steps before it yields.
pub(super) fn interrupted(
    stop: &StopSignal,
    shown: &ProgressView,
    owns_process: bool,
) -> impl Future<Output = std::convert::Infallible> {
    let asked = owns_process.then(StopRequests::new);
    async move {
        let Some(Ok(mut asked)) = asked else { return std::future::pending().await };
        asked.next().await;
        stop.request();
        shown.stopping();
        shown.note("Stopping: finishing the steps in progress, starting no more. Press Ctrl-C again to exit now.");
        asked.next().await;
        shown.note(
            "Exited. The journal has the steps that were in progress; the next command checks their outcome first.",
        );
        shown.clear();
        std::process::exit(ExitCode::Stopped.code().into())
    }
}

/// Requests of the operating system to stop: Ctrl-C, the end of the session (SIGHUP) or of the machine (SIGTERM).
pub(super) struct StopRequests {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
}

impl StopRequests {
    #[cfg(unix)]
    pub(super) fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let [interrupt, terminate, hang_up] = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Ok(Self { signals: [signal(interrupt)?, signal(terminate)?, signal(hang_up)?] })
    }

    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
