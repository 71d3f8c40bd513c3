//! The request limits of a user (source: Linode's rate limits): 200 reads of lists in a minute, 1600 other requests.

use jiff::SignedDuration;

use super::answers::Refused;
use super::state::LinodeState;
use crate::simulator::request::Request;
use crate::simulator::world::World;

/// Reads of lists in a period.
const LISTS: u64 = 200;
/// Other requests in a period.
const OTHERS: u64 = 1600;
/// Seconds of a period.
const PERIOD: i64 = 60;

/// Counts a request.
///
/// # Errors
/// 429 where the limit of the period is reached.
pub(super) fn admit(world: &mut World, request: &Request) -> Result<(), Refused> {
    let (now, unthrottled) = (world.now, world.rest.faults.unthrottled());
    let is_object = request.path.rsplit('/').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let is_list = request.verb.reads() && !is_object;
    let state: &mut LinodeState = world.parts.get_mut();
    let (asked, most) = match is_list {
        true => (&mut state.lists, LISTS),
        false => (&mut state.others, OTHERS),
    };
    let (since, count) = match *asked {
        Some((since, count)) if now < since + SignedDuration::from_secs(PERIOD) => (since, count + 1),
        _ => (now, 1),
    };
    *asked = Some((since, count));
    if count <= most || unthrottled {
        return Ok(());
    }
    let left = PERIOD - now.duration_since(since).as_secs();
    Err(Refused::new(429, "Too many requests").retry_after(u64::try_from(left).unwrap_or(1).max(1)))
}
