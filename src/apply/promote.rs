//! Moving data: promoting a side of a replica, waiting until the other follows, and bringing back what a forced promotion broke.
//!
//! Nothing is assumed: a role has moved once a look says so. What was asked for is not asked for again before it is seen that it was not done.

use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;

use super::around::look;
use super::tasks::say;
use super::{Stopped, Worker};
use crate::duration::spoken;
use crate::kinds::{Call, Health, How, Look, Method, Promotion, Reprotect, Seen, Side, Sight, Span, Standing};
use crate::run::Tell;
use crate::stack::Resource;
use crate::steps::{Learnt, Step};
use crate::world::CloudError;

/// The time between two looks; the longest between two while a side catches up.
const LOOK: Duration = Duration::from_secs(5);
const LONGEST_LOOK: Duration = Duration::from_secs(60);
/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How long it may take until what was done is seen.
const SETTLES: Duration = Duration::from_secs(300);
/// How often a request is made again that was refused for a reason which may pass, and how often one whose outcome could not be seen.
const TRIES: u32 = 4;
const UNCLEAR: u32 = 2;
/// How long is only looked, where another operation is in the way, before it is asked for again: each time that it is, the operation may have ended
/// since the last look.
const BUSY: Duration = Duration::from_secs(60);
/// The longest that is waited for a side to catch up, and for one that does not follow to begin to.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);
const HOPELESS: Duration = Duration::from_secs(30 * 60);

/// What was asked for, and until when it may still be on its way.
struct Asked {
    call: Call,
    until: Timestamp,
}

