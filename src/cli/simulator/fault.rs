//! `drplan simulator fault`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::super::again::again_recorded;
use super::super::{Failure, Global, OutputFormat, Session, location, pretty};
use super::with_world;
use crate::diagnostic::closest;
use crate::duration::{parse, spoken};
use crate::kinds::Catalog;
use crate::providers::dialects;
use crate::simulator::{Fault, FaultTime, PROVIDER, Plane, ScheduledFault, parse_faults};
use crate::view::count;

#[derive(Debug, Subcommand)]
pub(super) enum FaultCommand {
    /// Take a region or a provider down
    Lose {
        /// Region, or "provider:" and the name of a provider: its control plane and all of its regions
        location: String,
        /// Only the control plane: the API of the provider
        #[arg(long, conflicts_with = "data_plane")]
        control_plane: bool,
        /// Only the data plane: the resources in it
        #[arg(long)]
        data_plane: bool,
        #[command(flatten)]
        times: FaultSchedule,
    },
    /// Bring a region or a provider back
    Restore {
        /// Region, or "provider:" and the name of a provider
        location: String,
    },
    /// Unregister the subscription from a resource provider, until it is registered again
    Unregister {
        #[arg(help = format!("Namespace of the resource provider, such as {}", dialects().registered_example().unwrap_or("…")))]
        provider: String,
    },
    /// Damage a recovery point of a backup: a machine that restores it reports so
    Damage {
        /// Name of the backup; * matches any text
        backup: String,
        /// Recovery point, as `drplan backup list` shows it; * matches any text
        point: String,
        #[command(flatten)]
        times: FaultSchedule,
    },
    /// Let machines restore a backup at a share of the estimated rates
    Slow {
        /// Name of the backup; * matches any text
        backup: String,
        /// Share of the estimated rates in percent: 1 to 1000
        #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
        percent: u32,
        /// MiB of restored data that are checked in a second; without it, checks are not measured
        #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=100_000))]
        checks: Option<u64>,
        #[command(flatten)]
        times: FaultSchedule,
    },
    /// End all faults
    Clear,
    /// Add faults from a file: a JSON list, each with "from" and "until"
    Load {
        /// File
        file: PathBuf,
    },
    /// List active and scheduled faults
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: OutputFormat,
    },
}

/// Time of a fault, on the simulator's clock.
#[derive(Debug, clap::Args)]
pub(super) struct FaultSchedule {
    /// Start after this time: 3m
    #[arg(long, value_name = "DURATION", value_parser = parse)]
    after: Option<Duration>,
    /// End after this time: 20m
    #[arg(long = "for", value_name = "DURATION", value_parser = parse)]
    lasts: Option<Duration>,
}

impl FaultSchedule {
    fn of(&self, fault: Fault) -> ScheduledFault {
        let after = self.after.unwrap_or_default();
        let until = self.lasts.map(|lasts| after.saturating_add(lasts));
        let at = |time: Duration| FaultTime::Seconds(time.as_secs_f64());
        ScheduledFault { fault, from: self.after.map(at), until: until.map(at) }
    }

    /// The fault's times, to complete a sentence: what happens later, or is now.
    fn phrase(&self, later: &str, now: &str) -> String {
        let begins = match self.after {
            Some(after) => format!("{later} in {}", spoken(after)),
            None => now.to_owned(),
        };
        match self.lasts {
            Some(lasts) => format!("{begins}, for {}", spoken(lasts)),
            None => begins,
        }
    }
}

