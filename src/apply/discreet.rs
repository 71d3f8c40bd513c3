//! Reasons of failures without secrets. A service may repeat parts of a request in its error, and reasons are kept in
//! journals and reports.

use serde_json::Value as Json;

use super::Worker;
use crate::value::{Map, Value};
use crate::visible::one_line;

/// The shortest text that is looked for within words: a shorter one would be found by chance everywhere.
const WITHIN_WORDS: usize = 4;
/// The message that replaces one with a secret. Cut out of a sentence, a secret would still be told by what remains.
const HIDDEN: &str = "the message is hidden, because it repeats a sensitive value";

impl Worker<'_> {
    /// A reason as it may be kept: with its code and its status, but without a message that repeats a sensitive value
    /// of the stack or a secret that the cloud has returned.
    pub(super) fn discreet(&self, why: String) -> String {
        let mut secrets = Vec::new();
        {
            let known = self.knowledge();
            let resources = self.stack.resources.values().map(|resource| &resource.args);
            let maps: Vec<&Map> = resources.chain(known.args.values()).chain(known.attributes.values()).collect();
            maps.iter().flat_map(|map| map.values()).for_each(|value| collect(value, &mut secrets));
        }
        self.stack.variables.values().for_each(|variable| collect(&variable.value, &mut secrets));
        discreet(why, &secrets)
    }
}

/// The texts of all sensitive values within a value.
fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Sensitive(inner) => match value.reveal() {
            Ok(json) => texts(&json, into),
            // What is known of it is within.
            Err(_) => within(inner, into),
        },
        Value::List(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Map(map) => map.values().for_each(|value| collect(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Block(_) | Value::Unknown(_) => {}
    }
}

/// The texts of a value all of which is sensitive, as far as it is known.
fn within(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| within(item, into)),
        Value::Map(map) => map.values().for_each(|value| within(value, into)),
        known => texts(&known.reveal().unwrap_or_default(), into),
    }
}

fn texts(json: &Json, into: &mut Vec<String>) {
    match json {
        Json::String(text) => {
            // A service may repeat the text as it was sent, and a message is on one line.
            let sent = json.to_string();
            let sent = sent.get(1..sent.len() - 1).map(str::to_owned);
            into.extend([Some(text.clone()), Some(one_line(text)), sent].into_iter().flatten());
        }
        Json::Number(number) => into.push(number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Json::Object(fields) => fields.values().for_each(|value| texts(value, into)),
        Json::Null | Json::Bool(_) => {}
    }
}

fn discreet(why: String, secrets: &[String]) -> String {
    let folded = why.to_lowercase();
    let repeats = |text: &str| secrets.iter().any(|secret| contains(text, &secret.to_lowercase()));
    if !repeats(&folded) {
        return why;
    }
    let code = why.split_once(": ").map(|(code, _)| code).filter(|code| !code.contains(' '));
    let status = why.rsplit_once(" (HTTP ").map(|(_, status)| format!(" (HTTP {status}"));
    let code = code.filter(|code| !repeats(&code.to_lowercase())).map(|code| format!("{code}: ")).unwrap_or_default();
    let status = status.filter(|status| status.ends_with(')') && !repeats(&status.to_lowercase())).unwrap_or_default();
    format!("{code}{HIDDEN}{status}")
}

fn contains(text: &str, secret: &str) -> bool {
    // A message that was cut may end within a secret.
    let parts = || secret.char_indices().skip(WITHIN_WORDS).filter_map(|(end, _)| secret.get(..end));
    let ends_within = |cut: &str| parts().take_while(|part| part.len() <= cut.len()).any(|part| cut.ends_with(part));
    if text.match_indices('…').filter_map(|(end, _)| text.get(..end)).any(ends_within) {
        return true;
    }
    match secret.chars().count() {
        0 => false,
        few if few < WITHIN_WORDS => text.split(|c: char| !c.is_alphanumeric()).any(|word| word == secret),
        _ => text.contains(secret),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn without(why: &str, secrets: &[Json]) -> String {
        let mut texts = Vec::new();
        secrets.iter().for_each(|secret| collect(&Value::from_json(secret).sensitive(), &mut texts));
        discreet(why.to_owned(), &texts)
    }

    #[test]
    fn message_with_a_secret_is_replaced_as_a_whole() {
        let why = "PasswordTooWeak: the value 'hunter-42' of 'adminPassword' is weak (HTTP 400, correlation 7)";
        let hidden = format!("PasswordTooWeak: {HIDDEN} (HTTP 400, correlation 7)");
        assert_eq!(without(why, &[json!("hunter-42")]), hidden);
        assert_eq!(without(why, &[json!({ "inner": ["HUNTER-42"] })]), hidden);
        assert_eq!(without(why, &[json!("hunter-43"), json!(4), json!("")]), why);
        assert_eq!(without("Bad: {\"a\":\"x\\\"y\\\\z\"}", &[json!("x\"y\\z")]), format!("Bad: {HIDDEN}"));
        assert_eq!(without("the region 42 is full", &[json!(42)]), HIDDEN);
        assert_eq!(without("Bad: it was hunter…", &[json!("hunter-42")]), format!("Bad: {HIDDEN}"));
        assert_eq!(without("hunter-42: so it is (HTTP hunter-42)", &[json!("hunter-42")]), HIDDEN);
    }
}
