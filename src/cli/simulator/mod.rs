//! `drplan simulator`.

mod fault;
mod named;
mod serve;
mod workload;

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::Value as Json;

use super::cloud::{open_world, simulated_time, world_dir};
use super::{ExitCode, Failure, Format, Global, Session, pretty};
use crate::duration::{parse, spoken};
use crate::simulator::{Shown, Simulator, UnderWay};
use crate::view::count;
use fault::lines;
use named::Named;

/// Look at the embedded cloud, and make things go wrong in it
///
/// The embedded cloud answers as Azure Resource Manager does, on simulated time, and is kept in the state directory between commands.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan simulator show
  drplan simulator set public_ip.web properties.idleTimeoutInMinutes 10     drift, for the next plan to find
  drplan simulator remove subnet.web
  drplan simulator fault lose canadacentral
  drplan simulator fault lose canadacentral --after 3m --for 20m      in the middle of a run
  drplan simulator workload start stacks/web-geo                      clients write rows from now on
  drplan simulator pass 10m
  drplan simulator serve --tls                                        for az and Terraform
  drplan simulator workload show                                      what was lost, and for how long
  drplan simulator reset")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show what stands, what is under way, and which faults are in force; or the body of one object
    Show {
        /// An id, or an address recorded in the state
        object: Option<String>,
        /// The stack's directory, where OBJECT is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// The format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Forget the embedded cloud; states stay, and their next plan finds everything gone
    Reset,
    /// Write a value into the body of an object, behind everyone's back
    Set {
        /// An id, or an address recorded in the state
        object: String,
        /// Where in the body, as in properties.idleTimeoutInMinutes
        path: String,
        /// The value: JSON, or a bare text; null takes away what is there
        value: String,
        /// The stack's directory, where OBJECT is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Take an object and all in it away, behind everyone's back
    Remove {
        /// An id, or an address recorded in the state
        object: String,
        /// The stack's directory, where OBJECT is an address
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Make things go wrong
    Fault {
        #[command(subcommand)]
        verb: fault::Verb,
    },
    /// Let clients write rows through the public name of a stack, and see what comes of them
    Workload {
        #[command(subcommand)]
        verb: workload::Verb,
    },
    /// Serve it on a port, for other clients of Azure
    ///
    /// Prints what clients have to be told, as lines for a shell. It answers as Resource Manager does to whoever signed in here, in time that passes faster than outside.
    Serve(serve::Args),
    /// Let time pass
    Pass {
        /// How much, as in 10m
        #[arg(value_name = "DURATION", value_parser = parse)]
        time: Duration,
    },
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::Serve(args) => return serve::run(args, global, session),
        Verb::Reset => {
            Simulator::reset(&world_dir(global, session))?;
            session.print("The embedded cloud is empty.\n")?;
        }
        Verb::Show { object: None, stack: _, format } => {
            let shown = with_world(global, session, |world| Ok(world.show()))?;
            let text = match format {
                Format::Text => text(&shown),
                Format::Json => pretty(&serde_json::to_value(&shown).unwrap_or_default()),
            };
            session.print(&text)?;
        }
        Verb::Show { object: Some(object), stack, format: _ } => {
            let named = Named::of(object, stack, global, session)?;
            let body = with_world(global, session, |world| named.body(world))?;
            session.print(&pretty(&body))?;
        }
        Verb::Set { object, path, value, stack } => {
            let named = Named::of(object, stack, global, session)?;
            let json = serde_json::from_str(value).unwrap_or_else(|_| Json::from(value.as_str()));
            with_world(global, session, |world| named.set(world, path, json))?;
            session.print(&format!("{object}: {path} is now {value}\n"))?;
        }
        Verb::Remove { object, stack } => {
            let named = Named::of(object, stack, global, session)?;
            with_world(global, session, |world| named.remove(world))?;
            session.print(&format!("{object} is gone\n"))?;
        }
        Verb::Fault { verb } => fault::run(verb, global, session)?,
        Verb::Workload { verb } => workload::run(verb, global, session)?,
        Verb::Pass { time } => {
            let now = pass(*time, global, session)?;
            session.print(&format!("It is {now:.0}.\n"))?;
        }
    }
    Ok(ExitCode::Done)
}

/// Lets time pass in the embedded cloud, and says what time it is then.
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

fn text(shown: &Shown) -> String {
    let Shown { seed, now, objects, under_way, requests, faults } = shown;
    let mut out =
        format!("The embedded cloud (seed {seed}) at {now:.0}: {}.\n", count(objects.len(), "object", "objects"));
    let section =
        |title: &str, lines: String| if lines.is_empty() { String::new() } else { format!("\n{title}\n{lines}") };
    out += &section("Objects", objects.keys().map(|id| format!("  {id}\n")).collect());
    let one = |UnderWay { id, act, began: _, due, held }: &UnderWay| {
        let rest = std::time::Duration::try_from(due.duration_since(*now)).unwrap_or_default();
        let rest = if *held { "held up by a fault".to_owned() } else { format!("{} left", spoken(rest)) };
        format!("  {act} {id}, {rest}\n")
    };
    out += &section("Under way", under_way.iter().map(one).collect());
    out += &section("Faults", lines(faults));
    out + &section("Requests so far", requests.iter().map(|(verb, number)| format!("  {verb} {number}\n")).collect())
}
