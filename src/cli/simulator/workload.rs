//! `drplan simulator workload`.

use crate::kinds::Grammar;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;

use super::super::again::{again, again_recorded};
use super::super::loading::load_without_secrets;
use super::super::{Failure, Global, OutputFormat, Session, pretty, versioned};
use super::with_world;
use crate::duration::spoken;
use crate::object::ObjectId;
use crate::simulator::{Simulator, StoreTally, Tally, Workload};
use crate::stack::{FailoverGroup, Stack, route_kinds};
use crate::value::Value;

#[derive(Debug, Subcommand)]
pub(super) enum WorkloadCommand {
    /// Start clients that write rows through the first route of a failover group, to its data stores
    Start {
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// Failover group [default: the only one]
        #[arg(long, value_name = "NAME", value_parser = crate::cli::group_name)]
        group: Option<String>,
        /// Host or URL that clients write to [default: that of the route]
        #[arg(long, value_name = "HOST")]
        front: Option<String>,
        /// Rows per second
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        rate: u64,
    },
    /// Stop the clients
    Stop,
    /// Show rows written, lost, duplicated, split and refused
    Show {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
}

pub(super) fn run(verb: &WorkloadCommand, global: &Global, session: &mut Session) -> Result<(), Failure> {
    let text = match verb {
        WorkloadCommand::Start { stack: directory, group, front, rate } => {
            let stack = load_without_secrets(directory, global, session)?.evaluate(session)?;
            let apply = again("apply", directory, global);
            let group = the_group(&stack, group.as_deref())?;
            let stores = stores(&stack, group);
            with_world(global, session, |world| {
                let front = match front {
                    Some(front) => front.clone(),
                    None => route_front(&stack, group, world, &apply)?,
                };
                let mut told = format!("Clients write {rate} rows per second to {front}\n");
                if world.is_outside(&front)? {
                    told += &format!("{front} is outside the simulated world: rows written there are not simulated.\n");
                }
                world.start_workload(Workload { front, stores, rate: *rate })?;
                Ok(told)
            })?
        }
        WorkloadCommand::Stop => match with_world(global, session, |world| Ok(world.stop_workload()?))? {
            true => {
                format!(
                    "Stopped the clients. Show the result: `{}`\n",
                    again_recorded("simulator workload show", Path::new("."), global)
                )
            }
            false => return Err(none(global)),
        },
        WorkloadCommand::Show { format } => {
            let tally = with_world(global, session, |world| Ok(world.workload()))?.ok_or_else(|| none(global))?;
            match format {
                OutputFormat::Text => text(&tally),
                OutputFormat::Json => pretty(&versioned(serde_json::to_value(&tally).unwrap_or_default())),
            }
        }
    };
    session.print(&text)
}

fn none(global: &Global) -> Failure {
    Failure::failed("the local simulator has no workload")
        .help(format!("Start one: `{}`", again_recorded("simulator workload start", Path::new("."), global)))
}

fn the_group<'a>(stack: &'a Stack, name: Option<&str>) -> Result<&'a FailoverGroup, Failure> {
    let names = || stack.failover_groups.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (name, stack.failover_groups.len()) {
        (Some(name), _) => stack.failover_group(name).ok_or_else(|| {
            Failure::failed(format!("the stack has no failover group `{name}`"))
                .help(format!("Failover groups: {}.", names()))
        }),
        (None, 0) => Err(Failure::failed("the stack has no failover group, which a workload needs")),
        (None, 1) => {
            stack.failover_groups.values().next().ok_or_else(|| Failure::failed("the stack has no failover group"))
        }
        (None, _) => Err(Failure::failed("the stack has several failover groups")
            .help(format!("Choose one with --group: {}.", names()))),
    }
}