impl Worker<'_> {
    /// Makes a side take writes.
    pub(super) async fn promote(
        &self,
        resource: &Resource,
        (to, how): (Side, How),
        accepted: Option<Duration>,
        tell: &Tell,
    ) -> Result<(), Stopped> {
        let promotion = promotion_of(resource)?;
        let span = match how {
            How::Planned => promotion.planned,
            How::Forced => promotion.forced,
        };
        let mut asked: Option<Asked> = None;
        let (mut refused, mut asked_for) = (0, 0);
        let mut busy: Option<Timestamp> = None;
        loop {
            let (seen, standing) = self.stand(resource, promotion).await;
            if standing.writer == Some(to) {
                say(tell, format!("{} takes writes", self.side(resource, promotion, to)));
                return Ok(());
            }
            let waits = asked.as_ref().is_some_and(|asked| self.ports.clock.now() < asked.until);
            let call = match self.with_known(resource, |subject| (promotion.promote)(subject, &seen, to, how)) {
                Ok(call) if waits && asked.as_ref().is_some_and(|asked| asked.call == call) => None,
                Ok(call) => Some(call),
                Err(_) if waits => None,
                Err(why) => return Err(Stopped::Failed(why)),
            };
            let Some(call) = call else {
                self.ports.clock.sleep(LOOK).await;
                continue;
            };
            if how == How::Forced && asked.is_none() {
                measure(&standing, accepted, tell)?;
            }
            if asked_for > TRIES + UNCLEAR {
                return Err(Stopped::Unknown(
                    "it was asked for several times, and no look shows that it was done".to_owned(),
                ));
            }
            match self.send(&call).await {
                Ok(()) => {
                    say(tell, asked_in_words(&call));
                    asked = Some(Asked { call, until: self.ports.clock.now() + SETTLES });
                }
                Err(CloudError::OutcomeUnknown(why)) if asked_for < UNCLEAR => {
                    say(tell, format!("{}, and what came of it is not known: {why}", asked_in_words(&call)));
                    asked = Some(Asked { call, until: self.ports.clock.now() + longest(span) });
                }
                Err(CloudError::OutcomeUnknown(why)) => return Err(Stopped::Unknown(why)),
                // What is under way may be what was asked for: by a run that was cut off, or by a request that arrived twice. Looks will tell.
                Err(CloudError::Refused(why)) if why.is_busy() => {
                    let now = self.ports.clock.now();
                    if busy.is_none() {
                        say(tell, format!("another operation is under way, and its end is waited for: {why}"));
                    }
                    if self.since(*busy.get_or_insert(now)) > longest(span) {
                        return Err(Stopped::Unknown(format!(
                            "another operation has been in the way for too long: {why}"
                        )));
                    }
                    asked = Some(Asked { call, until: now + BUSY });
                    continue;
                }
                Err(why) if may_pass(&why) && refused < TRIES => {
                    refused += 1;
                    say(tell, format!("refused, and tried again: {why}"));
                    self.ports.clock.sleep(LOOK * 2_u32.pow(refused)).await;
                }
                // What a run that was cut off had asked for may have been on its way: then this is refused because it is done.
                Err(why) => match self.stand(resource, promotion).await.1.writer {
                    Some(writer) if writer == to => {}
                    _ => return Err(why.into()),
                },
            }
            asked_for += 1;
        }
    }

    /// Waits until the side that does not take writes follows.
    pub(super) async fn catch_up(&self, resource: &Resource, tell: &Tell) -> Result<(), Stopped> {
        let promotion = promotion_of(resource)?;
        let (began, mut pause) = (self.ports.clock.now(), LOOK);
        let mut told = None;
        loop {
            let (_, standing) = self.stand(resource, promotion).await;
            let (words, patience) = match &standing.health {
                Health::Following => {
                    let behind = standing.lag.map(|lag| format!(", {} behind", spoken(lag))).unwrap_or_default();
                    say(tell, format!("it follows{behind}"));
                    return Ok(());
                }
                Health::Behind(how) => (format!("it {how}"), PATIENCE),
                Health::Broken(how) => (format!("it {how}"), HOPELESS),
                Health::Unseen(why) => (format!("its copy cannot be looked at: {why}"), HOPELESS),
            };
            if self.since(began) > patience {
                return Err(Stopped::Failed(format!("after {}: {words}", spoken(patience))));
            }
            if told.as_ref() != Some(&words) {
                say(tell, words.clone());
                told = Some(words);
            }
            self.pause(pause).await?;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// Asks for what brings replication back, once it is broken.
    pub(super) async fn reprotect(&self, step: &Step, resource: &Resource, tell: &Tell) -> Result<(), Stopped> {
        let promotion = promotion_of(resource)?;
        let began = self.ports.clock.now();
        let mut asked: Option<Call> = None;
        loop {
            let (seen, _) = self.stand(resource, promotion).await;
            let call = match self.with_known(resource, |subject| (promotion.reprotect)(subject, &seen)) {
                Reprotect::Nothing => return Ok(()),
                Reprotect::Itself(words) => {
                    say(tell, words);
                    return Ok(());
                }
                Reprotect::Vendor(words) => return self.answered(step, words, tell),
                Reprotect::Ask(call, words) => {
                    if asked.is_none() {
                        say(tell, words);
                    }
                    call
                }
            };
            if self.since(began) > PATIENCE {
                return Err(Stopped::Unknown("what was asked for is still not seen".to_owned()));
            }
            if asked.as_ref() != Some(&call) {
                match self.send(&call).await {
                    Ok(()) => {}
                    Err(CloudError::OutcomeUnknown(why)) => {
                        say(tell, format!("{}, and what came of it is not known: {why}", asked_in_words(&call)));
                    }
                    // It is looked at again, and asked for if it is still needed then.
                    Err(CloudError::Refused(why)) if why.is_busy() => {
                        self.pause(LOOK).await?;
                        continue;
                    }
                    Err(why) => return Err(why.into()),
                }
                asked = Some(call);
            }
            self.pause(LOOK).await?;
        }
    }

    /// Where a replica stands now. At the region that is given up nothing is looked at.
    pub(super) async fn stand(&self, resource: &Resource, promotion: &Promotion) -> (Seen, Standing) {
        let lost = self.errand.as_ref().and_then(|errand| errand.lost.as_deref());
        let looks = self.with_known(resource, promotion.looks);
        let given_up = |region: &String| lost.is_some_and(|lost| region.eq_ignore_ascii_case(lost));
        let one = |wanted: &'_ Look| {
            let given_up = wanted.region.as_ref().is_some_and(given_up);
            let wanted = wanted.clone();
            async move {
                match given_up {
                    true => Sight::Unseen("it is at the site that is given up".to_owned()),
                    false => look(self.ports.cloud, self.ports.clock, LIMIT, &wanted).await,
                }
            }
        };
        let sights = join_all(looks.iter().map(one)).await;
        let mut seen = Seen::at(self.ports.clock.now());
        looks.iter().zip(sights).for_each(|(look, sight)| seen.keep(look, sight));
        let standing = self.with_known(resource, |subject| (promotion.standing)(subject, &seen));
        (seen, standing)
    }

    async fn send(&self, call: &Call) -> Result<(), CloudError> {
        let cloud = self.ports.cloud;
        match call.method {
            Method::Post(action, query) => {
                cloud.post(&call.id, call.api, action, query, call.body.as_ref()).await.map(drop)
            }
            Method::Patch => {
                cloud.patch(&call.id, call.api, call.body.as_ref().unwrap_or(&serde_json::json!({}))).await.map(drop)
            }
        }
    }

    /// A side in words: where it is.
    fn side(&self, resource: &Resource, promotion: &Promotion, side: Side) -> String {
        let word = match side {
            Side::Source => "the source",
            Side::Target => "the target",
        };
        let looks = self.with_known(resource, promotion.looks);
        match looks.into_iter().find(|look| look.side == Some(side)).and_then(|look| look.region) {
            Some(region) => format!("{word} at {region}"),
            None => word.to_owned(),
        }
    }
}

