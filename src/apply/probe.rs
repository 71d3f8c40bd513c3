//! Asking the public network until the answer is the right one.

use std::time::Duration;

use super::tasks::say;
use super::{Stopped, Worker};
use crate::duration::spoken;
use crate::run::Tell;
use crate::stack::{FailoverGroup, Probe};
use crate::value::{Unknown, Value};
use crate::world::WebRequest;

/// The time between two requests.
const EVERY: Duration = Duration::from_secs(5);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// What is asked, and until when.
pub(super) struct Asking<'a> {
    /// The request.
    pub request: WebRequest,
    /// Its URL as it may be shown.
    pub shown: &'a str,
    /// How long it is tried.
    pub within: Duration,
    /// Whether a status is the right one.
    pub right: &'a (dyn Fn(u16) -> bool + Sync),
}

impl Worker<'_> {
    /// Asks until a probe of the group answers as wanted.
    pub(super) async fn probe(&self, name: &str, tell: &Tell) -> Result<(), Stopped> {
        let find = |group: &FailoverGroup| group.probes.iter().find(|probe| *probe.name == *name).cloned();
        let probe = self.of_group(name, find, |probe: &Probe| probe.url.unknown_within()).await?;
        let Some(url) = probe.url.as_str() else {
            return Err(Stopped::Failed(format!("the URL of probe `{name}` is no text")));
        };
        let request = WebRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            hoped: probe.status,
            within: ANSWER.min(probe.within),
        };
        let right = |status: u16| status == probe.status;
        self.ask(Asking { request, shown: shown(&probe.url), within: probe.within, right: &right }, tell).await
    }

    /// Asks until the answer is right or the time is over; what differs from the answer before is told.
    pub(super) async fn ask(&self, asking: Asking<'_>, tell: &Tell) -> Result<(), Stopped> {
        let began = self.ports.clock.now();
        let mut last = String::new();
        loop {
            let answer = self.ports.web.fetch(&asking.request).await;
            let words = match &answer {
                Ok(status) => format!("answered {status}"),
                Err(why) => format!("did not answer ({why})"),
            };
            if words != last {
                say(tell, format!("{} {} {words}", asking.request.method, asking.shown));
                last = words;
            }
            if answer.is_ok_and(|status| (asking.right)(status)) {
                return Ok(());
            }
            if self.ports.clock.now().duration_since(began).unsigned_abs() + EVERY > asking.within {
                let Asking { request, shown, within, .. } = asking;
                return Err(Stopped::Failed(format!("{} {shown} {last}, within {}", request.method, spoken(within))));
            }
            self.ports.clock.sleep(EVERY).await;
        }
    }

    /// A part of the failover group, as the stack says it with all that is known by now.
    pub(super) async fn of_group<T>(
        &self,
        name: &str,
        find: impl Fn(&FailoverGroup) -> Option<T>,
        waits: impl Fn(&T) -> Option<Unknown>,
    ) -> Result<T, Stopped> {
        let group = &self.errand()?.group.name;
        let found = self
            .resolved(
                |knowledge| Ok(self.stack.resolve_group(group, knowledge)?.and_then(|group| find(&group))),
                |found: &Option<T>| found.as_ref().and_then(&waits),
            )
            .await?;
        found.ok_or_else(|| Stopped::Failed(format!("failover group `{group}` has no `{name}`")))
    }
}

/// A URL as it may be shown.
pub(super) fn shown(url: &Value) -> &str {
    if url.sensitive_within() { "(a URL that is not shown)" } else { url.as_str().unwrap_or_default() }
}
