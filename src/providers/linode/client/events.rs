//! Work that goes on after an answer: Linode shows it as events, and in the status of the object.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::error::CallError;
use super::handle::Linode;
use super::names::Of;
use super::sight::phase;
use crate::reason::Reason;
use crate::sight::Phase;
use crate::wire::elapsed;
use crate::world::{CloudError, CloudRefusal};

/// The time between two reads.
const POLL: Duration = Duration::from_secs(5);
/// The longest wait: a move to another plan takes up to half an hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// A property that shows the effect of a request, and its value then.
pub(super) type Effect = (&'static str, Json);

impl Linode {
    /// The number of the newest event, so that an older one is not mistaken for that of the next request.
    pub(super) async fn newest_event(&self) -> Result<u64, CloudError> {
        let events = self.transport.newest("account/events", &json!({})).await.map_err(CallError::of_read)?;
        Ok(events.iter().filter_map(number).max().unwrap_or(0))
    }

    /// Waits until nothing of what began after an event is under way and the effect shows. Returns the body; `None`
    /// where the object no longer exists.
    ///
    /// # Errors
    /// A refusal where Linode's work failed, and an unknown outcome where it does not end.
    pub(super) async fn ended(
        &self,
        (of, path): (Of, &str),
        after: u64,
        effect: Option<&Effect>,
    ) -> Result<Option<Json>, CloudError> {
        let began = self.transport.now();
        loop {
            let lost = |error: CallError| CloudError::OutcomeUnknown(format!("the effect cannot be read: {error}"));
            let goes_on = match of.entity() {
                Some(entity) => self.goes_on(entity, path, after).await?,
                None => false,
            };
            let body = match self.transport.get(path).await {
                Ok(body) => body,
                Err(error) if error.is(Reason::Absent) => return Ok(None),
                Err(error) => return Err(lost(error)),
            };
            let shows = effect.is_none_or(|(at, value)| body.pointer(at).unwrap_or(&Json::Null) == value);
            match phase(of, &body) {
                Phase::Settled if shows && !goes_on => return Ok(Some(body)),
                Phase::Failed(why) => {
                    return Err(failed(&why, &format!("{path} is in the state `{why}`")));
                }
                Phase::Settled | Phase::UnderWay(_) => {}
            }
            if elapsed(began, self.transport.now()) >= LONGEST {
                let status = body.get("status").and_then(Json::as_str).unwrap_or("unknown");
                return Err(CloudError::OutcomeUnknown(format!("it is still `{status}` after an hour")));
            }
            self.transport.sleep(POLL).await;
        }
    }

    /// True while an event of an object after another one is not at its end.
    async fn goes_on(&self, entity: &str, path: &str, after: u64) -> Result<bool, CloudError> {
        if after == u64::MAX {
            return Ok(false);
        }
        let id = path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
        let filter = json!({ "entity.type": entity, "entity.id": id });
        let events = self.transport.newest("account/events", &filter).await;
        let events = events.map_err(|error| CloudError::OutcomeUnknown(format!("events cannot be read: {error}")))?;
        let later: Vec<&Map<String, Json>> =
            events.iter().filter(|event| number(event) > Some(after)).filter_map(Json::as_object).collect();
        let text = |event: &Map<String, Json>, name: &str| {
            event.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
        };
        if let Some(event) = later.iter().find(|event| text(event, "status") == "failed") {
            return Err(failed(&text(event, "action"), &text(event, "message")));
        }
        Ok(later.iter().any(|event| matches!(&*text(event, "status"), "scheduled" | "started")))
    }
}

fn number(event: &Json) -> Option<u64> {
    event.get("id")?.as_u64()
}

/// A refusal of work that began.
fn failed(code: &str, message: &str) -> CloudError {
    let reason = match message.to_lowercase().contains("capacity") {
        true => Reason::NoCapacity,
        false => Reason::Other,
    };
    CloudError::Refused(CloudRefusal {
        reason,
        has_begun: true,
        answer: "the event failed".to_owned(),
        code: code.to_owned(),
        message: if message.is_empty() { "Linode gave no reason".to_owned() } else { message.to_owned() },
        correlation: None,
    })
}