/// How the kind of a resource moves data.
pub(super) fn promotion_of(resource: &Resource) -> Result<&'static Promotion, Stopped> {
    let none = || Stopped::Failed(format!("{} is no replica that can be promoted", resource.address));
    resource.kind.promotion.ok_or_else(none)
}

/// Measures what a forced promotion will lose, right before it, and holds it against what was accepted.
fn measure(standing: &Standing, accepted: Option<Duration>, tell: &Tell) -> Result<(), Stopped> {
    let most = accepted.unwrap_or_default();
    match standing.lag {
        Some(lag) => {
            // A part of a second more than what is said would be more than was announced.
            let said = Duration::from_secs(lag.as_secs() + u64::from(lag.subsec_nanos() > 0));
            let what = format!("what was written in the last {} has not arrived and will be lost", spoken(said));
            tell.learnt(Learnt { loss: Some(lag.as_secs_f64()), ..Learnt::said(what) });
            if lag <= most {
                return Ok(());
            }
            Err(Stopped::Failed(format!(
                "nothing was asked for: the writes of the last {} would be lost, and {} was accepted",
                spoken(said),
                accepted.map_or_else(|| "no loss".to_owned(), |most| format!("a loss of {}", spoken(most)))
            )))
        }
        None if accepted.is_some() => {
            say(tell, "nobody says how much has not arrived; what was accepted stands");
            Ok(())
        }
        None => Err(Stopped::Failed(
            "nothing was asked for: nobody says how much would be lost, and no loss was accepted".to_owned(),
        )),
    }
}

/// Whether a request that was refused may be taken a little later.
fn may_pass(error: &CloudError) -> bool {
    match error {
        CloudError::Refused(refused) => !matches!(refused.status, 400 | 401 | 403 | 404 | 405 | 422),
        CloudError::Unreachable(_) => true,
        CloudError::OutcomeUnknown(_) => false,
    }
}

fn asked_in_words(call: &Call) -> String {
    match call.method {
        Method::Post(action, _) => format!("asked {} for {action}", call.id),
        Method::Patch => format!("asked {} to change", call.id),
    }
}

/// The longest that something may be on its way whose outcome is not known.
fn longest(span: Span) -> Duration {
    Duration::from_secs(u64::from(span.worst)).max(SETTLES)
}
