//! Waits in the seconds of a client, for a world whose time passes faster.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::Response;

/// Converts `Retry-After` to the client's seconds. The state is the number of simulated seconds per real second.
pub(super) async fn convert_retry_after(State(speed): State<u32>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(seconds) = said {
        let theirs = seconds.div_ceil(u64::from(speed.max(1)));
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(theirs));
    }
    answer
}
