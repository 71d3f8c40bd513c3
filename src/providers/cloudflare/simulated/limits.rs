//! The request limit of a token (source: Cloudflare's documentation of API limits: 1,200 requests in five minutes, and
//! beyond that every request is refused for the next five).

use jiff::SignedDuration;

use super::answers::Refused;
use super::state::CloudflareState;
use crate::simulator::request::Response;
use crate::simulator::world::World;

/// Requests of a period.
const REQUESTS: u64 = 1200;
/// Seconds of a period.
const PERIOD: i64 = 300;

/// Counts a request.
///
/// # Errors
/// 429 where the limit of the period is reached.
pub(super) fn admit(world: &mut World) -> Result<(), Refused> {
    let (now, unthrottled) = (world.now, world.rest.faults.unthrottled());
    let state: &mut CloudflareState = world.parts.get_mut();
    let (since, count) = match state.asked {
        Some((since, count)) if now < since + SignedDuration::from_secs(PERIOD) => (since, count + 1),
        _ => (now, 1),
    };
    if count <= REQUESTS || unthrottled {
        state.asked = Some((since, count));
        return Ok(());
    }
    // The first refused request begins the time of refusal; the next ones do not extend it.
    let since = if count == REQUESTS + 1 { now } else { since };
    state.asked = Some((since, count));
    let left = PERIOD - now.duration_since(since).as_secs();
    let refused = Refused::new(429, 971, "Please wait and consider throttling your request speed");
    Err(refused.retry_after(u64::try_from(left).unwrap_or(1).max(1)))
}

/// Adds the headers of the limit.
pub(super) fn sign(world: &World, response: Response) -> Response {
    let state: &CloudflareState = world.parts.get();
    let (since, count) = state.asked.unwrap_or((world.now, 0));
    let left = (PERIOD - world.now.duration_since(since).as_secs()).max(0);
    let rest = REQUESTS.saturating_sub(count);
    response
        .with("ratelimit", format!("\"default\";r={rest};t={left}"))
        .with("ratelimit-policy", format!("\"default\";q={REQUESTS};w={PERIOD}"))
}
