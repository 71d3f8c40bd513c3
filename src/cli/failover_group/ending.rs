//! What came of a failover run: how far it came, what failed, how to go on, and its reports.

use super::{ExitCode, Failure, Session};
use crate::apply::{FailoverRun, RunError};
use crate::cli::progress::verb;
use crate::duration::spoken;
use crate::run::{Fate, Report};
use crate::stack::CloudName;
use crate::steps::lines::Chain;
use crate::steps::{Condition, Ended, Event, Step, StepGraph, Timeline};
use crate::store::LocalStore;
use crate::view::{self, count, hang, wrap};

/// The exit code of a run. What was taken back or given up has not been done.
pub fn exit(run: &Timeline) -> ExitCode {
    match run.condition() {
        Condition::Done => ExitCode::Done,
        Condition::Failed | Condition::Unwound | Condition::GivenUp => ExitCode::Failed,
        Condition::Open | Condition::Waits | Condition::Stopped => ExitCode::Stopped,
    }
}

/// What came of it, as text.
pub fn text(
    run: &FailoverRun,
    report: &Report,
    forward_only: &[(Step, String)],
    cloud: CloudName,
    resume: &str,
    abort: &str,
) -> String {
    let time = match cloud {
        CloudName::Local => "simulated time",
        CloudName::Azure => "time",
    };
    let done = report.fates.iter().filter(|fate| matches!(fate, Fate::Done(_))).count();
    let of = format!("{done} of {}", count(report.fates.len(), "step", "steps"));
    let (verb, group, length) = (run.undertaking.verb.as_str(), &run.undertaking.group, spoken(report.length));
    let unwound = run.journal.iter().any(|entry| matches!(entry.event, Event::Extended { .. }));
    let mut out = match report.ended {
        Some(Ended::Done) if unwound => format!("\nTaken back: {group} is as it was, after {length} of {time}.\n"),
        Some(Ended::Done) => format!("\nDone: {verb} of {group} in {length} of {time}.\n"),
        Some(Ended::Failed) => format!("\nFailed: {of} done after {length} of {time}.\n"),
        Some(Ended::Stopped) | None => format!("\nStopped: {of} done after {length} of {time}.\n"),
    };
    out += &failures(&run.graph, report);
    if !forward_only.is_empty() {
        out += "\nNothing was unwound: promotions only go forward.\n";
        for (step, why) in forward_only {
            out += &format!("  {}: {why}\n", step.address);
        }
    }
    if !run.is_over() {
        out += &format!("\nEverything is in the journal of run {}. Go on with:\n    {resume}\n", run.id);
        out += &format!("or give it up with:\n    {abort}\n");
    }
    out
}

/// Each step that was not done though it was begun, and why.
pub fn failures(graph: &StepGraph, report: &Report) -> String {
    let one = |(step, fate): (&Step, &Fate)| {
        let done = verb(&step.act).done;
        let (head, why) = match fate {
            Fate::Failed(_, why) => (format!("{} was not {done}", step.address), why),
            Fate::Unknown(_, why) => (format!("it is not known whether {} was {done}", step.address), why),
            Fate::Paused(_, why) => (format!("{} waits for a person", step.address), why),
            Fate::LeftOut(why) => (format!("{} was left out", step.address), why),
            Fate::Done(_) | Fate::CutOff(_) | Fate::Skipped(_) | Fate::NotBegun => return None,
        };
        Some(format!("\n  {head}\n      {}\n", hang(&wrap(why, 92), 6)))
    };
    graph.steps.iter().zip(&report.fates).filter_map(one).collect()
}

/// Writes the reports of a run beside its state, and names them.
pub fn write_reports(
    run: &FailoverRun,
    store: &LocalStore,
    cloud: CloudName,
    session: &mut Session,
) -> Result<(), Failure> {
    let folder = store.folder().join("reports");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let (timeline, chain) = (timeline(run)?, chain(run)?);
    let unwritten = |error: view::report::Unwritten| Failure::failed(error.to_string());
    let page = view::report::html(&timeline, &chain, cloud).map_err(unwritten)?;
    let text = view::report::markdown(&timeline, &chain, cloud).map_err(unwritten)?;
    let mut named = String::new();
    for (ending, text) in [("md", text), ("html", page)] {
        let path = folder.join(format!("{}.{ending}", run.id));
        session.write_file(&path, text.as_bytes())?;
        named += &format!("    {}\n", path.strip_prefix(&session.cwd).unwrap_or(&path).display());
    }
    session.say(&format!("\nReport:\n{named}"));
    Ok(())
}

/// A run in the order of time.
pub fn timeline(run: &FailoverRun) -> Result<Timeline, Failure> {
    Ok(Timeline::of(&run.journal).map_err(RunError::from)?)
}

/// What stands for the whole journal of a run.
pub fn chain(run: &FailoverRun) -> Result<String, Failure> {
    let mut chain = Chain::default();
    for entry in &run.journal {
        chain.line(entry).map_err(|error| Failure::failed(format!("the journal has no text: {error}")))?;
    }
    Ok(chain.as_str().to_owned())
}
