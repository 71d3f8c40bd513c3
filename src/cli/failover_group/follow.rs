//! Progress of a run that another process carries out, read from its journal.

use std::time::Duration;

use super::{ExitCode, Failure, Session, ending};
use crate::apply::FailoverRun;
use crate::cli::location::holder;
use crate::cli::progress::{begun, ended, learnt};
use crate::run::Report;
use crate::state::OpenRun;
use crate::steps::{Entry, Event, StepEvent};
use crate::store::LocalStore;
use crate::world::Store;

/// Interval at which the journal is read.
const POLL: Duration = Duration::from_millis(200);

/// The unfinished run of this group, or the only one. Refused where several groups have one and none is named.
pub fn under_way(store: &LocalStore, group: Option<&str>) -> Result<Option<FailoverRun>, Failure> {
    let open = store.load()?.map(|state| state.roles.open).unwrap_or_default();
    let open: Vec<&OpenRun> = open.values().filter(|open| group.is_none_or(|group| open.group == group)).collect();
    match open.as_slice() {
        [] => Ok(None),
        [open] => Ok(Some(FailoverRun::read(store, &open.run)?)),
        several => {
            let names: Vec<&str> = several.iter().map(|open| open.group.as_str()).collect();
            Err(Failure::failed("several failover groups have an unfinished run")
                .help(format!("Choose one with --group: {}.", names.join(", "))))
        }
    }
}

/// Shows a run until it ends, and returns its exit code.
pub fn follow(run: &FailoverRun, store: &LocalStore, resume: &str, session: &mut Session) -> Result<ExitCode, Failure> {
    session.say(&format!(
        "Run {} of failover group {} is in progress in another process. Following it:\n",
        run.id, run.undertaking.group
    ));
    let mut shown = 0;
    loop {
        let now = FailoverRun::read(store, &run.id)?;
        for entry in now.journal.iter().skip(shown) {
            if let Some(line) = line(&now, entry) {
                session.say(&format!("{line}\n"));
            }
        }
        shown = now.journal.len();
        if matches!(now.journal.last().map(|entry| &entry.event), Some(Event::Ended(_) | Event::Closed { .. })) {
            return Ok(ending::exit(&ending::timeline(&now)?));
        }
        // A process releases the lock before the run has ended only if it has died.
        if store.lock_group(&run.undertaking.group, &holder("failover-group up", session)).is_ok() {
            let now = FailoverRun::read(store, &run.id)?;
            if now.journal.len() == shown {
                session
                    .say(&format!("The process that carried out this run has ended. Resume it with:\n    {resume}\n"));
                return Ok(ExitCode::Stopped);
            }
        }
        std::thread::sleep(POLL);
    }
}

/// The line of an entry, as the process that carries out the run shows it.
fn line(run: &FailoverRun, entry: &Entry) -> Option<String> {
    let Event::Step { step: id, event, address: _ } = &entry.event else { return None };
    let step = run.graph.step(*id)?;
    match event {
        StepEvent::Begun(_) => Some(begun(step)),
        StepEvent::Learnt(what) => Some(learnt(step, what)),
        outcome => {
            let until = run.journal.iter().position(|other| std::ptr::eq(other, entry)).unwrap_or_default();
            let report = Report::of(&run.graph, run.journal.get(..=until)?)?;
            let took = report.fates.get(id.index())?.took().map(crate::run::StepTime::length).unwrap_or_default();
            ended(step, took, outcome)
        }
    }
}
