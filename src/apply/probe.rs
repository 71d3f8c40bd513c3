//! Requests to the public network, repeated until the answer is the expected one.

use std::net::IpAddr;
use std::time::Duration;

use super::details::say;
use super::{StepError, Worker};
use crate::duration::spoken;
use crate::run::StepReporter;
use crate::stack::{FailoverGroup, Probe, shown_url};
use crate::steps::StepFact;
use crate::value::{Unknown, Value};
use crate::world::{SiteMarker, WebAnswer, WebRequest};

/// The time between two requests.
const EVERY: Duration = Duration::from_secs(5);
/// The time limit for one answer.
const ANSWER: Duration = Duration::from_secs(10);

/// A request with its expected answer and time limit.
pub(super) struct ProbeRequest<'a> {
    /// The request.
    pub request: WebRequest,
    /// Its URL in messages.
    pub shown: &'a str,
    /// The time limit for all attempts.
    pub within: Duration,
    /// The marker that the answer must have, if the request asks for one.
    pub marker: Option<&'a str>,
}

impl Worker<'_> {
    /// Waits for a probe of the group to succeed.
    pub(super) async fn probe(&self, name: &str, tell: &StepReporter) -> Result<(), StepError> {
        let find = |group: &FailoverGroup| group.probes.iter().find(|probe| *probe.name == *name).cloned();
        let waits = |probe: &Probe| {
            let address = || probe.address.as_ref().and_then(Value::unknown_within);
            probe.url.unknown_within().or_else(address)
        };
        let probe = self.of_group(name, find, waits).await?;
        let Some(url) = probe.url.revealed_str() else {
            return Err(StepError::Failed(format!("the URL of probe `{name}` is not a string")));
        };
        let spec = &self.errand()?.undertaking;
        let request = WebRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            address: address(name, &probe)?,
            marker: probe.marker.map(|header| SiteMarker {
                header,
                hoped: spec.regions.iter().map(|(site, region)| (region.clone(), site.clone())).collect(),
            }),
            hoped: probe.status,
            within: ANSWER.min(probe.within),
        };
        let marker = Some(spec.arriving.as_str()).filter(|_| request.marker.is_some());
        let mut shown = shown(&probe.url);
        if let Some(address) = request.address {
            shown = format!("{shown} at {address}");
        }
        self.ask(ProbeRequest { request, shown: &shown, within: probe.within, marker }, tell).await
    }

    /// Repeats a request until the answer is expected or the time is over; reports each change of the answer. A request
    /// to a host that is not simulated is reported as such, and the step goes on without an answer.
    pub(super) async fn ask(&self, asking: ProbeRequest<'_>, tell: &StepReporter) -> Result<(), StepError> {
        let began = self.ports.clock.now();
        let mut last = String::new();
        loop {
            let answer = self.ports.web.fetch(&asking.request).await;
            let words = match &answer {
                Ok(WebAnswer::NotSimulated) => {
                    tell.learnt(not_simulated(&asking.request.method, asking.shown));
                    return Ok(());
                }
                Ok(WebAnswer::Status(status)) => format!("answered {status}"),
                Ok(WebAnswer::Marked(status, marker)) => format!("answered {status}, {}", sent(&asking, marker)),
                Err(_) if asking.shown == HIDDEN_URL => {
                    "did not answer (the reason is hidden, because the URL is sensitive)".to_owned()
                }
                Err(why) => format!("did not answer ({why})"),
            };
            if words != last {
                say(tell, format!("{} {} {words}", asking.request.method, asking.shown));
                last = words;
            }
            let is_right = match &answer {
                Ok(WebAnswer::Status(status)) => *status == asking.request.hoped,
                Ok(WebAnswer::Marked(status, marker)) => {
                    *status == asking.request.hoped && marker.as_deref() == asking.marker
                }
                Ok(WebAnswer::NotSimulated) | Err(_) => false,
            };
            if is_right {
                return Ok(());
            }
            if self.ports.clock.now().duration_since(began).unsigned_abs() + EVERY > asking.within {
                let ProbeRequest { request, shown, within, .. } = asking;
                return Err(StepError::Failed(format!(
                    "{} {shown} {last}; no expected answer within {}",
                    request.method,
                    spoken(within)
                )));
            }
            self.ports.clock.sleep(EVERY).await;
        }
    }

    /// A part of the failover group, as configured, with everything known by now.
    pub(super) async fn of_group<T>(
        &self,
        name: &str,
        find: impl Fn(&FailoverGroup) -> Option<T>,
        waits: impl Fn(&T) -> Option<Unknown>,
    ) -> Result<T, StepError> {
        let group = &self.errand()?.group.name;
        let found = self
            .resolved(
                |knowledge| Ok(self.stack.resolve_group(group, knowledge)?.and_then(|group| find(&group))),
                |found: &Option<T>| found.as_ref().and_then(&waits),
            )
            .await?;
        found.ok_or_else(|| StepError::Failed(format!("failover group `{group}` has no `{name}`")))
    }
}

/// The address that a probe connects to, if it has one.
fn address(name: &str, probe: &Probe) -> Result<Option<IpAddr>, StepError> {
    let Some(value) = &probe.address else { return Ok(None) };
    let address = value.revealed_str().and_then(|text| text.parse().ok());
    let wrong = || StepError::Failed(format!("the address of probe `{name}` is not an IP address"));
    address.map(Some).ok_or_else(wrong)
}

/// The marker of an answer, and the expected one where it differs.
fn sent(asking: &ProbeRequest<'_>, marker: &Option<String>) -> String {
    let header = asking.request.marker.as_ref().map_or("", |marker| marker.header.as_str());
    match (marker, asking.marker) {
        (None, _) => format!("without the header {header}"),
        (Some(sent), Some(expected)) if sent != expected => format!("with {header}: {sent}, not {expected}"),
        (Some(sent), _) => format!("with {header}: {sent}"),
    }
}

/// The fact that a request was not sent, because its host is outside the simulated world.
pub(super) fn not_simulated(method: &str, shown: &str) -> StepFact {
    StepFact {
        not_simulated: true,
        ..StepFact::said(format!("{method} {shown} was not sent: the host is not simulated"))
    }
}

/// A sensitive URL in messages.
pub(super) const HIDDEN_URL: &str = "(hidden URL)";

/// A URL for messages.
pub(super) fn shown(url: &Value) -> String {
    url.as_str().map_or_else(|| HIDDEN_URL.to_owned(), shown_url)
}
