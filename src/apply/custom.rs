//! The step blocks of a failover group: requests, programs, approvals, waits.
//!
//! The input of a step may be secret: sensitive URLs, headers, bodies and environments are sent and never reported.

use std::collections::BTreeMap;
use std::time::Duration;

use super::around::answers;
use super::probe::{HIDDEN_URL, ProbeRequest, not_simulated, shown};
use super::tasks::say;
use super::{StepError, Worker};
use crate::address::Address;
use crate::duration;
use crate::failover::Sample;
use crate::roles::{FailoverMode, Side};
use crate::run::StepReporter;
use crate::stack::{FailoverGroup, GroupStep, Resource};
use crate::state::RunKind;
use crate::steps::{NOT_NEEDED, Step};
use crate::value::{Map, Value};
use crate::world::{CommandLine, ProgramExit, WebAnswer, WebRequest};

/// The time limit for an answer where the step sets none.
const REQUEST: Duration = Duration::from_secs(60);
/// The time limit for a program where the step sets none.
const PROGRAM: Duration = Duration::from_secs(600);

impl Worker<'_> {
    /// Executes a step block.
    pub(super) async fn custom(&self, step: &Step, action: &str, tell: &StepReporter) -> Result<(), StepError> {
        let name = step.address.own_name();
        let find = |group: &FailoverGroup| group.steps.iter().find(|step| *step.name == *name).cloned();
        let waits = |step: &GroupStep| Value::from(step.action.1.clone()).unknown_within();
        let written = self.of_group(name, find, waits).await?;
        if let Some(address) = &written.only_if_unreachable
            && self.reaches(address).await
        {
            say(tell, format!("{address} is reachable; {NOT_NEEDED}"));
            return Ok(());
        }
        let args = &written.action.1;
        match action {
            "http" => self.http(args, tell).await,
            "command" => self.command(args, tell).await,
            "wait" => self.pause(span(args, "for", Duration::ZERO)?).await,
            "approval" => self.answered(step, text(args, "message")?.unwrap_or("Continue?"), tell),
            "storage_failover" => self.fail_over_storage(args, tell).await,
            "kubernetes_scale" | "sync" => {
                let words = format!("{} manually: this version of drplan does not automate it.", by_hand(action, args));
                self.answered(step, &words, tell)
            }
            other => Err(StepError::Failed(format!("unknown action `{other}`"))),
        }
    }

    /// Continues where the operator has answered this step, and waits otherwise.
    pub(super) fn answered(&self, step: &Step, question: &str, tell: &StepReporter) -> Result<(), StepError> {
        let errand = self.errand()?;
        let given = self.ports.store.approvals(&errand.run).map_err(|error| StepError::Failed(error.to_string()))?;
        match given.iter().rev().find(|approval| approval.step == step.address) {
            Some(approval) => {
                say(tell, format!("{question} Approved by {} at {:.0}", approval.by, approval.at));
                Ok(())
            }
            None => {
                let command = (errand.approve)(&errand.run, step.address.as_str());
                Err(StepError::Paused(format!("{question} Approve with `{command}`, then resume the run")))
            }
        }
    }

    async fn http(&self, args: &Map, tell: &StepReporter) -> Result<(), StepError> {
        let method = text(args, "method")?.unwrap_or("GET").to_ascii_uppercase();
        let url = args.get("url").unwrap_or(&Value::Null);
        let status = match args.get("status") {
            Some(Value::Number(number)) => number.as_i64().and_then(|n| u16::try_from(n).ok()).unwrap_or(200),
            Some(Value::Sensitive(_)) => return Err(is_secret("status")),
            _ => 200,
        };
        let within = span(args, "within", REQUEST)?;
        let request = WebRequest {
            url: url.revealed_str().unwrap_or_default().to_owned(),
            headers: pairs(args, "headers").into_iter().collect(),
            body: args.get("body").and_then(body_text),
            hoped: status,
            within,
            method,
        };
        let (shown, right) = (shown(url), |answer: u16| answer == status);
        if matches!(request.method.as_str(), "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS") {
            return self.ask(ProbeRequest { request, shown: &shown, within, right: &right }, tell).await;
        }
        // A second request might act a second time.
        let what = format!("{} {shown}", request.method);
        match self.ports.web.fetch(&request).await {
            Ok(WebAnswer::NotSimulated) => {
                tell.learnt(not_simulated(&request.method, &shown));
                Ok(())
            }
            Ok(WebAnswer::Status(answer)) if right(answer) => {
                say(tell, format!("{what} answered {answer}"));
                Ok(())
            }
            Ok(WebAnswer::Status(answer)) => Err(StepError::Failed(format!("{what} answered {answer}, not {status}"))),
            Err(_) if shown == HIDDEN_URL => Err(StepError::Unknown(format!(
                "{what} was sent and not answered; the reason is hidden, because the URL is sensitive"
            ))),
            Err(why) => Err(StepError::Unknown(format!("{what} was sent and not answered: {why}"))),
        }
    }

    async fn command(&self, args: &Map, tell: &StepReporter) -> Result<(), StepError> {
        let within = span(args, "within", PROGRAM)?;
        let line = CommandLine {
            program: sent(args, "program").unwrap_or_default().to_owned(),
            arguments: list(args, "arguments"),
            environment: pairs(args, "environment"),
            directory: sent(args, "directory").map(str::to_owned),
            within,
        };
        let secret = Value::from(args.clone()).sensitive_within();
        let program =
            if args.get("program").is_some_and(Value::sensitive_within) { "the program" } else { &line.program };
        let ProgramExit { code, said } = self.ports.commands.run(&line).await.map_err(|why| {
            StepError::Failed(if secret {
                format!("{program} could not be run; the reason is hidden, because its input contains a secret")
            } else {
                why
            })
        })?;
        let said = match (secret, said.is_empty()) {
            (true, _) => "; its output is hidden, because its input contains a secret".to_owned(),
            (false, true) => String::new(),
            (false, false) => format!(": {said}"),
        };
        match code {
            Some(0) => {
                say(tell, format!("{program} succeeded{said}"));
                Ok(())
            }
            Some(code) => Err(StepError::Failed(format!("{program} failed with exit code {code}{said}"))),
            None => Err(StepError::Failed(format!("{program} was killed by a signal{said}"))),
        }
    }

    /// Fails over a storage account as its replica declares.
    async fn fail_over_storage(&self, args: &Map, tell: &StepReporter) -> Result<(), StepError> {
        let account = match args.get("account").map(|account| account.unmark().0) {
            Some(Value::Block(address)) => address.to_string(),
            _ => text(args, "account")?.unwrap_or_default().to_owned(),
        };
        let id =
            self.stack.resources.iter().find(|(address, _)| address.as_str() == account).map(|(_, r)| r.id.to_string());
        let id = id.unwrap_or_else(|| account.clone());
        let copies = |resource: &&Resource| {
            let names = |value: &Value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(&id));
            resource.kind.promotion.is_some() && resource.args.values().any(names)
        };
        let Some(replica) = self.stack.resources.values().find(copies) else {
            return Err(StepError::Failed(format!("the stack has no replica of {account} that declares its failover")));
        };
        let undertaking = &self.errand()?.undertaking;
        let to = if undertaking.verb == RunKind::Down { Side::Source } else { Side::Target };
        self.promote(replica, (to, FailoverMode::Forced), undertaking.accepted.data_loss, tell).await
    }

    /// Checks that the control plane answers for a resource. Sends nothing to a lost site.
    async fn reaches(&self, address: &Address) -> bool {
        let Some(resource) = self.stack.resources.get(address) else { return false };
        if self.is_lost(&resource.location) {
            return false;
        }
        for object in &resource.objects {
            if !answers(self.ports.cloud, self.ports.clock, &Sample::Object(object.clone())).await {
                return false;
            }
        }
        true
    }
}