pub(super) fn run(verb: &FaultCommand, global: &Global, session: &mut Session) -> Result<(), Failure> {
    let text = match verb {
        FaultCommand::Lose { location, control_plane, data_plane, times } => {
            let plane = match (control_plane, data_plane) {
                (true, _) => Plane::Control,
                (_, true) => Plane::Data,
                (false, false) => Plane::Both,
            };
            let location = known(session.catalog, location)?;
            let fault = Fault::Lose { location: location.clone(), plane };
            with_world(global, session, |world| Ok(world.add_fault(times.of(fault))?))?;
            format!("{} {}\n", shown(&location), times.phrase("goes down", "is down"))
        }
        FaultCommand::Restore { location } => {
            if !with_world(global, session, |world| Ok(world.restore(location)?))? {
                let list = again_recorded("simulator fault list", Path::new("."), global);
                let failure = known(session.catalog, location)
                    .map_or_else(|unknown| unknown, |name| Failure::failed(format!("{} is not down", shown(&name))));
                return Err(failure.help(format!("List active faults: `{list}`")));
            }
            format!("{} is up again\n", shown(location))
        }
        FaultCommand::Unregister { provider } => {
            let provider = dialects().registrable(provider).map_err(Failure::failed)?;
            let fault = Fault::Unregistered { provider: provider.to_owned() };
            with_world(global, session, |world| Ok(world.add_fault(fault)?))?;
            format!("The subscription is no longer registered with {provider}\n")
        }
        FaultCommand::Damage { backup, point, times } => {
            let fault = Fault::Damage { backup: backup.clone(), point: point.clone() };
            with_world(global, session, |world| Ok(world.add_fault(times.of(fault))?))?;
            format!("Point {point} of backup {backup} {}\n", times.phrase("is damaged", "is damaged"))
        }
        FaultCommand::Slow { backup, percent, checks, times } => {
            let checks = checks.map(|mib| mib << 20);
            let fault = Fault::Slow { backup: backup.clone(), percent: *percent, checks };
            with_world(global, session, |world| Ok(world.add_fault(times.of(fault))?))?;
            let when = times.phrase("are restored so", "are restored so");
            format!("Points of backup {backup} {when}: at {percent} % of the estimated rates\n")
        }
        FaultCommand::Clear => {
            with_world(global, session, |world| Ok(world.clear_faults()?))?;
            "All faults are cleared.\n".to_owned()
        }
        FaultCommand::Load { file } => {
            let (_, text) = location::read(file, session)?;
            let faults = parse_faults(&text, dialects())
                .map_err(|what| Failure::wrong_file(format!("{}: {what}", file.display())))?;
            let added = count(faults.len(), "fault", "faults");
            for fault in &faults {
                if let Fault::Lose { location, .. } = &fault.fault {
                    known(session.catalog, location)?;
                }
            }
            with_world(global, session, |world| {
                Ok(faults.into_iter().try_for_each(|fault| world.add_fault(fault))?)
            })?;
            format!("Added {added}\n")
        }
        FaultCommand::List { format } => {
            let faults = with_world(global, session, |world| Ok(world.faults()))?;
            match format {
                OutputFormat::Json => pretty(&json!({ "format_version": 1, "faults": faults })),
                OutputFormat::Text if faults.is_empty() => "No active faults.\n".to_owned(),
                OutputFormat::Text => lines(&faults),
            }
        }
    };
    session.print(&text)
}

/// The name of a region or provider that a fault takes down, as a person calls it.
fn shown(location: &str) -> &str {
    location.strip_prefix(PROVIDER).unwrap_or(location)
}

/// The name of a region as ids have it, or that of a provider.
fn known(catalog: &Catalog, location: &str) -> Result<String, Failure> {
    if let Some(provider) = location.strip_prefix(PROVIDER) {
        let found = dialects().names().find(|name| name.eq_ignore_ascii_case(provider));
        let names = || dialects().names().map(|name| format!("{PROVIDER}{name}")).collect::<Vec<_>>().join(", ");
        let unknown = || {
            Failure::failed(format!("the local simulator has no provider `{provider}`"))
                .help(format!("Use one of: {}", names()))
        };
        return found.map(|name| format!("{PROVIDER}{name}")).ok_or_else(unknown);
    }
    if let Some(found) = catalog.region(location) {
        return Ok(found.name.to_owned());
    }
    let failure = Failure::failed(format!("there is no region `{location}`"));
    Err(match closest(location, catalog.providers().flat_map(|provider| provider.regions).map(|region| region.name)) {
        Some(close) => failure.help(format!("Did you mean `{close}`?")),
        None => failure.help(format!("Use the name of a region, such as {}.", region(catalog))),
    })
}

/// A region, as an example.
fn region(catalog: &Catalog) -> &'static str {
    catalog.providers().flat_map(|provider| provider.regions).map(|region| region.name).next().unwrap_or("…")
}

/// Faults in the format of a file, one per line.
pub(super) fn lines(faults: &[ScheduledFault]) -> String {
    faults.iter().filter_map(|fault| Some(format!("  {}\n", serde_json::to_string(fault).ok()?))).collect()
}
