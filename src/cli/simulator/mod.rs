//! `drplan simulator`.

mod fault;
mod files;
mod kubernetes;
mod object_ref;
mod serve;
mod workload;

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::Value as Json;

use super::cloud::{open_world, simulated_time, world_dir};
use super::{ExitCode, Failure, Global, OutputFormat, Session, pretty, versioned};
use crate::duration::{parse, spoken};
use crate::simulator::{PendingOperation, Simulator, WorldSummary};
use crate::view::count;
use fault::lines;
use object_ref::ObjectRef;

/// Inspect the local simulator, and inject faults
///
/// The local simulator (`--cloud local`) implements the APIs of the providers on simulated time. It is kept in the
/// state directory between commands.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan simulator show
  drplan simulator set public_ip.web properties.idleTimeoutInMinutes 10     create drift
  drplan simulator remove subnet.web
  drplan simulator fault lose canadacentral
  drplan simulator fault lose canadacentral --after 3m --for 20m      during a run
  drplan simulator workload start stacks/web-geo                      simulate clients that write rows
  drplan simulator files put storage_share.web a.txt --text hello     write a file
  drplan simulator pass 10m
  drplan simulator kubernetes apply -f web.yaml --cluster kubernetes_cluster.prod      install a workload
  drplan simulator serve --tls                                        for az and Terraform
  drplan simulator workload show                                      show data loss and downtime
  drplan simulator reset")]
pub struct Args {
    #[command(subcommand)]
    verb: SimulatorCommand,
}

#[derive(Debug, Subcommand)]
enum SimulatorCommand {
    /// Show objects, operations in progress and active faults; or the body of one object
    Show {
        /// Id, or address in the state
        object: Option<String>,
        /// Directory of the stack, if OBJECT is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
    /// Delete the local simulator; states stay, and their next plan finds all resources missing
    Reset,
    /// Change the body of an object outside drplan
    Set {
        /// Id, or address in the state
        object: String,
        /// Path in the body, such as properties.idleTimeoutInMinutes
        path: String,
        /// Value: JSON or plain text; null removes the value
        value: String,
        /// Directory of the stack, if OBJECT is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Delete an object with its children outside drplan
    Remove {
        /// Id, or address in the state
        object: String,
        /// Directory of the stack, if OBJECT is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Take a snapshot of a volume outside drplan, as a schedule of its provider does
    Snapshot {
        /// Id, or address in the state
        object: String,
        /// Directory of the stack, if OBJECT is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Inject faults
    Fault {
        #[command(subcommand)]
        verb: fault::FaultCommand,
    },
    /// Simulate clients that write rows through the public name of a stack, and measure data loss
    Workload {
        #[command(subcommand)]
        verb: workload::WorkloadCommand,
    },
    /// Put files into shares, and list them
    Files {
        #[command(subcommand)]
        verb: files::FilesCommand,
    },
    /// Install workloads in the clusters of the simulator
    Kubernetes {
        #[command(subcommand)]
        verb: kubernetes::KubernetesCommand,
    },
    /// Serve the simulator on a port, for the providers' own tools and Terraform
    ///
    /// Prints the settings for clients as shell commands. Simulated time passes faster than real time.
    Serve(serve::Args),
    /// Advance simulated time
    Pass {
        /// Duration, such as 10m
        #[arg(value_name = "DURATION", value_parser = parse)]
        time: Duration,
    },
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        SimulatorCommand::Serve(args) => return serve::run(args, global, session),
        SimulatorCommand::Reset => {
            Simulator::reset(&world_dir(global, session))?;
            session.print("The local simulator is empty.\n")?;
        }
        SimulatorCommand::Show { object: None, stack: _, format } => {
            let shown = with_world(global, session, |world| Ok(world.show()))?;
            let text = match format {
                OutputFormat::Text => text(&shown),
                OutputFormat::Json => pretty(&versioned(serde_json::to_value(&shown).unwrap_or_default())),
            };
            session.print(&text)?;
        }
        SimulatorCommand::Show { object: Some(object), stack, format: _ } => {
            let named = ObjectRef::of(object, stack, global, session)?;
            let body = with_world(global, session, |world| named.body(world))?;
            session.print(&pretty(&body))?;
        }
        SimulatorCommand::Set { object, path, value, stack } => {
            let named = ObjectRef::of(object, stack, global, session)?;
            let json = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value.as_str()));
            with_world(global, session, |world| named.set(world, path, json))?;
            session.print(&format!("Set {path} of {object} to {value}.\n"))?;
        }
        SimulatorCommand::Remove { object, stack } => {
            let named = ObjectRef::of(object, stack, global, session)?;
            with_world(global, session, |world| named.remove(world))?;
            session.print(&format!("Deleted {object}.\n"))?;
        }
        SimulatorCommand::Snapshot { object, stack } => {
            let named = ObjectRef::of(object, stack, global, session)?;
            let id = with_world(global, session, |world| named.snapshot(world))?;
            session.print(&format!("Snapshot {id} of {object} was started.\n"))?;
        }
        SimulatorCommand::Fault { verb } => fault::run(verb, global, session)?,
        SimulatorCommand::Workload { verb } => workload::run(verb, global, session)?,
        SimulatorCommand::Files { verb } => files::run(verb, global, session)?,
        SimulatorCommand::Kubernetes { verb } => kubernetes::run(verb, global, session)?,
        SimulatorCommand::Pass { time } => {
            let now = pass(*time, global, session)?;
            session.print(&format!("Simulated time is now {now:.0}.\n"))?;
        }
    }
    Ok(ExitCode::Done)
}

/// Advances the simulated time, and returns it.
fn pass(time: Duration, global: &Global, session: &Session) -> Result<jiff::Timestamp, Failure> {
    simulated_time()?.block_on(async {
        let (world, clock) = open_world(global, session)?;
        clock.sleep(time).await;
        world.catch_up()?;
        Ok(world.now())
    })
}

fn with_world<T>(
    global: &Global,
    session: &Session,
    work: impl FnOnce(&Simulator) -> Result<T, Failure>,
) -> Result<T, Failure> {
    simulated_time()?.block_on(async {
        let (world, _) = open_world(global, session)?;
        work(&world)
    })
}

fn text(shown: &WorldSummary) -> String {
    let WorldSummary { seed, now, objects, under_way, requests, faults } = shown;
    let mut out =
        format!("Local simulator (seed {seed}) at {now:.0}: {}.\n", count(objects.len(), "object", "objects"));
    let section =
        |title: &str, lines: String| if lines.is_empty() { String::new() } else { format!("\n{title}\n{lines}") };
    out += &section("Objects", objects.keys().map(|id| format!("  {id}\n")).collect());
    let one = |PendingOperation { id, act, began: _, due, held }: &PendingOperation| {
        let rest = std::time::Duration::try_from(due.duration_since(*now)).unwrap_or_default();
        let rest = if *held { "blocked by a fault".to_owned() } else { format!("{} left", spoken(rest)) };
        format!("  {act} {id}, {rest}\n")
    };
    out += &section("In progress", under_way.iter().map(one).collect());
    out += &section("Faults", lines(faults));
    out + &section("Requests", requests.iter().map(|(verb, number)| format!("  {verb} {number}\n")).collect())
}
