//! The outcome of a failover run: completed and failed steps, how to continue, and its reports.

use std::time::Duration;

use super::{ExitCode, Failure, Session};
use crate::apply::{FailoverRun, RunError};
use crate::cli::ending::{failure, in_time};
use crate::duration::{at_least, spoken};
use crate::roles::FailoverMode;
use crate::run::{Report, StepOutcome};
use crate::stack::CloudName;
use crate::steps::lines::Chain;
use crate::steps::{Condition, Event, RunEnd, Step, StepEvent, StepGraph, Timeline, restores_of};
use crate::store::LocalStore;
use crate::view::{self, count, hang, wrap};
use crate::visible::shown;

/// The exit code of a run. A run that was rolled back, aborted or taken over counts as failed, and so does one that an
/// operator let continue without a step, one that does nothing, one after which a front reports
/// that users are not served, and one whose result only a host could confirm that is not simulated.
pub fn exit(run: &Timeline) -> ExitCode {
    match run.condition() {
        Condition::Done if run.served.is_none() && view::service::not_simulated(run).is_some() => ExitCode::Failed,
        Condition::Done if run.does_nothing() || run.has_skipped() || run.unserved().next().is_some() => {
            ExitCode::Failed
        }
        Condition::Done => ExitCode::Done,
        Condition::Failed | Condition::Unwound | Condition::GivenUp | Condition::Superseded => ExitCode::Failed,
        Condition::Open | Condition::Waits | Condition::Stopped => ExitCode::Stopped,
    }
}

/// The data loss, in whole seconds, that a forced run measured and was not allowed: with it accepted, the run would go
/// on.
pub fn unaccepted_loss(run: &FailoverRun, report: &Report) -> Option<Duration> {
    if report.ended != Some(RunEnd::Failed) || run.undertaking.how != FailoverMode::Forced || run.is_over() {
        return None;
    }
    let most = run.undertaking.accepted.data_loss.unwrap_or_default();
    let losses = Timeline::of(&run.journal).ok()?.losses;
    losses.into_values().max().filter(|loss| *loss > most).map(at_least)
}

/// The outcome as text. `accept` is the loss that the run was not allowed, with the command that accepts it.
pub fn text(
    run: &FailoverRun,
    report: &Report,
    forward_only: &[(Step, String)],
    cloud: CloudName,
    resume: &str,
    abort: &str,
    accept: Option<(Duration, String)>,
) -> String {
    let done = report.fates.iter().filter(|fate| matches!(fate, StepOutcome::Done(_))).count();
    let of = format!("{done} of {}", count(report.fates.len(), "step", "steps"));
    let (verb, group, length) = (run.undertaking.verb.as_str(), &run.undertaking.group, in_time(report.length, cloud));
    let unwound = run.journal.iter().any(|entry| matches!(entry.event, Event::Extended { .. }));
    let skipped = skipped(run);
    let mut out = match report.ended {
        Some(RunEnd::Done) if unwound => format!("\nRolled back: {group} is as before the run, after {length}.\n"),
        Some(RunEnd::Done) if !skipped.is_empty() => {
            format!("\nEnded without {}: {verb} of failover group {group} in {length}.\n", skipped.join(", "))
        }
        Some(RunEnd::Done) if !run.undertaking.verifies.is_empty() => {
            format!("\nComplete: {} in {length}.\n", view::verification(&run.undertaking.verifies))
        }
        Some(RunEnd::Done) => format!("\nComplete: {verb} of failover group {group} in {length}.\n"),
        Some(RunEnd::Failed) => format!("\nFailed: {of} done after {length}.\n"),
        Some(RunEnd::Stopped) | None => format!("\nStopped: {of} done after {length}.\n"),
    };
    let service = Timeline::of(&run.journal).ok().filter(|_| report.ended == Some(RunEnd::Done) && !unwound);
    if let Some(words) = service.as_ref().and_then(view::service::service) {
        out += &format!("{}\n", wrap(&words, 98));
    }
    out += &view::restores::of_run(&restores_of(&run.journal), 98);
    out += &failures(&run.graph, report);
    if !forward_only.is_empty() {
        out += "\nNothing was rolled back, because these steps are irreversible:\n";
        for (step, why) in forward_only {
            out += &format!("  {}: {why}\n", step.address);
        }
    }
    if !run.is_over() {
        out += &format!("\nThe journal of run {} has every step. Resume with:\n    {resume}\n", run.id);
        out += &format!("or abort with:\n    {abort}\n");
        if let Some((loss, command)) = accept {
            out += &format!(
                "or accept a data loss of {}, in a run that takes this one over:\n    {command}\n",
                spoken(loss)
            );
        }
    }
    out
}

/// The steps that an operator skipped.
fn skipped(run: &FailoverRun) -> Vec<&str> {
    let skipped = run.journal.iter().filter_map(|entry| match &entry.event {
        Event::Step { address, event: StepEvent::Skipped(_), step: _ } => Some(address.as_str()),
        _ => None,
    });
    skipped.collect()
}

/// Each step that was started and not completed, with the reason.
pub fn failures(graph: &StepGraph, report: &Report) -> String {
    let one = |(step, fate): (&Step, &StepOutcome)| {
        let (head, why) = failure(step, fate).filter(|_| !matches!(fate, StepOutcome::CutOff(_)))?;
        Some(format!("\n  {head}\n      {}\n", hang(&wrap(why, 92), 6)))
    };
    graph.steps.iter().zip(&report.fates).filter_map(one).collect()
}

/// Writes the reports of a run beside its state, and prints their paths.
pub fn write_reports(
    run: &FailoverRun,
    store: &LocalStore,
    cloud: CloudName,
    session: &mut Session,
) -> Result<(), Failure> {
    let folder = store.folder().join("reports");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let (timeline, chain) = (timeline(run)?, chain(run)?);
    let unwritten = |error: view::report::ReportError| Failure::failed(error.to_string());
    let page = view::report::html(&timeline, None, &chain, cloud).map_err(unwritten)?;
    let text = view::report::markdown(&timeline, None, &chain, cloud).map_err(unwritten)?;
    let mut named = String::new();
    for (ending, text) in [("md", text), ("html", page)] {
        let path = folder.join(format!("{}.{ending}", run.id));
        session.write_file(&path, shown(&text).as_bytes())?;
        named += &format!("    {}\n", path.strip_prefix(&session.cwd).unwrap_or(&path).display());
    }
    session.say(&format!("\nReport:\n{named}"));
    Ok(())
}

/// A run as a timeline.
pub fn timeline(run: &FailoverRun) -> Result<Timeline, Failure> {
    Ok(Timeline::of(&run.journal).map_err(RunError::from)?)
}

/// The digest of the whole journal of a run.
pub fn chain(run: &FailoverRun) -> Result<String, Failure> {
    let mut chain = Chain::default();
    for entry in &run.journal {
        chain
            .line(entry)
            .map_err(|error| Failure::failed(format!("the journal cannot be written as text: {error}")))?;
    }
    Ok(chain.as_str().to_owned())
}
