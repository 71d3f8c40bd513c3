//! Shared access signatures: what they permit, and the text that they sign. Knows no world; accounts' keys are an
//! argument.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// The operation of a request, as signatures permit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// The letter of the permission.
    pub(super) permission: char,
    /// The letter of the level at which an account's signature permits it: a share (`c`), or what is in one (`o`).
    pub(super) level: char,
}

/// The place that a signature is used for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) account: &'a str,
    pub(super) share: &'a str,
    pub(super) path: &'a str,
}

/// The reason why a signature does not authorise a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is expired, not valid yet, for another place, or wrong.
    Signature,
    /// It does not permit this.
    Permission,
}

/// Checks the signature in a query.
pub(super) fn check(
    query: &BTreeMap<String, String>,
    place: Place<'_>,
    need: Need,
    keys: &[String],
    now: Timestamp,
) -> Result<(), Refused> {
    let text = |name: &str| query.get(name).map_or("", String::as_str);
    let signed = signed_text(query, place).ok_or(Refused::Signature)?;
    let signature = STANDARD.decode(text("sig")).map_err(|_| Refused::Signature)?;
    if !keys.iter().any(|key| verifies(key, &signed, &signature)) {
        return Err(Refused::Signature);
    }
    let starts = time(text("st"), Timestamp::MIN).ok_or(Refused::Signature)?;
    let ends = time(text("se"), Timestamp::MIN).ok_or(Refused::Signature)?;
    if now < starts || now >= ends {
        return Err(Refused::Signature);
    }
    let at_level = !query.contains_key("ss") || (text("ss").contains('f') && text("srt").contains(need.level));
    if at_level && text("sp").contains(need.permission) { Ok(()) } else { Err(Refused::Permission) }
}

/// The text that a signature for files signs: of an account with `ss`, of the service for a share or a file with `sr`.
/// `None` for any other, such as one that a delegation key signs.
pub(super) fn signed_text(query: &BTreeMap<String, String>, place: Place<'_>) -> Option<String> {
    let of = |name: &str| query.get(name).cloned().unwrap_or_default();
    let Place { account, share, path } = place;
    if query.contains_key("ss") {
        let names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv", "ses"];
        return Some([account.to_owned()].into_iter().chain(names.map(of)).map(|line| line + "\n").collect());
    }
    let place = match query.get("sr").map(String::as_str)? {
        "s" => format!("/file/{account}/{share}"),
        "f" => format!("/file/{account}/{share}/{path}"),
        _ => return None,
    };
    if query.contains_key("skoid") {
        return None;
    }
    let after = ["si", "sip", "spr", "sv", "rscc", "rscd", "rsce", "rscl", "rsct"].map(of);
    let lines: Vec<String> = ["sp", "st", "se"].map(of).into_iter().chain([place]).chain(after).collect();
    Some(lines.join("\n"))
}

fn verifies(key: &str, text: &str, signature: &[u8]) -> bool {
    let Ok(key) = STANDARD.decode(key) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    mac.update(text.as_bytes());
    mac.verify_slice(signature).is_ok()
}

/// A time in one of the forms that signatures may have; `absent` for an empty text.
fn time(text: &str, absent: Timestamp) -> Option<Timestamp> {
    match text.len() {
        0 => Some(absent),
        10 => format!("{text}T00:00:00Z").parse().ok(),
        17 => format!("{}:00Z", text.trim_end_matches('Z')).parse().ok(),
        _ => text.parse().ok(),
    }
}
