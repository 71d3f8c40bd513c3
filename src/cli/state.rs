//! `drplan state`.

use std::path::PathBuf;

use clap::Subcommand;

use super::place::{Place, holder};
use super::planning::refuse_open;
use super::{ExitCode, Failure, Global, Session};
use crate::address::Address;
use crate::diagnostic::closest;
use crate::state::{State, format};
use crate::view::state as view;
use crate::world::Store;

/// Look at what is recorded, and mend it
///
/// The state records what stands, so that a plan knows what to change and to delete. Sensitive values are not in it, only digests of them.
/// Every change is made under the lock and leaves the state before it as state.json.backup.
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
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what is recorded
    List {
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Show one resource as recorded
    Show {
        /// The resource
        address: Address,
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Record a resource under another address: after it was renamed in the stack
    Mv {
        /// The address it is recorded under
        from: Address,
        /// The address it has now
        to: Address,
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Take a resource out of the state and leave what stands alone
    Forget {
        /// The resource
        address: Address,
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
    /// Print the whole state as JSON
    Pull {
        /// The stack's directory
        #[arg(default_value = ".")]
        stack: PathBuf,
    },
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::List { stack } => {
            let state = Place::of(stack, global, session)?.state(global, session)?;
            session.print(&state.as_ref().map(view::list).unwrap_or_default())?;
        }
        Verb::Show { address, stack } => {
            let state = recorded(&Place::of(stack, global, session)?, global, session)?;
            let resource = state.resources.get(address).ok_or_else(|| unknown(address, &state))?;
            session.print(&view::show(address, resource, &state))?;
        }
        Verb::Mv { from, to, stack } => {
            change(stack, "state mv", global, session, |state| rename(state, from, to))?;
            session.print(&format!("{from} is recorded as {to}\n"))?;
        }
        Verb::Forget { address, stack } => {
            change(stack, "state forget", global, session, |state| forget(state, address))?;
            session.print(&format!("{address} is forgotten; what stands was left alone\n"))?;
        }
        Verb::Pull { stack } => {
            let state = recorded(&Place::of(stack, global, session)?, global, session)?;
            let text =
                format::write(&state).map_err(|error| Failure::failed(format!("the state has no text: {error}")))?;
            session.print(&text)?;
        }
    }
    Ok(ExitCode::Done)
}

fn recorded(place: &Place, global: &Global, session: &Session) -> Result<State, Failure> {
    place.state(global, session)?.ok_or_else(|| {
        Failure::failed(format!("nothing is recorded yet of {} on {}", place.stack, place.cloud.as_str()))
            .help("`drplan apply` records what it does.")
    })
}

/// Changes the state under its lock, as one write.
fn change(
    stack: &std::path::Path,
    command: &str,
    global: &Global,
    session: &Session,
    change: impl FnOnce(&mut State) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let place = Place::of(stack, global, session)?;
    let store = place.store(global, session)?;
    // Nothing is recorded: then there is no folder to put a lock into, either.
    recorded(&place, global, session)?;
    let _lock = store.lock(&holder(command, session))?;
    let mut state = recorded(&place, global, session)?;
    refuse_open(Some(&state), stack, global)?;
    change(&mut state)?;
    state.serial += 1;
    Ok(store.save(&state)?)
}

fn rename(state: &mut State, from: &Address, to: &Address) -> Result<(), Failure> {
    if from.kind() != to.kind() {
        return Err(Failure::refused(format!("{from} cannot become {to}: a resource keeps its kind")));
    }
    if state.resources.contains_key(to) {
        return Err(Failure::refused(format!("{to} is recorded already"))
            .help("Forget it first, if what it records is not wanted."));
    }
    let resource = state.resources.remove(from).ok_or_else(|| unknown(from, state))?;
    state.resources.insert(to.clone(), resource);
    for need in state.resources.values_mut().flat_map(|resource| &mut resource.needs).filter(|need| *need == from) {
        *need = to.clone();
    }
    Ok(())
}

fn forget(state: &mut State, address: &Address) -> Result<(), Failure> {
    state.resources.remove(address).ok_or_else(|| unknown(address, state))?;
    for resource in state.resources.values_mut() {
        resource.needs.retain(|need| need != address);
    }
    Ok(())
}

fn unknown(address: &Address, state: &State) -> Failure {
    let failure = Failure::failed(format!("{address} is not recorded"));
    match closest(address.as_str(), state.resources.keys().map(Address::as_str)) {
        Some(close) => failure.help(format!("Did you mean `{close}`?")),
        None => failure.help("`drplan state list` lists what is."),
    }
}
