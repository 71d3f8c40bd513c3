//! The answer of `observe`: one line of JSON about a side.

use std::time::Duration;

use serde_json::Value as Json;

/// Characters of an answer that a message shows.
const SHOWN: usize = 120;

/// A side of a replica, as its program reports it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SideAnswer {
    /// True for the side that takes writes.
    pub is_primary: bool,
    /// Age of the newest writes that have not reached it. `None` where the program does not report it.
    pub lag: Option<Duration>,
    /// False for a side that does not do what its role demands.
    pub is_healthy: bool,
    /// A number that grows with each promotion.
    pub timeline: Option<u64>,
}

impl SideAnswer {
    /// True for a standby that may follow this primary: neither reports that they are of different promotions.
    pub(super) fn is_of(&self, primary: &Self) -> bool {
        self.timeline.zip(primary.timeline).is_none_or(|(own, other)| own == other)
    }

    /// The answer in this JSON.
    ///
    /// # Errors
    /// What is missing or wrong in it.
    pub(super) fn read(output: &Json) -> Result<Self, String> {
        let shown = || output.to_string().chars().take(SHOWN).collect::<String>();
        let wrong = |what: &str| format!("`observe` printed {what}: {}", shown());
        let is_primary = match output.get("role").and_then(Json::as_str) {
            Some("primary") => true,
            Some("standby") => false,
            _ => return Err(wrong("no `role` that is `primary` or `standby`")),
        };
        let is_healthy = output.get("healthy").and_then(Json::as_bool).ok_or_else(|| wrong("no `healthy`"))?;
        let lag = match output.get("lag_seconds").filter(|lag| !lag.is_null()) {
            Some(lag) => {
                let seconds = lag.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                Some(seconds.ok_or_else(|| wrong("a `lag_seconds` that is no number of seconds"))?)
            }
            None => None,
        };
        Ok(Self { is_primary, lag, is_healthy, timeline: output.get("timeline").and_then(Json::as_u64) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answer_is_read_and_a_wrong_one_is_named() {
        let output =
            json!({ "role": "standby", "lag_seconds": 1.5, "healthy": true, "timeline": 3, "more": "kept out" });
        let read = SideAnswer::read(&output).unwrap();
        assert_eq!((read.is_primary, read.lag, read.timeline), (false, Some(Duration::from_millis(1500)), Some(3)));
        for (wrong, word) in [
            (json!({ "healthy": true }), "`role`"),
            (json!({ "role": "master", "healthy": true }), "`role`"),
            (json!({ "role": "primary" }), "`healthy`"),
            (json!({ "role": "standby", "healthy": true, "lag_seconds": "1s" }), "`lag_seconds`"),
            (json!({ "role": "standby", "healthy": true, "lag_seconds": -1 }), "`lag_seconds`"),
            (json!([1]), "`role`"),
        ] {
            let why = SideAnswer::read(&wrong).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }
}
