//! Signatures of keys whose secrets the simulator knows: those that it gives itself, and that of the account's user. A
//! request that was changed after it was signed is refused. Of any other key only the form of a signature is checked.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The key of the account's user, and its secret.
const USER: (&str, &str) = ("AKIAEMBEDDED00000000", "embedded");
/// Beginning of the ids of temporary keys.
pub(super) const TEMPORARY: &str = "ASIA";

/// The secret of a temporary key.
pub(super) fn temporary_secret(digits: &str) -> String {
    BASE64_STANDARD.encode(format!("simulated {digits}"))
}

/// The secret of a key; `None` for one that the simulator does not know.
pub(super) fn secret(key: &str) -> Option<String> {
    match key.strip_prefix(TEMPORARY) {
        Some(digits) => Some(temporary_secret(digits)),
        None => (key == USER.0).then(|| USER.1.to_owned()),
    }
}
