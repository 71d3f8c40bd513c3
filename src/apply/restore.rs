//! The wait for a machine that restores at its launch: its reports, and the keys that it asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;

use super::launch::Documents;
use super::{StepError, Worker};
use crate::backup::launch::{ManifestItem, ReportedPhase, RestoreFollower, RestoreReport, Taken};
use crate::command::CommandLine;
use crate::duration::spoken;
use crate::run::StepReporter;
use crate::steps::{LaunchRestore, Step, StepFact};
use crate::world::{CloudError, WriteCondition};

/// The time between two reads of the status document.
const LOOK: Duration = Duration::from_secs(5);
/// The shortest silence of a machine after which an operator has to look at it.
const SILENCE: Duration = Duration::from_secs(1800);
/// The time limit for the encryption of keys.
const ENCRYPTION: Duration = Duration::from_secs(60);
/// Prints the variables after the first argument, encrypted to the key in it.
const ENCRYPT: &str = "key=$1; shift; for name; do eval \"printf '%s=%s\\n' \\\"\\$name\\\" \\\"\\${$name}\\\"\"; done \
                       | age --armor --recipient \"$key\"";

impl Worker<'_> {
    /// Waits until a machine reports that it has restored everything; releases the keys that it asks for, once an
    /// operator has compared its public key.
    pub(super) async fn restore(
        &self,
        step: &Step,
        launch: &LaunchRestore,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let documents = self.documents(launch, &step.address)?;
        let mut launch = self.in_hand(step, launch, &documents, tell).await?;
        let mut follower = RestoreFollower::of(&self.errand()?.run);
        let patience = (step.worst * 4).max(SILENCE);
        let (mut heard, mut released, mut unread) = (self.ports.clock.now(), None, String::new());
        // The report of damage after which the machine was started again.
        let mut answered = None;
        loop {
            match self.ports.cloud.get(&documents.status).await {
                Ok(Some(seen)) => {
                    let text = seen.body.get(documents.signed.content).and_then(Json::as_str).unwrap_or_default();
                    match follower.take(text) {
                        Ok(Taken::New(report)) => {
                            heard = self.ports.clock.now();
                            tell.learnt(StepFact::said(told(&report)));
                        }
                        Ok(Taken::Known) => {}
                        Err(why) if why == unread => {}
                        Err(why) => {
                            tell.learnt(StepFact::said(why.clone()));
                            unread = why;
                        }
                    }
                }
                Ok(None) if self.is_done(&documents).await? => return self.clean(&documents).await,
                Ok(None) => {}
                // The machine restores whether it can be seen or not.
                Err(CloudError::Unreachable(why)) if why == unread => {}
                Err(CloudError::Unreachable(why)) => {
                    tell.learnt(StepFact::said(format!("the status document cannot be read: {why}")));
                    unread = why;
                }
                Err(error) => return Err(error.into()),
            }
            if let Some(report) = follower.newest() {
                match report.phase {
                    ReportedPhase::Ready => {
                        // The report is deleted after that.
                        for fact in self.restored(step, report, &launch) {
                            tell.recorded(fact).await;
                        }
                        return self.clean(&documents).await;
                    }
                    ReportedPhase::Failed if answered == Some(report.sequence) => {}
                    ReportedPhase::Failed => match self.older(step, report, &launch, &documents, tell).await? {
                        None => fails(report)?,
                        Some(older) => {
                            launch = older;
                            (answered, released) = (Some(report.sequence), None);
                            heard = self.ports.clock.now();
                        }
                    },
                    ReportedPhase::WaitingForKey if released != report.key_request => {
                        self.release(step, &launch.items, &documents, report, tell).await?;
                        released = report.key_request.clone();
                        heard = self.ports.clock.now();
                    }
                    _ => {}
                }
            }
            if self.since(heard) > patience {
                return Err(StepError::Paused(format!(
                    "{} has reported nothing for {}: it may restore nevertheless. Read its console, then resume the \
                     run, which goes on waiting",
                    step.address,
                    spoken(self.since(heard))
                )));
            }
            self.pause(LOOK).await?;
        }
    }

    /// True if an earlier attempt has seen the end of the restore: it has deleted the manifest.
    async fn is_done(&self, documents: &Documents) -> Result<bool, StepError> {
        Ok(self.ports.cloud.get(&documents.manifest).await?.is_none())
    }

    /// Releases the keys of the repositories to the public key of a machine, once an operator has approved it. The
    /// keys go from the environment of this process into the program that encrypts them, and nowhere else.
    async fn release(
        &self,
        step: &Step,
        items: &[ManifestItem],
        documents: &Documents,
        report: &RestoreReport,
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let Some(public) = &report.key_request else { return Ok(()) };
        let names: BTreeSet<String> = items.iter().filter_map(|item| item.needs_key.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        let all = names.join(" and ");
        let question = format!(
            "Release {all} to {}? It asks with the public key {public}: compare it with the one on its console.",
            step.address
        );
        self.answered_since(step, &question, report.at, tell)?;
        let line = CommandLine {
            program: "sh".to_owned(),
            arguments: ["-c", ENCRYPT, "sh", public].map(str::to_owned).into_iter().chain(names.clone()).collect(),
            environment: Default::default(),
            inherits: names,
            directory: None,
            within: ENCRYPTION,
            is_secret: true,
            purpose: None,
        };
        let missing = |why: String| {
            StepError::Failed(format!(
                "{all} could not be encrypted to {}: {why}. Set {all} in the environment, install `age`, and resume \
                 the run",
                step.address
            ))
        };
        let output = self.ports.commands.read(&line).await.map_err(missing)?;
        if output.ended.code != Some(0) {
            return Err(missing("`age` failed".to_owned()));
        }
        self.ports.cloud.put(&documents.key, &documents.body(&output.text), WriteCondition::Always).await?;
        tell.learnt(StepFact::said(format!("{all} released to {}", step.address)));
        Ok(())
    }
}

/// A report, in words.
fn told(report: &RestoreReport) -> String {
    let item = report.item.as_deref().unwrap_or("its backups");
    match report.phase {
        ReportedPhase::Booted => "the machine has started".to_owned(),
        ReportedPhase::WaitingForKey => "the machine waits for the keys of its repositories".to_owned(),
        ReportedPhase::Fetching => format!("the machine reads {item}"),
        ReportedPhase::Restoring => format!("the machine restores {item}"),
        ReportedPhase::Replaying => format!("the machine replays the log of {item}"),
        ReportedPhase::Checking => format!("the machine checks {item}"),
        ReportedPhase::Ready => "the machine has restored and checked everything".to_owned(),
        ReportedPhase::Failed => "the machine has failed".to_owned(),
    }
}

/// # Errors
/// The failure that a machine reported, unless it tries again by itself.
fn fails(report: &RestoreReport) -> Result<(), StepError> {
    match &report.error {
        Some(error) if error.retry => Ok(()),
        Some(error) => Err(StepError::Failed(format!("the restore failed: {}: {}", error.code, error.message))),
        None => Err(StepError::Failed("the restore failed without a reason".to_owned())),
    }
}