/// The public name of the first route. `apply` is the command that creates it.
fn route_front(stack: &Stack, group: &FailoverGroup, world: &Simulator, apply: &str) -> Result<String, Failure> {
    const HOST: &str = "Or name the host that clients write to with --front HOST.";
    let missing = || {
        Failure::failed(format!(
            "failover group `{}` has no route with a public name: none has the argument {}",
            group.name,
            route_kinds().map(|kind| format!("`{}`", kind.entrance)).collect::<Vec<_>>().join(" or ")
        ))
        .help("Add a `route` with one of them to the group.")
        .help(HOST)
    };
    match group.routes.iter().flat_map(|route| route.entrances()).next().cloned().ok_or_else(missing)? {
        Value::Block(address) => {
            let id = stack.resources.get(&address).map(|resource| resource.id.clone()).ok_or_else(missing)?;
            world.hosts(&id).into_iter().next().ok_or_else(|| {
                Failure::failed(format!(
                    "{address}, which a route of failover group `{}` names, has no host name in the local simulator",
                    group.name
                ))
                .help(format!("Create it: `{apply}`"))
                .help(HOST)
            })
        }
        Value::String(name) => Ok(name.to_string()),
        _ => Err(missing()),
    }
}

/// The objects of the data stores of a group, and those that they consist of.
fn stores(stack: &Stack, group: &FailoverGroup) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for resource in group.promote.iter().filter_map(|address| stack.resources.get(address)) {
        found.push(resource.id.clone());
        found.extend(resource.objects.iter().map(|object| object.id.clone()));
        resource.args.values().for_each(|value| ids(stack.catalog(), value, &mut found));
    }
    found
}

fn ids(grammar: &dyn Grammar, value: &Value, into: &mut Vec<ObjectId>) {
    match value {
        Value::String(text) if grammar.is_id(text) => into.push(ObjectId::new(text.as_ref())),
        Value::List(items) => items.iter().for_each(|item| ids(grammar, item, into)),
        _ => {}
    }
}

fn text(tally: &Tally) -> String {
    let Tally { front, rate, began, until, running, .. } = tally;
    let span = Duration::try_from(until.duration_since(*began)).unwrap_or_default();
    let (verb, so_far) = if *running { ("write", " so far") } else { ("wrote", "") };
    let mut out = format!("Clients {verb} {rate} rows per second to {front}, {}{so_far}.\n\n", spoken(span));
    let mut row = |what: &str, count: u64, about: &str| {
        out += &format!("  {what:<9} {count:>9}  {about}\n");
    };
    row("written", tally.written, "acknowledged to a client");
    row("refused", tally.refused, "not accepted by any store");
    row("lost", tally.lost, &format!("acknowledged, but missing from a data store: {}s of writes", tally.lost_seconds));
    row("duplicate", tally.doubled, "written twice: the client retried after no response");
    row("split", tally.split, "accepted by a region after another one was promoted");
    let down = Duration::from_secs(tally.downtime_seconds);
    out += &match (tally.first_refused, tally.last_refused) {
        (Some(first), Some(last)) => {
            format!("\nRows were refused between {first:.0} and {last:.0}; longest downtime {}.\n", spoken(down))
        }
        _ if tally.not_simulated > 0 => String::new(),
        _ => "\nEvery row was accepted.\n".to_owned(),
    };
    if tally.not_simulated > 0 {
        out += &format!(
            "\nNot simulated: {} rows, neither written nor refused, because their host is outside the simulated world.\n",
            tally.not_simulated
        );
    }
    out + &tally.stores.iter().map(store).collect::<String>()
}

fn store(store: &StoreTally) -> String {
    let StoreTally { name, writers, behind, lost, lost_seconds, doubled, split } = store;
    let writers = if writers.is_empty() { "nowhere".to_owned() } else { format!("in {}", writers.join(" and ")) };
    let behind: String = behind.iter().map(|(region, seconds)| format!(", {region} lags {seconds}s")).collect();
    format!(
        "\n{name}: written {writers}{behind}\n  {lost} lost ({lost_seconds}s), {doubled} duplicate, {split} split\n"
    )
}
