//! Keys with their end.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::wire::sigv4::Keys;

/// Time before their end in which keys are found again.
const EARLY: Duration = Duration::from_secs(300);

/// Keys, and their end where they have one.
#[derive(Debug)]
pub(in super::super) struct Session {
    pub(super) keys: Keys,
    ends: Option<Timestamp>,
}

impl Session {
    /// Keys without an end that is known.
    pub(super) const fn lasting(keys: Keys) -> Self {
        Self { keys, ends: None }
    }

    /// True for keys that are valid for a while.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| ends > now + EARLY)
    }

    /// The session of an object with the names that programs, containers and STS use.
    ///
    /// # Errors
    /// The name that is missing.
    pub(super) fn read(object: &Json) -> Result<Self, String> {
        let text = |name: &str| object.get(name).and_then(Json::as_str).map(str::trim).filter(|text| !text.is_empty());
        let needed = |name: &str| text(name).map(str::to_owned).ok_or_else(|| format!("the answer has no {name}"));
        let token = text("SessionToken").or_else(|| text("Token")).map(str::to_owned);
        let keys = Keys { id: needed("AccessKeyId")?, secret: needed("SecretAccessKey")?, token };
        let ends = match text("Expiration") {
            None => None,
            Some(time) => Some(time.parse().map_err(|_| format!("its end `{time}` is no time"))?),
        };
        Ok(Self { keys, ends })
    }
}
