//! `drplan state`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;

use super::again::{again, again_recorded};
use super::location::{StackLocation, holder};
use super::planning::refuse_held;
use super::{ExitCode, Failure, Global, OutputFormat, Session, pretty};
use crate::address::Address;
use crate::apply::held_resources;
use crate::diagnostic::closest;
use crate::plan::Moves;
use crate::state::{State, format};
use crate::view::{Detail, Layout, restores as restored, state as view};
use crate::world::Store;

/// Show and repair the state
///
/// The state records the resources that exist, so that a plan knows what to change and delete. It holds digests of
/// sensitive values, never the values. Every change is made under the lock and keeps the previous state as
/// state.json.backup.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan state list stacks/web-geo
  drplan state show virtual_network.primary stacks/web-geo
  drplan state mv subnet.web subnet.front stacks/web-geo
  drplan state forget public_ip.old stacks/web-geo
  drplan state pull stacks/web-geo > state-copy.json")]
pub struct Args {
    #[command(subcommand)]
    verb: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// List the resources in the state
    ///
    /// On a terminal, four or more resources of one kind at one site are one line with their number; -v shows each.
    /// Elsewhere, as in a pipe, each line is one resource: its address, then its site.
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Show one resource of the state, or the restores of a backup
    ///
    /// A backup has a record of its newest restores: each point, the time of its data, and the time that it took.
    Show {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
        /// Address of the resource or backup
        address: Address,
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Move a resource to another address, after it was renamed in the stack
    Mv {
        /// Address in the state
        from: Address,
        /// New address
        to: Address,
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Remove a resource from the state without deleting it in the cloud
    Forget {
        /// Address of the resource
        address: Address,
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Print the whole state as JSON
    Pull {
        /// Directory of the stack
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        StateCommand::List { format, stack } => {
            let place = StackLocation::of(stack, global, session)?;
            let state = place.state(global, session)?;
            session.print(&match format {
                OutputFormat::Text => {
                    state.map(|state| view::list(&state, of_list(global, session))).unwrap_or_default()
                }
                OutputFormat::Json => pretty(&view::list_json(&place.stack, state.as_ref())),
            })?;
        }
        StateCommand::Show { format, address, stack } => {
            let state = recorded(&StackLocation::of(stack, global, session)?, stack, global, session)?;
            if let Some(restores) = state.restores.get(address) {
                session.print(&match format {
                    OutputFormat::Text => restored::show(address, restores, session.layout(global)),
                    OutputFormat::Json => pretty(&restored::show_json(address, restores)),
                })?;
                return Ok(ExitCode::Done);
            }
            let list = again_recorded("state list", stack, global);
            let resource = state.resources.get(address).ok_or_else(|| unknown(address, &state, &list))?;
            session.print(&match format {
                OutputFormat::Text => view::show(session.catalog, (address, resource), &state, session.layout(global)),
                OutputFormat::Json => pretty(&view::show_json(address, resource)),
            })?;
        }
        StateCommand::Mv { from, to, stack } => {
            change(stack, "state mv", global, session, &[from, to], |state, list| rename(state, from, to, list))?;
            session.print(&format!("Moved {from} to {to}.\n"))?;
        }
        StateCommand::Forget { address, stack } => {
            change(stack, "state forget", global, session, &[address], |state, list| forget(state, address, list))?;
            session.print(&format!("Removed {address} from the state. The resource in the cloud is unchanged.\n"))?;
        }
        StateCommand::Pull { stack } => {
            let state = recorded(&StackLocation::of(stack, global, session)?, stack, global, session)?;
            let text = format::write(&state)
                .map_err(|error| Failure::failed(format!("the state cannot be written as text: {error}")))?;
            session.print(&text)?;
        }
    }
    Ok(ExitCode::Done)
}

/// The form of a list: for scripts, which read it line by line, each resource is a line.
fn of_list(global: &Global, session: &Session) -> Layout {
    let layout = session.layout(global);
    if session.terminal.out { layout } else { Layout { detail: Detail::Full, ..layout } }
}

fn recorded(place: &StackLocation, stack: &Path, global: &Global, session: &Session) -> Result<State, Failure> {
    place.state(global, session)?.ok_or_else(|| {
        Failure::failed(format!("{} has no state on {}: it was never applied there", place.stack, place.cloud.as_str()))
            .help(format!("Apply it first: `{}`", again("apply", stack, global)))
    })
}

/// Changes the state under its lock, as one write.
fn change(
    stack: &Path,
    command: &str,
    global: &Global,
    session: &Session,
    addresses: &[&Address],
    change: impl Fn(&mut State, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let place = StackLocation::of(stack, global, session)?;
    let store = place.store(global, session)?;
    // Without a state there is no folder for a lock, either.
    recorded(&place, stack, global, session)?;
    let _lock = store.lock(&holder(command, session))?;
    let state = recorded(&place, stack, global, session)?;
    refuse_held(&held_resources(&store, &state)?, addresses.iter().copied(), stack, global)?;
    let mut changed = Ok(());
    store.write(&mut || {
        // Runs may write while they are unfinished.
        let Some(mut state) = store.load()? else { return Ok(()) };
        changed = change(&mut state, &again_recorded("state list", stack, global));
        if changed.is_ok() {
            state.keep_open_runs();
            state.serial += 1;
            store.save(&state)?;
        }
        Ok(())
    })?;
    changed
}

fn rename(state: &mut State, from: &Address, to: &Address, list: &str) -> Result<(), Failure> {
    if from.kind() != to.kind() {
        return Err(Failure::refused(format!("{from} cannot become {to}: a resource cannot change its kind")));
    }
    if state.resources.contains_key(to) {
        return Err(Failure::refused(format!("{to} is already in the state"))
            .help("Remove it first with `drplan state forget`, if it is not needed."));
    }
    if !state.resources.contains_key(from) {
        return Err(unknown(from, state, list));
    }
    Moves::one(from, to).carry_out(state);
    Ok(())
}

fn forget(state: &mut State, address: &Address, list: &str) -> Result<(), Failure> {
    state.resources.remove(address).ok_or_else(|| unknown(address, state, list))?;
    for resource in state.resources.values_mut() {
        if resource.needs.contains(address) {
            Arc::make_mut(resource).needs.retain(|need| need != address);
        }
    }
    Ok(())
}

fn unknown(address: &Address, state: &State, list: &str) -> Failure {
    let failure = Failure::failed(format!("{address} is not in the state"));
    match closest(address.as_str(), state.resources.keys().map(Address::as_str)) {
        Some(close) => failure.help(format!("Did you mean `{close}`?")),
        None => failure.help(format!("List the state: `{list}`")),
    }
}
