//! `drplan simulator fault`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use super::super::{Failure, Global, Session, place};
use super::with_world;
use crate::duration::{parse, spoken};
use crate::simulator::{At, Fault, Plane, Timed, parse_faults, registrable};
use crate::view::count;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Lose a region
    Lose {
        /// The region
        location: String,
        /// Only Resource Manager and the providers do not answer for it
        #[arg(long, conflicts_with = "data_plane")]
        control_plane: bool,
        /// Only what stands in it does not work
        #[arg(long)]
        data_plane: bool,
        #[command(flatten)]
        times: Times,
    },
    /// End the loss of a region
    Restore {
        /// The region
        location: String,
    },
    /// Have the subscription not registered with a provider, until it is registered
    Unregister {
        /// The namespace of the provider, as in Microsoft.Sql
        provider: String,
    },
    /// End all faults
    Clear,
    /// Add the faults in a file: a JSON list, each with its times in "from" and "until"
    Load {
        /// The file
        file: PathBuf,
    },
    /// List the faults in force, and those that will be
    List,
}

/// When something goes wrong, on the cloud's time.
#[derive(Debug, clap::Args)]
pub(super) struct Times {
    /// Not now, but so much later, as in 3m
    #[arg(long, value_name = "DURATION", value_parser = parse)]
    after: Option<Duration>,
    /// Only for so long, as in 20m
    #[arg(long = "for", value_name = "DURATION", value_parser = parse)]
    lasts: Option<Duration>,
}

impl Times {
    fn of(&self, fault: Fault) -> Timed {
        let after = self.after.unwrap_or_default();
        let until = self.lasts.map(|lasts| after.saturating_add(lasts));
        let at = |time: Duration| At::Seconds(time.as_secs_f64());
        Timed { fault, from: self.after.map(at), until: until.map(at) }
    }

    /// Completes a sentence that begins with a region.
    fn told(&self) -> String {
        let lost = match self.after {
            Some(after) => format!("will be lost in {}", spoken(after)),
            None => "is lost".to_owned(),
        };
        match self.lasts {
            Some(lasts) => format!("{lost}, for {}", spoken(lasts)),
            None => lost,
        }
    }
}

pub(super) fn run(verb: &Verb, global: &Global, session: &mut Session) -> Result<(), Failure> {
    let text = match verb {
        Verb::Lose { location, control_plane, data_plane, times } => {
            let plane = match (control_plane, data_plane) {
                (true, _) => Plane::Control,
                (_, true) => Plane::Data,
                (false, false) => Plane::Both,
            };
            let fault = Fault::Lose { location: location.clone(), plane };
            with_world(global, session, |world| Ok(world.add_fault(times.of(fault))?))?;
            format!("{location} {}\n", times.told())
        }
        Verb::Restore { location } => {
            if !with_world(global, session, |world| Ok(world.restore(location)?))? {
                return Err(Failure::failed(format!("{location} is not lost"))
                    .help("`drplan simulator fault list` lists what is."));
            }
            format!("{location} is back\n")
        }
        Verb::Unregister { provider } => {
            let provider = registrable(provider).map_err(Failure::failed)?;
            let fault = Fault::Unregistered { provider: provider.to_owned() };
            with_world(global, session, |world| Ok(world.add_fault(fault)?))?;
            format!("the subscription is not registered with {provider}\n")
        }
        Verb::Clear => {
            with_world(global, session, |world| Ok(world.clear_faults()?))?;
            "No faults are in force.\n".to_owned()
        }
        Verb::Load { file } => {
            let (_, text) = place::read(file, session)?;
            let faults =
                parse_faults(&text).map_err(|what| Failure::wrong_file(format!("{}: {what}", file.display())))?;
            let added = count(faults.len(), "fault is", "faults are");
            with_world(global, session, |world| {
                Ok(faults.into_iter().try_for_each(|fault| world.add_fault(fault))?)
            })?;
            format!("{added} added\n")
        }
        Verb::List => {
            let faults = with_world(global, session, |world| Ok(world.faults()))?;
            if faults.is_empty() { "No faults are in force.\n".to_owned() } else { lines(&faults) }
        }
    };
    session.print(&text)
}

/// Faults as a file of them has them, one to a line.
pub(super) fn lines(faults: &[Timed]) -> String {
    faults.iter().filter_map(|fault| Some(format!("  {}\n", serde_json::to_string(fault).ok()?))).collect()
}
