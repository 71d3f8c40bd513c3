//! `drplan simulator`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value as Json;

use super::cloud::{open_world, simulated_time, world_dir};
use super::place::Place;
use super::{ExitCode, Failure, Format, Global, Session, pretty};
use crate::address::{Address, ArmId};
use crate::duration::spoken;
use crate::kinds::{self, Object, Within};
use crate::simulator::{Fault, Plane, Shown, Simulator, UnderWay, parse_faults};
use crate::view::count;

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
        verb: FaultVerb,
    },
}

#[derive(Debug, Subcommand)]
enum FaultVerb {
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
    },
    /// End the loss of a region
    Restore {
        /// The region
        location: String,
    },
    /// End all faults
    Clear,
    /// Add the faults in a file: a JSON list
    Load {
        /// The file
        file: PathBuf,
    },
    /// List the faults in force
    List,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
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
        Verb::Fault { verb } => fault(verb, global, session)?,
    }
    Ok(ExitCode::Done)
}

fn fault(verb: &FaultVerb, global: &Global, session: &mut Session) -> Result<(), Failure> {
    let text = match verb {
        FaultVerb::Lose { location, control_plane, data_plane } => {
            let plane = match (control_plane, data_plane) {
                (true, _) => Plane::Control,
                (_, true) => Plane::Data,
                (false, false) => Plane::Both,
            };
            let fault = Fault::Lose { location: location.clone(), plane };
            with_world(global, session, |world| Ok(world.add_fault(fault)?))?;
            format!("{location} is lost\n")
        }
        FaultVerb::Restore { location } => {
            if !with_world(global, session, |world| Ok(world.restore(location)?))? {
                return Err(Failure::failed(format!("{location} is not lost"))
                    .help("`drplan simulator fault list` lists what is."));
            }
            format!("{location} is back\n")
        }
        FaultVerb::Clear => {
            with_world(global, session, |world| Ok(world.clear_faults()?))?;
            "No faults are in force.\n".to_owned()
        }
        FaultVerb::Load { file } => {
            let (_, text) = super::place::read(file, session)?;
            let faults =
                parse_faults(&text).map_err(|what| Failure::wrong_file(format!("{}: {what}", file.display())))?;
            let added = count(faults.len(), "fault is", "faults are");
            with_world(global, session, |world| {
                Ok(faults.into_iter().try_for_each(|fault| world.add_fault(fault))?)
            })?;
            format!("{added} added\n")
        }
        FaultVerb::List => {
            let faults = with_world(global, session, |world| Ok(world.faults()))?;
            if faults.is_empty() { "No faults are in force.\n".to_owned() } else { lines(&faults) }
        }
    };
    session.print(&text)
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

/// An object, or an element of a list in one that is written as if it were an object.
struct Named {
    id: ArmId,
    within: Option<Within>,
}

impl Named {
    /// What is named by an id, or by the address under which it is recorded.
    fn of(object: &str, stack: &Path, global: &Global, session: &Session) -> Result<Self, Failure> {
        if object.starts_with('/') {
            return Ok(Self { id: ArmId::new(object), within: None });
        }
        let address: Address = object.parse().map_err(|_| {
            Failure::failed(format!("`{object}` is neither an id nor an address"))
                .help("`drplan simulator show` lists ids.")
        })?;
        let state = Place::of(stack, global, session)?.state(global, session)?;
        let recorded = state.and_then(|mut state| state.resources.remove(&address)).ok_or_else(|| {
            Failure::failed(format!("{address} is not recorded")).help("`drplan state list` lists what is.")
        })?;
        // The object that others refer to; a resource that is no object of its own has that of its parent.
        let own = recorded.objects.iter().position(|object| object.id == recorded.id).unwrap_or(0);
        match recorded.objects.into_iter().nth(own) {
            Some(object) => Ok(Self { id: object.id, within: object.within }),
            None => Ok(Self { id: recorded.id, within: None }),
        }
    }

    /// Its body.
    fn body(&self, world: &Simulator) -> Result<Json, Failure> {
        let absent = || Failure::failed(format!("there is no such object in the embedded cloud: {}", self.id));
        let body = world.body(&self.id).ok_or_else(absent)?;
        let object = Object { id: self.id.clone(), api: String::new(), within: self.within.clone() };
        kinds::body::part(&object, &body).cloned().ok_or_else(absent)
    }

    /// Writes a value into its body.
    fn set(&self, world: &Simulator, path: &str, value: Json) -> Result<(), Failure> {
        let Some(within) = &self.within else { return Ok(world.edit(&self.id, path, value)?) };
        let mut element = self.body(world)?;
        match value {
            Json::Null => kinds::path::remove(&mut element, path),
            value => kinds::path::put(&mut element, path, value),
        }
        self.put_element(world, within, Some(element))
    }

    /// Takes it away.
    fn remove(&self, world: &Simulator) -> Result<(), Failure> {
        match &self.within {
            None => Ok(world.delete_object(&self.id)?),
            Some(within) => self.put_element(world, within, None),
        }
    }

    /// Replaces the element, or takes it out of its list.
    fn put_element(&self, world: &Simulator, within: &Within, element: Option<Json>) -> Result<(), Failure> {
        match within {
            Within::Paths(paths) => {
                let read = |path: &String| element.as_ref().and_then(|e| kinds::path::get(e, path));
                paths.iter().try_for_each(|path| Ok(world.edit(&self.id, path, read(path).unwrap_or(Json::Null))?))
            }
            Within::Element { list, key, name } => {
                let body = world.body(&self.id).unwrap_or_default();
                let Some(Json::Array(all)) = kinds::path::get(&body, list) else { return Ok(()) };
                let is_it = |item: &Json| item.get(key).and_then(Json::as_str) == Some(name);
                let kept = |item: Json| if is_it(&item) { element.clone() } else { Some(item) };
                Ok(world.edit(&self.id, list, all.into_iter().filter_map(kept).collect())?)
            }
        }
    }
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

/// Faults as a file of them has them, one to a line.
fn lines(faults: &[Fault]) -> String {
    faults.iter().filter_map(|fault| Some(format!("  {}\n", serde_json::to_string(fault).ok()?))).collect()
}
