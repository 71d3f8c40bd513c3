//! `drplan doctor`.

use std::path::{Path, PathBuf};

use super::account::Account;
use super::again::again;
use super::cloud::{Reached, with_cloud};
use super::loading::load;
use super::place::holder;
use super::planning::store_of;
use super::{ExitCode, Failure, Format, Global, Session, pretty};
use crate::apply::read_lists;
use crate::doctor::{Answers, Finding, Patient, Verdict, examine, lists};
use crate::stack::{CloudName, Stack};
use crate::state::{State, StateError};
use crate::store::LocalStore;
use crate::view;
use crate::world::Store;

/// How far the clock of this machine may be from the cloud's, in seconds: tokens are taken within five minutes (source: what Azure's sign-in allows).
const SKEW: (i64, i64) = (60, 300);

/// See whether this stack could be applied and failed over from here, now
///
/// Looks at who signs in and what they may do, the subscription and its registrations, sizes and quotas at each site, the clock and the store, and says what to do about
/// what is wrong. Changes nothing. Exits 1 where an apply or a failover would fail.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan doctor stacks/web-geo --vars prod.vars.hcl --cloud azure
  drplan doctor --format json")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let stack = loaded.evaluate(session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let (state, mut kept) = recorded(&store, &args.stack, global, session);
    let mut findings = in_cloud(&loaded.account, Patient { stack: &stack, state: state.as_ref() }, global, session);
    findings.append(&mut kept);
    session.print(&match args.format {
        Format::Text => view::doctor::text(&format!("{} on {}", stack.name, cloud.as_str()), &findings),
        Format::Json => pretty(&view::doctor::json(Some(&stack.name), cloud.as_str(), &findings)),
    })?;
    let fails = findings.iter().any(|finding| finding.verdict == Verdict::Fails);
    Ok(if fails { ExitCode::Failed } else { ExitCode::Done })
}

/// What the cloud says; where it cannot be reached, only why.
fn in_cloud(account: &Account, patient: Patient<'_>, global: &Global, session: &mut Session) -> Vec<Finding> {
    let looked = with_cloud(account, global, session, async |reached, _| {
        let wanted = lists(patient);
        let answers = Answers::to(&wanted, read_lists(&reached.cloud, &*reached.clock, &wanted).await);
        let mut found = vec![Finding::passes("credentials", signed_in(account, patient.stack))];
        found.extend(examine(patient, &answers));
        found.extend(clock(&reached));
        Ok(found)
    });
    looked.unwrap_or_else(|failure| {
        let (what, help) = match failure {
            Failure::Message { exit: _, code: _, what, help } => (what, help.join(" ")),
            _ => ("the cloud cannot be reached".to_owned(), String::new()),
        };
        let help = if help.is_empty() {
            "Sign in with `az login`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret or a token file.".to_owned()
        } else {
            help
        };
        vec![Finding::of("credentials", Verdict::Fails, what, help)]
    })
}

fn signed_in(account: &Account, stack: &Stack) -> String {
    match account.cloud {
        CloudName::Local => "the embedded cloud asks for none".to_owned(),
        CloudName::Azure => format!("signed in to tenant {} for {}", account.tenant, stack.name),
    }
}

/// How far the two clocks are apart, where the cloud says what time it is.
fn clock(reached: &Reached) -> Option<Finding> {
    let apart = reached.cloud.clock_skew()?.as_secs().abs();
    let what = format!("this machine's clock is {apart} s from the cloud's");
    let help = "Set the clock, best by NTP: tokens and the times in journals and reports hang on it.";
    Some(match apart {
        _ if apart >= SKEW.1 => Finding::of("clock", Verdict::Fails, what, help),
        _ if apart >= SKEW.0 => Finding::of("clock", Verdict::Warns, what, help),
        _ => Finding::passes("clock", what),
    })
}

/// What is recorded, and whether it can be worked on.
fn recorded(store: &LocalStore, dir: &Path, global: &Global, session: &Session) -> (Option<State>, Vec<Finding>) {
    const NAME: &str = "store";
    let folder = store.folder();
    let place = folder.strip_prefix(&session.cwd).unwrap_or(folder).display().to_string();
    let fails = |what: String, help: String| (None, vec![Finding::of(NAME, Verdict::Fails, what, help)]);
    if !store.folder().exists() {
        let what = format!("nothing is recorded yet; it will be in {place}");
        return (None, vec![Finding::passes(NAME, what)]);
    }
    let state = match store.load() {
        Ok(state) => state,
        Err(error) => {
            return fails(
                error.to_string(),
                "Restore the file from a backup, or move it away and adopt what stands.".to_owned(),
            );
        }
    };
    let mut found = Vec::new();
    match store.lock(&holder("doctor", session)) {
        Ok(_) => {}
        Err(locked @ StateError::Locked(_)) => {
            let help = format!("`{}` clears what a dead process has left.", again("unlock", dir, global));
            found.push(Finding::of(NAME, Verdict::Warns, locked.to_string(), help));
        }
        Err(error) => {
            return fails(
                error.to_string(),
                "Nothing can be carried out that cannot be written down first.".to_owned(),
            );
        }
    }
    if let Some(open) = state.as_ref().and_then(|state| state.roles.open.as_ref()) {
        let help = format!("`{}` goes on with it.", again("failover-group resume", dir, global));
        found.push(Finding::of(NAME, Verdict::Warns, view::roles::of_run(open), help));
    }
    if found.is_empty() {
        let resources = state.as_ref().map_or(0, |state| state.resources.len());
        let what =
            format!("{} recorded in {place}, on this machine", view::count(resources, "resource is", "resources are"));
        found.push(Finding::of(
            NAME,
            Verdict::Passes,
            what,
            "Keep a copy of it where an outage of this place does not reach.",
        ));
    }
    (state, found)
}
