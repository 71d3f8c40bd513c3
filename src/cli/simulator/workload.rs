//! `drplan simulator workload`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use super::super::loading::load;
use super::super::{Failure, Format, Global, Session, pretty};
use super::with_world;
use crate::address::ArmId;
use crate::duration::spoken;
use crate::simulator::{Simulator, StoreTally, Tally, Workload};
use crate::stack::{FailoverGroup, Stack};
use crate::value::Value;

/// The arguments of a route that say what users are led by.
const FRONTS: &[&str] = &["profile", "record"];

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Let clients write rows from now on, through the first route of a failover group, to the stores that it promotes
    Start {
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
        /// The failover group, where the stack has several
        #[arg(long, value_name = "NAME")]
        group: Option<String>,
        /// The host or URL that clients write to, instead of that of the route
        #[arg(long, value_name = "HOST")]
        front: Option<String>,
        /// Rows a second
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        rate: u64,
    },
    /// Let them write no more
    Stop,
    /// Show what was written, lost, doubled, split and refused
    Show {
        /// The format
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

pub(super) fn run(verb: &Verb, global: &Global, session: &mut Session) -> Result<(), Failure> {
    let text = match verb {
        Verb::Start { stack, group, front, rate } => {
            let stack = load(stack, global, session)?.evaluate(session)?;
            let group = the_group(&stack, group.as_deref())?;
            let stores = stores(&stack, group);
            with_world(global, session, |world| {
                let front = match front {
                    Some(front) => front.clone(),
                    None => route_front(&stack, group, world)?,
                };
                let told = format!("Clients write {rate} rows a second to {front}\n");
                world.start_workload(Workload { front, stores, rate: *rate })?;
                Ok(told)
            })?
        }
        Verb::Stop => match with_world(global, session, |world| Ok(world.stop_workload()?))? {
            true => {
                "No rows are written any more; `drplan simulator workload show` shows what came of them\n".to_owned()
            }
            false => return Err(none()),
        },
        Verb::Show { format } => {
            let tally = with_world(global, session, |world| Ok(world.workload()))?.ok_or_else(none)?;
            match format {
                Format::Text => text(&tally),
                Format::Json => pretty(&serde_json::to_value(&tally).unwrap_or_default()),
            }
        }
    };
    session.print(&text)
}

fn none() -> Failure {
    Failure::failed("no clients write to the embedded cloud").help("`drplan simulator workload start` lets them.")
}

fn the_group<'a>(stack: &'a Stack, name: Option<&str>) -> Result<&'a FailoverGroup, Failure> {
    let names = || stack.failover_groups.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match (name, stack.failover_groups.len()) {
        (Some(name), _) => stack.failover_groups.get(name).ok_or_else(|| {
            Failure::failed(format!("the stack has no failover group `{name}`")).help(format!("It has {}.", names()))
        }),
        (None, 0) => Err(Failure::failed("the stack has no failover group, and so neither a route nor stores")),
        (None, 1) => stack.failover_groups.values().next().ok_or_else(none),
        (None, _) => {
            Err(Failure::failed("the stack has several failover groups")
                .help(format!("Name one by --group: {}.", names())))
        }
    }
}

/// The name that the first route leads users by.
fn route_front(stack: &Stack, group: &FailoverGroup, world: &Simulator) -> Result<String, Failure> {
    let named = |route: &crate::stack::Route| FRONTS.iter().find_map(|argument| route.args.get(*argument).cloned());
    let missing = || Failure::failed(format!("no route of `{}` says what users are led by", group.name));
    match group.routes.iter().find_map(named).ok_or_else(missing)? {
        Value::Block(address) => {
            let id = stack.resources.get(&address).map(|resource| resource.id.clone()).ok_or_else(missing)?;
            world.hosts(&id).into_iter().next().ok_or_else(|| {
                Failure::failed(format!("{address} has no name in the public network"))
                    .help("It has one once it stands: `drplan apply` makes it.")
            })
        }
        Value::String(name) => Ok(name.to_string()),
        _ => Err(missing()),
    }
}

/// The objects of what a group promotes, and those that it is made from: some of them say how rows are kept.
fn stores(stack: &Stack, group: &FailoverGroup) -> Vec<ArmId> {
    let mut found = Vec::new();
    for resource in group.promote.iter().filter_map(|address| stack.resources.get(address)) {
        found.push(resource.id.clone());
        found.extend(resource.objects.iter().map(|object| object.id.clone()));
        resource.args.values().for_each(|value| ids(value, &mut found));
    }
    found
}

fn ids(value: &Value, into: &mut Vec<ArmId>) {
    match value {
        Value::String(text) if text.starts_with('/') => into.push(ArmId::new(text.as_ref())),
        Value::List(items) => items.iter().for_each(|item| ids(item, into)),
        _ => {}
    }
}

fn text(tally: &Tally) -> String {
    let Tally { front, rate, began, until, running, .. } = tally;
    let span = Duration::try_from(until.duration_since(*began)).unwrap_or_default();
    let (verb, so_far) = if *running { ("write", " so far") } else { ("wrote", "") };
    let mut out = format!("Clients {verb} {rate} rows a second to {front}, {}{so_far}.\n\n", spoken(span));
    let mut row = |what: &str, count: u64, about: &str| {
        out += &format!("  {what:<9} {count:>9}  {about}\n");
    };
    row("written", tally.written, "that a client was told of");
    row("refused", tally.refused, "that nobody took");
    row("lost", tally.lost, &format!("of those written, that a store no longer has: {}s of them", tally.lost_seconds));
    row("doubled", tally.doubled, "written again by clients that had not heard of the first time");
    row("split", tally.split, "taken by a region after another one had taken its place");
    let down = Duration::from_secs(tally.downtime_seconds);
    out += &match (tally.first_refused, tally.last_refused) {
        (Some(first), Some(last)) => {
            format!("\nRows were refused between {first:.0} and {last:.0}; where it was worst, for {}.\n", spoken(down))
        }
        _ => "\nEvery row was taken.\n".to_owned(),
    };
    out + &tally.stores.iter().map(store).collect::<String>()
}

fn store(store: &StoreTally) -> String {
    let StoreTally { name, writers, behind, lost, lost_seconds, doubled, split } = store;
    let writers = if writers.is_empty() { "by none".to_owned() } else { format!("in {}", writers.join(" and ")) };
    let behind: String = behind.iter().map(|(region, seconds)| format!(", {region} {seconds}s behind")).collect();
    format!("\n{name}: written {writers}{behind}\n  {lost} lost ({lost_seconds}s), {doubled} doubled, {split} split\n")
}