/// The task of the operator.
fn by_hand(action: &str, args: &Map) -> String {
    let of = |name: &str| args.get(name).map(Value::shown).unwrap_or_default();
    match action {
        "sync" => format!("Copy the content of {} to {}", of("from"), of("to")),
        _ => format!("Scale {} of {} to {}", of("workload"), of("cluster"), of("replicas")),
    }
}

/// A text that messages may show.
fn text<'a>(args: &'a Map, name: &str) -> Result<Option<&'a str>, StepError> {
    match args.get(name) {
        Some(value) if value.sensitive_within() => Err(is_secret(name)),
        value => Ok(value.and_then(Value::as_str)),
    }
}

fn is_secret(name: &str) -> StepError {
    StepError::Failed(format!("`{name}` is sensitive, and messages would show it: use a value that is not sensitive"))
}

/// A text that is sent and never shown.
fn sent<'a>(args: &'a Map, name: &str) -> Option<&'a str> {
    args.get(name)?.revealed_str()
}

fn span(args: &Map, name: &str, otherwise: Duration) -> Result<Duration, StepError> {
    text(args, name)?.map_or(Ok(otherwise), |text| duration::parse(text).map_err(StepError::Failed))
}

/// The entries of a map of strings.
fn pairs(args: &Map, name: &str) -> BTreeMap<String, String> {
    match args.get(name).map(|map| map.unmark().0) {
        Some(Value::Map(map)) => {
            map.iter().filter_map(|(name, value)| Some((name.to_string(), body_text(value)?))).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn list(args: &Map, name: &str) -> Vec<String> {
    match args.get(name).map(|list| list.unmark().0) {
        Some(Value::List(items)) => items.iter().filter_map(body_text).collect(),
        _ => Vec::new(),
    }
}

/// A value as text: a string unchanged, anything else as JSON.
fn body_text(value: &Value) -> Option<String> {
    match value.reveal().ok()? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
