//! `http`: a request, repeated where the method may be.

use std::time::Duration;

use super::ActionRun;
use super::arguments::{body_text, is_secret, pairs, span, text};
use crate::apply::StepError;
use crate::apply::details::say;
use crate::apply::probe::{HIDDEN_URL, ProbeRequest, not_simulated, shown};
use crate::value::Value;
use crate::world::{WebAnswer, WebRequest};

/// The time limit for an answer where the step sets none.
const REQUEST: Duration = Duration::from_secs(60);

/// Sends the request until the answer is the expected one; once, where a second request might act a second time.
pub(super) async fn carry_out(ActionRun { worker, args, tell, .. }: ActionRun<'_>) -> Result<(), StepError> {
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
        address: None,
        marker: None,
        hoped: status,
        within,
        method,
    };
    let shown = shown(url);
    if matches!(request.method.as_str(), "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS") {
        return worker.ask(ProbeRequest { request, shown: &shown, within, marker: None }, tell).await;
    }
    // A second request might act a second time.
    let what = format!("{} {shown}", request.method);
    match worker.ports.web.fetch(&request).await {
        Ok(WebAnswer::NotSimulated) => {
            tell.learnt(not_simulated(&request.method, &shown));
            Ok(())
        }
        Ok(WebAnswer::Status(answer) | WebAnswer::Marked(answer, _)) if answer == status => {
            say(tell, format!("{what} answered {answer}"));
            Ok(())
        }
        Ok(WebAnswer::Status(answer) | WebAnswer::Marked(answer, _)) => {
            Err(StepError::Failed(format!("{what} answered {answer}, not {status}")))
        }
        Err(_) if shown == HIDDEN_URL => Err(StepError::Unknown(format!(
            "{what} was sent and not answered; the reason is hidden, because the URL is sensitive"
        ))),
        Err(why) => Err(StepError::Unknown(format!("{what} was sent and not answered: {why}"))),
    }
}
